"""The numbers under a decision: pass counts, coverage and score comparisons of one suite."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from math import fsum

from evalbot.domain.examples import Example, Partition
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import ScoreStatus
from evalbot.domain.verdicts import Comparison, Coverage, PartitionCount
from evalbot.gate.confirm import most_frequent_kinds
from evalbot.gate.evidence import Cell, Evidence, gap, passes
from evalbot.stats.compare import compare

ALL = "all"


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


def comparisons(evidence: Evidence) -> Iterator[Comparison]:
    """Each prompt with two sides: a row per gated partition and tested metric, and the informing row "all"."""
    prompts = [changed.prompt for changed in evidence.changed if set(changed.sides) == set(Side)]
    for prompt in prompts:
        cells = [cell for cell in evidence.cells if cell[0] == prompt and cell[1] in evidence.partitions]
        for metric in evidence.gates.scores.metrics:
            if metric not in evidence.metrics:
                continue
            for cell in cells:
                yield from _compare(evidence, prompt, str(cell[1]), metric, [cell])
            if len(cells) > 1:
                yield from _compare(evidence, prompt, ALL, metric, cells)


def _compare(evidence: Evidence, prompt: str, partition: str, metric: str, cells: list[Cell]) -> Iterator[Comparison]:
    examples = {e.id: e for cell in cells for e in evidence.planned(cell, Side.HEAD)}
    examples |= {e.id: e for cell in cells for e in evidence.planned(cell, Side.BASE)}
    means = {side: _means(evidence, prompt, side, metric, examples) for side in Side}
    applicable = [e for e in examples.values() if not _not_applicable(evidence, prompt, metric, e)]
    if not applicable:
        return
    facts = evidence.metrics[metric]
    required = required_coverage(evidence, cells[0][1]) if len(cells) == 1 else evidence.gates.coverage.min
    yield compare(
        means[Side.BASE], means[Side.HEAD],
        suite=evidence.suite, prompt=prompt, partition=partition, metric=metric, n_planned=len(applicable),
        gate=evidence.gates.scores, scale=facts.scale, lower_is_better=facts.lower_is_better,
        clusters=_clusters(examples), coverage_min=required, gated=partition != ALL,
    )  # fmt: skip


def _means(
    evidence: Evidence, prompt: str, side: Side, metric: str, examples: Mapping[str, Example]
) -> dict[str, float]:
    """One score an example: its epochs (each already the mean of the judge's samples) averaged, never pooled."""
    means: dict[str, float] = {}
    for key, example in examples.items():
        values = [value for row in evidence.first_rows(prompt, side, example) if (value := _value(row, metric)) is not None]
        if values:
            means[key] = fsum(values) / len(values)
    return means


def _value(row: Row, metric: str) -> float | None:
    score = row.scores.get(metric)
    return score.value if score is not None and score.status is ScoreStatus.SCORED else None


def _not_applicable(evidence: Evidence, prompt: str, metric: str, example: Example) -> bool:
    scores = [row.scores.get(metric) for side in Side for row in evidence.first_rows(prompt, side, example)]
    return bool(scores) and all(s is not None and s.status is ScoreStatus.NOT_APPLICABLE for s in scores)


def _clusters(examples: Mapping[str, Example]) -> Mapping[str, str] | None:
    """Rows that share a `cluster` are not independent; rows without one stand alone."""
    if not any(example.cluster for example in examples.values()):
        return None
    return {key: example.cluster or f"\0{key}" for key, example in examples.items()}
