"""Resuming: rows of an earlier run that are still the answer to what is planned now, so that nothing is paid for twice."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence

from evalbot.domain.errors import ErrorClass
from evalbot.domain.models import Outcome, Reply
from evalbot.domain.ports import Comparing, StoredLines
from evalbot.domain.runs import Row, Task
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.engine.rows import from_line
from evalbot.engine.scoring import SuiteMetrics
from evalbot.engine.shelf import Shelf


class Earlier:
    """Rows by what they answer: the task, the whole request and everything that graded it.

    Args:
        stored: Each an earlier `results.jsonl`. What is torn or of another version is passed over and counted in `unread`; of what
            could not be scored the grade is asked for again, and the answer too where there was none. Of rows that several
            hold the last one counts.
        suites: The metrics that grade now, by suite.
        as_they_are: The rows are parts of this run: what could not be scored is no reason to ask again, unless it was stopped, and
            none was paid for earlier.
    """

    def __init__(self, stored: Iterable[StoredLines], suites: Mapping[str, SuiteMetrics], *, as_they_are: bool = False) -> None:
        self._graded_by = {name: suite.identity for name, suite in suites.items()}
        # What compares is asked for again by itself: a comparison that is missing makes no answer incomplete.
        compares = {(name, key) for name, suite in suites.items() for key, metric in suite.metrics.items() if isinstance(metric, Comparing)}
        self._rows: dict[tuple[object, ...], Row] = {}
        self._ungraded: dict[tuple[object, ...], Row] = {}
        self._taken: set[tuple[object, ...]] = set()
        self._names: dict[str, set[str]] = defaultdict(set)
        self.unread, self._as_they_are = 0, as_they_are
        for lines in stored:
            shelf = Shelf(lines)
            for place, line in lines:
                try:
                    row = from_line(line)
                except ValueError:
                    self.unread += 1
                    continue
                if _complete(row, compares):
                    self._rows[_answer(row)] = shelf.put(row, place)
                elif as_they_are and not _stopped(row):
                    self._rows.setdefault(_answer(row), shelf.put(row, place))
                elif row.answered and row.output is not None and not row.leaked:
                    self._ungraded[_answer(row)] = shelf.put(row, place)

    @property
    def taken(self) -> int:
        """Rows that were the answer to something planned."""
        return len(self._taken)

    @property
    def ignored(self) -> int:
        """Rows that were not, of another version, configuration or plan, and lines that could not be read."""
        return len(self._rows) - len(self._taken) + self.unread

    def drifted(self, today: Mapping[str, Collection[str]]) -> frozenset[str]:
        """Models that answered under another name in the rows that were used than `today`, by "provider/model"."""
        return frozenset(label for label, names in today.items() if names and self._names.get(label, set()) - set(names))

    def give_back(self, tasks: Iterable[Task]) -> None:
        """The rows for these were not used after all."""
        self._taken -= {_question(task, self._graded_by.get(task.suite, "")) for task in tasks}

    def left(self, tasks: Iterable[Task]) -> list[Task]:
        """The tasks that no row answers."""
        return [task for task in tasks if _question(task, self._graded_by.get(task.suite, "")) not in self._rows]

    def said(self, task: Task) -> tuple[Reply, Mapping[str, Score]] | None:
        """An answer that an earlier run paid for and could not grade, and such grades as there are; given once: a second one is to be fresh."""
        row = self._ungraded.pop(_question(task, self._graded_by.get(task.suite, "")), None)
        if row is None:
            return None
        whole = row.whole
        return _reply(whole), {name: score for name, score in whole.scores.items() if score.status is ScoreStatus.SCORED}

    def split(self, tasks: Sequence[Task]) -> tuple[list[Row], list[Task]]:
        """The rows that are there already, marked as cached, and the tasks that remain."""
        found: list[Row] = []
        left: list[Task] = []
        for task in tasks:
            question = _question(task, self._graded_by.get(task.suite, ""))
            row = self._rows.get(question)
            if row is None:
                left.append(task)
            else:
                self._taken.add(question)
                for label, name in row.answered_by.items():
                    self._names[label].add(name)
                found.append(row.but(part=task.part) if self._as_they_are else _again(row, task))
        return found, left


def _again(row: Row, task: Task) -> Row:
    """The row as this run's: whatever calls it took then are not made now."""
    calls = row.cached_calls + row.judge_calls + (not row.shared and not row.cached)
    return row.but(part=task.part, cached=True, cached_calls=calls, judge_calls=0, judge_usd=0.0, retried=0)


def _reply(row: Row) -> Reply:
    """What the target said in a row."""
    return Reply(
        row.output or "", row.outcome or Outcome.OK, row.usage, latency_ms=row.latency_ms or 0.0, cost_usd=row.cost_usd, context=row.context,
        tool_calls=row.tool_calls, cached=True, earlier=row.earlier,
    )  # fmt: skip


def _complete(row: Row, compares: Collection[tuple[str, str]]) -> bool:
    """Whether the row says if its example passes; everything less is measured again."""
    broken = any(
        score.status is ScoreStatus.UNSCORED for name, score in row.scores.items() if (row.suite, name) not in compares
    )
    return row.passed is not None and row.error is None and not broken


def _stopped(row: Row) -> bool:
    return row.error is ErrorClass.STOPPED or any(score.error is ErrorClass.STOPPED for score in row.scores.values())


def _answer(row: Row) -> tuple[object, ...]:
    return (
        row.suite, row.prompt, row.side, row.example, row.example_hash, row.epoch, row.confirmation, row.request_hash,
        row.graded_by,
    )  # fmt: skip


def _question(task: Task, graded_by: str) -> tuple[object, ...]:
    return (*task.key, task.request.hash, graded_by)
