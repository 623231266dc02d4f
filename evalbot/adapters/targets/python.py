"""The target `python`: a callable of the repository's own code, in a process of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalbot.adapters.targets import TARGETS, host
from evalbot.adapters.targets.program import ProgramTarget

_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_CALL = re.compile(f"{_NAME}:{_NAME}")


@TARGETS.register("python")
@dataclass(frozen=True, kw_only=True)
class PythonTarget(ProgramTarget):
    """A callable that answers: it is given an example's `input` as a dict and returns text, or an answer as a dict.

    It may be async. A second parameter, where it has one, is the whole question: `input`, `context`, `messages`. It runs in
    a process of its own that serves many questions, confined like a `command`. An exception is a `target_error`.

    Args:
        call: The callable, such as `rag.chain:answer`, looked up from the repository's root.
        interpreter: The Python that has its packages, a name on PATH or an absolute path; evalbot's own where absent.
        files: Globs of the files that it needs; a suite on a cadence runs when one of them changes.
        env: Names of variables that it is given beside PATH, HOME, TMPDIR, LANG, TZ and those of certificates.
        seconds: For one answer, 0.1 to 3,600.
        memory_mb: For it and all that it starts, 16 to 65,536.
        processes: How many run at once, 1 to 256.
        network: `false` lets it open local sockets only.
    """

    call: str
    interpreter: str = ""

    serves = True

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each that begins with the option."""
        yield from super().problems()
        if not _CALL.fullmatch(self.call):
            yield f"call must be `module:callable`, not {self.call!r:.60}"
        if "/" in self.interpreter and not self.interpreter.startswith("/"):
            yield f"interpreter must be a name on PATH or an absolute path, not {self.interpreter!r:.60}"

    @property
    def label(self) -> str:
        """The callable."""
        return self.call[:100]

    @property
    def argv(self) -> Sequence[str]:
        """The host with the callable's name."""
        return (self.interpreter or sys.executable, "-u", host.__file__, self.call)
