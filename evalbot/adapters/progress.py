"""Progress for whoever waits: a bar on a terminal, a line now and then in a log, nothing when asked to be quiet."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

from evalbot.domain.ports import Progress

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

SECONDS_BETWEEN_LINES = 10.0


def progress(quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """What fits the stream (default: standard error): a bar on a terminal, else lines; silence when `quiet`."""
    stream = stream or sys.stderr
    if quiet:
        return SilentProgress()
    return BarProgress(stream) if stream.isatty() else LineProgress(stream)


class SilentProgress:
    """Says nothing."""

    def note(self, line: str) -> None:
        """Nothing is said."""

    def start(self, total: int, what: str) -> None:
        """Nothing is said."""

    def advance(self, cost_usd: float | None = None) -> None:
        """Nothing is said."""

    def finish(self) -> None:
        """Nothing is said."""


class LineProgress:
    """A plain line at the start, at most one every ten seconds, and one at the end: "60 of 104 answers, $0.42, 31 s".

    Args:
        stream: Where the lines go. One that is closed or broken ends the lines and not the run.
        clock: Seconds, monotonic.
    """

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream, self._clock = stream, clock
        self._total, self._what = 0, ""
        self._done, self._usd = 0, 0.0
        self._started = self._said = 0.0

    def note(self, line: str) -> None:
        """A line that stays."""
        self._say(line)

    def start(self, total: int, what: str) -> None:
        """`total` steps of `what` begin."""
        self._total, self._what, self._done, self._usd = total, what, 0, 0.0
        self._started = self._said = self._clock()
        if total:
            self._say(f"{total:,} {what} to go")

    def advance(self, cost_usd: float | None = None) -> None:
        """One step is done."""
        self._done += 1
        self._usd += cost_usd or 0.0
        now = self._clock()
        if now - self._said >= SECONDS_BETWEEN_LINES:
            self._said = now
            self._say(self._line(now))

    def finish(self) -> None:
        """The work has ended, well or not."""
        if self._total:
            self._say(self._line(self._clock()))

    def _line(self, now: float) -> str:
        money = f", ${self._usd:.2f}" if self._usd else ""
        return f"{self._done:,} of {self._total:,} {self._what}{money}, {now - self._started:.0f} s"

    def _say(self, line: str) -> None:
        try:
            print(f"evalbot: {line}", file=self._stream, flush=True)
        except (OSError, ValueError):
            self._total = 0  # nobody listens any more, and that is no reason to fail
            self._said = float("inf")


class BarProgress:
    """A bar with the count, the money spent and the time left, redrawn in place and gone when the work has ended.

    Args:
        stream: A terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._usd = 0.0

    def note(self, line: str) -> None:
        """A line that stays, above the bar."""
        LineProgress(self._stream).note(line)

    def start(self, total: int, what: str) -> None:
        """`total` steps of `what` begin."""
        if not total:
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._usd = 0.0
        self._bar = Bar(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[spent]}"),
            TimeElapsedColumn(), TimeRemainingColumn(), console=Console(file=self._stream), transient=True,
            redirect_stdout=False,
        )  # fmt: skip
        self._task = self._bar.add_task(what, total=total, spent="")
        self._bar.start()

    def advance(self, cost_usd: float | None = None) -> None:
        """One step is done."""
        if self._bar is not None and self._task is not None:
            self._usd += cost_usd or 0.0
            self._bar.update(self._task, advance=1, spent=f"${self._usd:.2f}" if self._usd else "")

    def finish(self) -> None:
        """The work has ended, well or not."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
