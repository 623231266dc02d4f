"""What a suite brings before the gate: the plan, the rows that came back, and the rules that judge them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example, Partition
from evalbot.domain.judges import JudgeFacts
from evalbot.domain.policy import Gates
from evalbot.domain.runs import ChangedPrompt, ExamChange, Part, Row, Side, Task
from evalbot.domain.scores import ScoreStatus
from evalbot.domain.verdicts import Finding

Cell = tuple[str, Partition]
"""A prompt's id and a partition: one group of rows of the table."""


@dataclass(frozen=True, slots=True)
class MetricFacts:
    """What the gate needs to know of a metric that is tested."""

    scale: tuple[float, float]
    lower_is_better: bool = False
    informs: bool = False  # compared and shown, and blocks nothing


@dataclass(frozen=True)
class Evidence:
    """One suite's case.

    Args:
        tasks: The planned first measurement, both sides; proposed and quarantined rows are not in it.
        rows: What came back, confirmations too, in any order.
        metrics: Facts of every metric named by `gates.scores.metrics`.
        findings: What was found before anything was measured: policy, prompts, exam.
        comparing: Names of the metrics that look at both sides' answers.
        judges: What is known of every metric that asks a model.
        recorded_base: The base side was measured earlier and cannot be asked again: what it said is all that there is.
    """

    suite: str
    gates: Gates
    partitions: tuple[Partition, ...]
    changed: tuple[ChangedPrompt, ...] = ()
    tasks: Sequence[Task] = ()
    rows: Sequence[Row] = ()
    metrics: Mapping[str, MetricFacts] = field(default_factory=dict)
    deciding: frozenset[str] = frozenset()
    exam_changes: tuple[ExamChange, ...] = ()
    findings: tuple[Finding, ...] = ()
    comparing: tuple[str, ...] = ()
    judges: tuple[JudgeFacts, ...] = ()
    recorded_base: bool = False

    @cached_property
    def cells(self) -> Mapping[Cell, Sequence[Task]]:
        """The planned tasks of each prompt × partition, in the order of prompts and partitions."""
        grouped: dict[Cell, list[Task]] = defaultdict(list)
        for task in self.tasks:
            grouped[task.prompt, task.example.partition].append(task)
        return dict(sorted(grouped.items(), key=lambda item: (item[0][0], list(Partition).index(item[0][1]))))

    @cached_property
    def examples(self) -> Mapping[tuple[str, str], Example]:
        """Every planned example by id and hash."""
        return {(task.example.id, task.example.hash): task.example for task in self.tasks}

    @cached_property
    def _rows(self) -> Mapping[tuple[str, Side, str, str], Sequence[Row]]:
        grouped: dict[tuple[str, Side, str, str], list[Row]] = defaultdict(list)
        for row in self.rows:
            grouped[row.prompt, row.side, row.example, row.example_hash].append(row)
        return grouped

    def first_rows(self, prompt: str, side: Side, example: Example) -> list[Row]:
        """The first measurement of an example on one side, a row an epoch."""
        return [row for row in self._rows.get((prompt, side, example.id, example.hash), ()) if not row.confirmation]

    def confirmations(self, prompt: str, side: Side, example: Example) -> list[Row]:
        """The fresh re-runs of an example on one side."""
        return [row for row in self._rows.get((prompt, side, example.id, example.hash), ()) if row.confirmation]

    def planned(self, cell: Cell, side: Side, part: Part = Part.EXAM) -> Iterator[Example]:
        """The distinct examples planned for one side of a cell."""
        seen: set[tuple[str, str]] = set()
        for task in self.cells.get(cell, ()):
            if task.side is side and task.part is part and (task.example.id, task.example.hash) not in seen:
                seen.add((task.example.id, task.example.hash))
                yield task.example


def passes(rows: Sequence[Row]) -> bool | None:
    """Whether an example passes on a side: the majority of its answers that could be judged; None where none could."""
    judged = [row.passed for row in rows if row.passed is not None]
    return 2 * sum(judged) > len(judged) if judged else None


def gap(row: Row, score_metrics: Sequence[str]) -> ErrorClass | None:
    """Why a row is no complete evidence, or None where it is: it passed or failed, and no tested metric broke on it."""
    if row.passed is None:
        return row.error or next((s.error for s in row.scores.values() if s.error), ErrorClass.NOTHING_APPLIED)
    for name in score_metrics:
        score = row.scores.get(name)
        if score is not None and score.status is ScoreStatus.UNSCORED:
            return score.error or ErrorClass.METRIC
    return None


def failure_kinds(row: Row, deciding: frozenset[str]) -> tuple[str, ...]:
    """The names of what failed: "metric: check" for checks, else the metric."""
    kinds: list[str] = []
    for name, score in row.scores.items():
        if name in deciding and score.passed is False:
            failed = score.detail.get("failed")
            if isinstance(failed, Sequence) and not isinstance(failed, str) and failed:
                kinds += [f"{name}: {_name(item)}" for item in failed]
            else:
                kinds.append(name)
    return tuple(kinds)


def _name(item: object) -> str:
    return str(item.get("name", item)) if isinstance(item, Mapping) else str(item)
