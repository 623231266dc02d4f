"""The counts under a decision: what passed and failed, and how much of the plan was measured."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from math import fsum

from evalbot.domain.examples import Example, Partition
from evalbot.domain.runs import Part, Side
from evalbot.domain.verdicts import Coverage, PartitionCount
from evalbot.gate.confirm import most_frequent_kinds
from evalbot.gate.evidence import Cell, Evidence, gap, passes


def partition_counts(evidence: Evidence) -> Iterator[PartitionCount]:
    """One line per prompt × partition × side that was planned."""
    for cell in evidence.cells:
        for side in Side:
            examples = list(evidence.planned(cell, side))
            added = sum(1 for _ in evidence.planned(cell, side, Part.ADDED))
            if examples or added:
                yield _count(evidence, cell, side, examples, added)


def _count(evidence: Evidence, cell: Cell, side: Side, examples: list[Example], added: int) -> PartitionCount:
    rows = {example.id: evidence.first_rows(cell[0], side, example) for example in examples}
    outcomes = Counter(passes(own) for own in rows.values())
    every = [row for own in rows.values() for row in own]
    latencies = [row.latency_ms for row in every if row.latency_ms is not None and not row.cached and not row.shared]
    return PartitionCount(
        evidence.suite, cell[0], str(cell[1]), side, len(examples), outcomes[True], outcomes[False], outcomes[None], added,
        fsum(latencies) / len(latencies) if latencies else None, most_frequent_kinds(every, evidence.deciding),
    )  # fmt: skip


def coverage(evidence: Evidence, cells: Iterable[Cell] | None = None, side: Side | None = None) -> Coverage:
    """Planned answers of policy's rows and how many of them are complete evidence.

    Args:
        cells: Only these prompts × partitions; all of them by default.
        side: Only this side; both by default.
    """
    planned = [
        task
        for cell in (evidence.cells if cells is None else cells)
        for task in evidence.cells[cell]
        if task.part is Part.EXAM and (side is None or task.side is side)
    ]
    errors: Counter[str] = Counter()
    for task in planned:
        row = next((r for r in evidence.first_rows(task.prompt, task.side, task.example) if r.epoch == task.epoch), None)
        missing = "stopped" if row is None else gap(row, evidence.gates.scores.metrics)
        if missing:
            errors[str(missing)] += 1
    return Coverage(len(planned), len(planned) - errors.total(), dict(sorted(errors.items())))


def required_coverage(evidence: Evidence, partition: Partition) -> float:
    """The share of answers that must be scored in a partition."""
    return evidence.gates.coverage.golden if partition is Partition.GOLDEN else evidence.gates.coverage.min
