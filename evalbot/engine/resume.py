"""Resuming: rows of an earlier run that are still the answer to what is planned now, so that nothing is paid for twice."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace

from evalbot.domain.ports import Comparing
from evalbot.domain.runs import Row, Task
from evalbot.domain.scores import ScoreStatus
from evalbot.engine.rows import from_line
from evalbot.engine.scoring import SuiteMetrics


class Earlier:
    """Rows by what they answer: the task, the whole request and everything that graded it.

    Args:
        lines: Lines of an earlier `results.jsonl`; what is torn, unscored or not of this version is passed over.
        suites: The metrics that grade now, by suite.
    """

    def __init__(self, lines: Iterable[str], suites: Mapping[str, SuiteMetrics]) -> None:
        self._graded_by = {name: suite.identity for name, suite in suites.items()}
        # What compares is asked for again by itself: a comparison that is missing makes no answer incomplete.
        compares = {(name, key) for name, suite in suites.items() for key, metric in suite.metrics.items() if isinstance(metric, Comparing)}
        self._rows: dict[tuple[object, ...], Row] = {}
        for line in lines:
            row = _complete(line, compares)
            if row is not None:
                self._rows[_answer(row)] = row

    def split(self, tasks: Sequence[Task]) -> tuple[list[Row], list[Task]]:
        """The rows that are there already, marked as cached, and the tasks that remain."""
        found: list[Row] = []
        left: list[Task] = []
        for task in tasks:
            row = self._rows.get(_question(task, self._graded_by.get(task.suite, "")))
            if row is None:
                left.append(task)
            else:
                found.append(replace(row, part=task.part, cached=True, shared=False, judge_calls=0, judge_usd=0.0, retried=0))
        return found, left


def _complete(line: str, compares: Collection[tuple[str, str]]) -> Row | None:
    """The row of a line that says whether its example passes; everything less is measured again."""
    try:
        row = from_line(line)
    except ValueError:
        return None
    broken = any(
        score.status is ScoreStatus.UNSCORED for name, score in row.scores.items() if (row.suite, name) not in compares
    )
    return None if row.passed is None or row.error is not None or broken else row


def _answer(row: Row) -> tuple[object, ...]:
    return (
        row.suite, row.prompt, row.side, row.example, row.example_hash, row.epoch, row.confirmation, row.request_hash,
        row.graded_by,
    )  # fmt: skip


def _question(task: Task, graded_by: str) -> tuple[object, ...]:
    return (*task.key, task.request.hash, graded_by)
