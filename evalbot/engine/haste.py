"""Haste: whether the rows that are left would still end in time, so that judges are asked less often before examples go missing."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from evalbot.domain.examples import Partition
from evalbot.domain.runs import Row, Task

_KNOWN_ROWS = 10  # fewer tell nothing of the speed


class Haste:
    """Watches the speed of a run.

    Args:
        clock: Seconds; deadlines are read against it.
        golden_deadline: When the first answers to golden examples must be measured.
        total_deadline: When everything must be.
    """

    def __init__(self, clock: Callable[[], float], golden_deadline: float, total_deadline: float) -> None:
        self._clock = clock
        self._deadlines = {True: min(golden_deadline, total_deadline), False: total_deadline}
        self._left = {True: 0, False: 0}
        self._started, self._done = clock(), 0
        self.spared = 0

    def begin(self, tasks: Iterable[Task]) -> None:
        """These are to be measured from now on."""
        self._started, self._done = self._clock(), 0
        self._left = {True: 0, False: 0}
        for task in tasks:
            self._left[_golden(task)] += 1

    def done(self, task: Task, row: Row) -> None:
        """One is; what was known already says nothing of the speed."""
        self._left[_golden(task)] -= 1
        self._done += not row.cached

    def samples(self, task: Task, wanted: int) -> int:
        """How often a judge is asked about one answer: once where there is no time for more."""
        if wanted <= 1 or not self._short(_golden(task)):
            return wanted
        self.spared += wanted - 1
        return 1

    def _short(self, golden: bool) -> bool:
        """Whether what has the same deadline, and all that goes before it, takes longer than is left at the speed so far."""
        if self._done < _KNOWN_ROWS:
            return False
        now = self._clock()
        rows = self._left[True] + (0 if golden else self._left[False])
        return rows * (now - self._started) / self._done > self._deadlines[golden] - now


def _golden(task: Task) -> bool:
    return task.example.partition is Partition.GOLDEN and not task.confirmation
