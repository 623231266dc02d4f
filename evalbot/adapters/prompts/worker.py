"""Renders templates in a process of its own, which holds no keys and which time and memory limits may kill.

It answers one job at a time and forks for each, so that what a template does to its process ends with the job. A job
is a line of JSON: `sources` (name → template), `templates` (names to render for each row), `rows` (variables), `seconds`
and `most_chars`. For each row comes a line {"row", "texts"} or {"row", "reason", "at": [name, line]}, and at the end
{"exit": status}, negative where a signal ended it.
"""

from __future__ import annotations

import json
import math
import os
import re
import resource
import signal
import sys
from pathlib import Path
from traceback import walk_tb
from typing import TYPE_CHECKING, Any

from evalbot.adapters.prompts.plain import missing_variable

if TYPE_CHECKING:
    from jinja2 import Template

_UNDEFINED = re.compile(r"'([^']*)' is undefined$")
MOST_MEMORY_BYTES = 256 * 1024 * 1024


def serve() -> None:
    """Answer jobs from standard input until it ends."""
    from evalbot.adapters.prompts import sandbox  # noqa: F401 - imported once, before the first fork

    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _render(json.loads(line))
        _, status = os.waitpid(child, 0)
        # The child may have died in the middle of a line.
        _say("\n" + json.dumps({"exit": os.waitstatus_to_exitcode(status)}))


def _render(job: dict[str, Any]) -> None:
    try:
        _limit(job["seconds"])
        _rows(job)
        sys.stdout.flush()
    finally:
        os._exit(0)


def _limit(seconds: float) -> None:
    # The default action of SIGALRM ends a process even in the middle of one long computation, as no handler would.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds) + 1,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (_memory_bytes() + MOST_MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file can be written; a pipe is none


def _memory_bytes() -> int:
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except OSError:  # no Linux: the limit is then a rough one
        return 1024 * 1024 * 1024


def _rows(job: dict[str, Any]) -> None:
    from evalbot.adapters.prompts.sandbox import environment

    env = environment(job["sources"].get)
    for index, values in enumerate(job["rows"]):
        try:
            texts = [_text(env.get_template(name), values, job["most_chars"]) for name in job["templates"]]
            answer: dict[str, Any] = {"row": index, "texts": texts}
        except MemoryError:
            answer = {"row": index, "reason": f"the template takes more than {MOST_MEMORY_BYTES // 1024 // 1024} MiB.", "at": []}
        except Exception as error:
            answer = {"row": index, "reason": _reason(error, values), "at": _place(error, job["sources"])}
        _say(json.dumps(answer))


def _text(template: Template, values: dict[str, Any], most_chars: int) -> str:
    pieces: list[str] = []
    size = 0
    for piece in template.generate(values):
        size += len(piece)
        if size > most_chars:
            raise OverflowError(f"the message has more than {most_chars:,} characters.")
        pieces.append(piece)
    return "".join(pieces)


def _reason(error: Exception, values: dict[str, Any]) -> str:
    from jinja2 import TemplateNotFound, UndefinedError
    from jinja2.exceptions import SecurityError

    said = " ".join(str(error).split())[:300]
    if isinstance(error, UndefinedError) and (found := _UNDEFINED.match(said)):
        return missing_variable(found[1], values)
    if isinstance(error, TemplateNotFound):
        return f"it includes what is not there: {said}."
    if isinstance(error, SecurityError):
        return f"the sandbox refuses it: {said}"
    if isinstance(error, RecursionError):
        return "it includes or calls itself without end."
    return said if isinstance(error, UndefinedError | OverflowError) else f"{type(error).__name__}: {said}"


def _place(error: BaseException, sources: dict[str, str]) -> list[str | int]:
    """The template and its line where an error arose, as far as the traceback tells."""
    line = getattr(error, "lineno", None)
    if isinstance(line, int) and getattr(error, "name", None) in sources:
        return [error.name, line]  # type: ignore[attr-defined] # of TemplateSyntaxError
    frames = [(frame.f_code.co_filename, number) for frame, number in walk_tb(error.__traceback__)]
    return next(([name, number] for name, number in reversed(frames) if name in sources), [])


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
