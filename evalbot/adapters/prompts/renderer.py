"""The worker's other end: hands it jobs, waits no longer than agreed, and starts another when one is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evalbot.adapters.git_process import stop
from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun

BASE_SECONDS, ROW_SECONDS = 5.0, 0.01
MOST_CHARS = 1_000_000
_MOST_JOB_BYTES = 256 * 1024 * 1024
_GRACE_SECONDS = 5.0
_START = "import sys; sys.path += sys.argv[1:]; from evalbot.adapters.prompts.worker import serve; serve()"


@dataclass(frozen=True, slots=True)
class Failed:
    """A row that could not be rendered; `name` and `line` (0: unknown) are the template's."""

    reason: str
    name: str = ""
    line: int = 0


Rendered = tuple[str, ...] | Failed


class Worker:
    """One process that renders for all prompts, started when first needed and ended with this value."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Worker] | None = None

    def render(
        self, sources: Mapping[str, str], templates: Sequence[str], rows: Sequence[Mapping[str, Json]], *,
        base_seconds: float = BASE_SECONDS,
    ) -> list[Rendered]:  # fmt: skip
        """The texts of `templates` for each row, or why there are none.

        Args:
            sources: Name → template, of all that may be included.
            templates: Names to render for each row.
            rows: Variables, plain JSON.
            base_seconds: Time for all rows together, beside a hundredth of a second for each.

        Raises:
            CouldNotRun: The worker cannot be started or does not answer as agreed.
        """
        if not rows:
            return []
        seconds = base_seconds + ROW_SECONDS * len(rows)
        job = {
            "sources": dict(sources), "templates": list(templates), "rows": list(rows), "seconds": seconds, "most_chars": MOST_CHARS,
        }  # fmt: skip
        with self._lock:
            lines, why = self._answers(json.dumps(job).encode(), seconds)
        answers = {line["row"]: _rendered(line) for line in lines}
        return [answers.get(index, Failed(why)) for index in range(len(rows))]

    def close(self) -> None:
        """End the process; the next job starts another."""
        with self._lock:
            self._drop()

    def _answers(self, job: bytes, seconds: float) -> tuple[list[dict[str, Any]], str]:
        """The lines that came for single rows, and why there may be fewer of them than rows."""
        process = self._started()
        assert process.stdin is not None  # noqa: S101 - opened as pipes
        assert process.stdout is not None  # noqa: S101
        done = False
        try:
            process.stdin.write(job + b"\n")
            process.stdin.flush()
            lines, status = _read(process.stdout.fileno(), time.monotonic() + seconds + _GRACE_SECONDS)
            done = status is not None
            return lines, _why(status, seconds)
        except OSError as error:
            raise CouldNotRun(f"the process that renders templates ended: {error.strerror}.") from error
        finally:
            if not done:  # it may still write answers, which must not pass for the next job's
                self._drop()

    def _drop(self) -> None:
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._drop()
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
                [sys.executable, "-I", "-c", _START, *_import_paths()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, cwd="/", env={"LC_ALL": "C.UTF-8"}, start_new_session=True,
            )  # fmt: skip
            self._end = weakref.finalize(self, stop, self._process)
        return self._process


def _read(handle: int, deadline: float) -> tuple[list[dict[str, Any]], int | None]:
    """Lines of JSON up to the one that ends a job, and its status; None where time or the agreed size ran out."""
    lines: list[dict[str, Any]] = []
    rest, size = b"", 0
    while size <= _MOST_JOB_BYTES:
        ready, _, _ = select.select([handle], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            break
        chunk = os.read(handle, 1 << 16)
        if not chunk:
            raise CouldNotRun("the process that renders templates ended before its job did.")
        size += len(chunk)
        *whole, rest = (rest + chunk).split(b"\n")
        for line in filter(None, map(_parsed, whole)):
            if "exit" in line:
                return lines, int(line["exit"])
            lines.append(line)
    return lines, None


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A line's value; None for the torn line of a child that was killed, whose row is then reported as lost."""
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _rendered(line: Mapping[str, Any]) -> Rendered:
    if "texts" in line:
        return tuple(line["texts"])
    return Failed(line["reason"], *line["at"])


def _why(status: int | None, seconds: float) -> str:
    if status in (None, -signal.SIGALRM, -signal.SIGXCPU):
        return f"not rendered: the template took more than {seconds:.3g} s for all its rows."
    if status == 0:
        return "not rendered: the renderer skipped it."
    return f"not rendered: the process that renders templates died (status {status})."


def _import_paths() -> list[str]:
    """Where the worker finds us and Jinja, and nothing else that happens to be importable here."""
    found = (importlib.util.find_spec(name) for name in ("evalbot", "jinja2"))
    return [str(Path(spec.origin).parents[1]) for spec in found if spec is not None and spec.origin is not None]
