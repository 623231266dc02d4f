"""The target `command`: a program that reads a question as JSON and writes an answer as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from evalbot.adapters.targets import TARGETS
from evalbot.adapters.targets.program import ProgramTarget


@TARGETS.register("command")
@dataclass(frozen=True, kw_only=True)
class CommandTarget(ProgramTarget):
    """A program that answers: the question as one line of JSON on its standard input, the answer as JSON on its standard output.

    It runs in a folder with policy's files, without our secrets, and writes only to `$HOME` and `$TMPDIR`. An exit status
    other than 0, no JSON, too much of it, or no answer in time is a `target_error`; so is memory beyond the limit.

    Args:
        run: The program and its arguments. Nothing goes through a shell.
        serve: Start it once and ask it line by line, an answer on one line each; else it is started for each answer.
        files: Globs of the files that it needs; a suite on a cadence runs when one of them changes.
        env: Names of variables that it is given beside PATH, HOME, TMPDIR, LANG, TZ and those of certificates.
        seconds: For one answer, 0.1 to 3,600.
        memory_mb: For it and all that it starts, 16 to 65,536.
        processes: How many run at once, 1 to 256.
        network: `false` lets it open local sockets only.
    """

    run: tuple[str, ...]
    serve: bool = False

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each that begins with the option."""
        yield from super().problems()
        if not self.run or not self.run[0].strip():
            yield "run must name a program"

    @property
    def label(self) -> str:
        """The command line."""
        return " ".join(self.run)[:100]

    @property
    def argv(self) -> Sequence[str]:
        """The program and its arguments."""
        return self.run

    @property
    def serves(self) -> bool:
        """Whether it answers line after line."""
        return self.serve
