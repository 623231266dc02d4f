"""The score comparisons of one suite, and what is refused before it could become a number."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import fsum, isfinite

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.policy import ScoreGate
from evalbot.domain.runs import Row, Side
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion
from evalbot.gate.evidence import Cell, Evidence
from evalbot.gate.repeats import repeats_of
from evalbot.gate.tables import required_coverage
from evalbot.stats.compare import compare
from evalbot.stats.difference import number
from evalbot.stats.missing import at_worst, lopsided

ALL = "all"
FEWEST_IN_SLICE = 6  # with fewer, the paired test may not speak however they fall


def comparisons(evidence: Evidence) -> Iterator[Comparison]:
    """Each prompt with two sides: a row per gated partition and tested metric, and the informing row "all"."""
    for prompt, metric, cells in _tested(evidence):
        for cell in cells:
            yield from _row(evidence, prompt, str(cell[1]), metric, [cell], required_coverage(evidence, cell[1]))
        if len(cells) > 1:
            yield from _row(evidence, prompt, ALL, metric, cells, evidence.gates.coverage.min)


def slices(evidence: Evidence) -> Iterator[Comparison]:
    """Each prompt and metric by tag and by metadata, over all partitions that ran: advisory, by the paired test, not yet corrected.

    What every example carries is no slice, fewer than six examples scored on both sides show nothing, and two names for the
    same examples are looked at once: each look costs the others power.
    """
    gate = replace(evidence.gates.scores, test="paired", min_examples=FEWEST_IN_SLICE)
    for prompt, metric, cells in _tested(evidence):
        whole = _planned(evidence, cells)
        for name, ids in _shared(whole.values()):
            yield from _slice(_Scores(evidence, prompt, metric, {key: whole[key] for key in ids}), name, gate)


def _shared(examples: Collection[Example]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names that some of the examples carry, tags before metadata, each with the ids of those who do."""
    carriers: dict[tuple[bool, str], list[str]] = {}
    for example in examples:
        for key in {*((False, tag) for tag in example.tags), *((True, told) for told in _told(example.metadata))}:
            carriers.setdefault(key, []).append(example.id)
    seen: set[tuple[str, ...]] = set()
    for (_, name), ids in sorted(carriers.items()):
        group = tuple(ids)
        if FEWEST_IN_SLICE <= len(group) < len(examples) and group not in seen:
            seen.add(group)
            yield name, group


def _told(metadata: Mapping[str, Json]) -> Iterator[str]:
    """`metadata.language = de` of every field that holds a word, a whole number or yes and no."""
    for key, value in metadata.items():
        if isinstance(value, str | int):
            yield f"metadata.{key} = {str(value).lower() if isinstance(value, bool) else value}"


def _tested(evidence: Evidence) -> Iterator[tuple[str, str, list[Cell]]]:
    """Every prompt with two sides and metric that is tested, with the partitions that ran."""
    for prompt in (changed.prompt for changed in evidence.changed if set(changed.sides) == set(Side)):
        cells = [cell for cell in evidence.cells if cell[0] == prompt and cell[1] in evidence.partitions]
        for metric in evidence.gates.scores.metrics:
            if metric in evidence.metrics:
                yield prompt, metric, cells


def _row(
    evidence: Evidence, prompt: str, partition: str, metric: str, cells: Sequence[Cell], required: float
) -> Iterator[Comparison]:
    scores = _Scores(evidence, prompt, metric, _planned(evidence, cells))
    if not scores.applicable:
        return
    gated = partition != ALL and not evidence.metrics[metric].informs
    try:
        _refuse_twins(evidence, cells)
        row = scores.compared(partition, evidence.gates.scores, gated=gated, coverage_min=required)
        yield _unless_lopsided(scores.with_worst_case(row, evidence.gates.scores))
    except ValueError as error:
        yield _refused(scores, partition, gated, str(error))


def _unless_lopsided(row: Comparison) -> Comparison:
    """The row, or one that concludes nothing where one side lost many scores: answers get lost where they are worst.

    A regression stands that is seen although head lost the more: what it lost could only deepen it.
    """
    lost_base, lost_head = row.n_planned - row.n_base, row.n_planned - row.n_head
    a_fortiori = row.conclusion is Conclusion.REGRESSION and lost_head > lost_base
    if row.conclusion is Conclusion.INSUFFICIENT_DATA or a_fortiori or not lopsided(lost_base, lost_head, row.n_planned):
        return row
    return replace(
        row, conclusion=Conclusion.INSUFFICIENT_DATA, assurance=Assurance.INCONCLUSIVE, min_detectable_effect=None,
        worst_case=None, reason=f"too many errors on one side: {lost_base} scores missing at base, {lost_head} at head",
    )  # fmt: skip


def _slice(scores: _Scores, name: str, gate: ScoreGate) -> Iterator[Comparison]:
    try:
        row = scores.compared(ALL, gate, gated=False)
    except ValueError:  # the gated row of the same examples says it, and its finding names the example
        return
    if row.n_pairs >= FEWEST_IN_SLICE:
        yield replace(row, tag=name)


@dataclass(frozen=True)
class _Scores:
    """What one metric said about some examples on both sides."""

    evidence: Evidence
    prompt: str
    metric: str
    planned: Mapping[str, Example]

    @cached_property
    def applicable(self) -> Mapping[str, Example]:
        """The examples of which the metric could say something."""
        return {key: example for key, example in self.planned.items() if not self._not_applicable(example)}

    def compared(self, partition: str, gate: ScoreGate, *, gated: bool, coverage_min: float = 0.0) -> Comparison:
        """The comparison; raises ValueError, naming the example, for scores that cannot be compared."""
        self._refuse_several_judges()
        row = self._compare(self.means, partition, gate, gated=gated, coverage_min=coverage_min)
        repeats = repeats_of(([self._rows(side, e) for e in self.planned.values()] for side in Side), self.metric)
        return replace(
            row, repeats=repeats.kind, n_repeats=repeats.count, intra_example_correlation=repeats.correlation,
            n_missing=2 * len(self.applicable) - row.n_base - row.n_head,
        )  # fmt: skip

    def with_worst_case(self, row: Comparison, gate: ScoreGate) -> Comparison:
        """The row, and what it would conclude with every missing score at its worst."""
        scale = self.evidence.metrics[self.metric].scale
        if not row.n_missing or row.conclusion is Conclusion.INSUFFICIENT_DATA or not all(map(isfinite, scale)):
            return row
        filled = at_worst(
            self.means[Side.BASE], self.means[Side.HEAD], self.applicable,
            scale=scale, lower_is_better=row.lower_is_better,
        )  # fmt: skip
        worst = self._compare(dict(zip(Side, filled, strict=True)), row.partition, gate, gated=row.gated)
        return replace(row, worst_case=worst.conclusion)

    @cached_property
    def means(self) -> Mapping[Side, dict[str, float]]:
        """One score an example: its epochs (each already the mean of the judge's samples) averaged, never pooled."""
        return {side: dict(self._means(side)) for side in Side}

    def _compare(
        self, means: Mapping[Side, Mapping[str, float]], partition: str, gate: ScoreGate, *, gated: bool, coverage_min: float = 0.0
    ) -> Comparison:
        facts = self.evidence.metrics[self.metric]
        return compare(
            means[Side.BASE], means[Side.HEAD],
            suite=self.evidence.suite, prompt=self.prompt, partition=partition, metric=self.metric,
            n_planned=len(self.applicable), gate=gate, scale=facts.scale, lower_is_better=facts.lower_is_better,
            clusters=_clusters(self.planned), coverage_min=coverage_min, gated=gated,
        )  # fmt: skip

    def _means(self, side: Side) -> Iterator[tuple[str, float]]:
        for key, example in self.planned.items():
            values = [self._number(score, key, side) for _, score in self._scored(side, example)]
            if values:
                yield key, fsum(values) / len(values)

    def _number(self, score: Score, example: str, side: Side) -> float:
        """A score's value, checked with its single grades: the mean of 7 and 1 would look healthy."""
        low, high = self.evidence.metrics[self.metric].scale
        where = f"score of example {example!r} at {side}"
        for given in (score.value, *score.samples):
            value = number(given, where)
            if not low - 1e-9 <= value <= high + 1e-9:
                raise ValueError(f"{where}: {value:g} is outside the scale {low:g} to {high:g}")
        return number(score.value, where)

    def _refuse_several_judges(self) -> None:
        first: object = None
        for side in Side:
            for key, example in self.planned.items():
                for _, score in self._scored(side, example):
                    judge = score.detail.get("judge_id") or "unknown"
                    first = judge if first is None else first
                    if judge != first:
                        raise ValueError(
                            f"example {key!r} at {side} was graded by judge {judge}, others by {first}: scores of "
                            "different judges cannot be compared, so measure both sides again"
                        )

    def _scored(self, side: Side, example: Example) -> Iterator[tuple[Row, Score]]:
        for row in self._rows(side, example):
            score = row.scores.get(self.metric)
            if score is not None and score.status is ScoreStatus.SCORED:
                yield row, score

    def _rows(self, side: Side, example: Example) -> list[Row]:
        return self.evidence.first_rows(self.prompt, side, example)

    def _not_applicable(self, example: Example) -> bool:
        scores = [row.scores.get(self.metric) for side in Side for row in self._rows(side, example)]
        return bool(scores) and all(s is not None and s.status is ScoreStatus.NOT_APPLICABLE for s in scores)


def _planned(evidence: Evidence, cells: Sequence[Cell]) -> dict[str, Example]:
    return {example.id: example for side in Side for cell in cells for example in evidence.planned(cell, side)}


def _refuse_twins(evidence: Evidence, cells: Sequence[Cell]) -> None:
    """Raises ValueError where one id names two examples, or one answer is there twice: both would be counted as one."""
    known: dict[str, str] = {}
    for cell in cells:
        for side in Side:
            for example in evidence.planned(cell, side):
                if known.setdefault(example.id, example.hash) != example.hash:
                    raise ValueError(f"example {example.id!r} is there twice with different content; ids are unique within a suite")
                epochs = [row.epoch for row in evidence.first_rows(cell[0], side, example)]
                if len(set(epochs)) < len(epochs):
                    raise ValueError(f"example {example.id!r} at {side} has two first answers of one epoch")


def _refused(scores: _Scores, partition: str, gated: bool, why: str) -> Comparison:
    facts, gate = scores.evidence.metrics[scores.metric], scores.evidence.gates.scores
    return Comparison(
        scores.evidence.suite, scores.prompt, partition, scores.metric, len(scores.applicable), 0, 0, 0, None, None, None,
        Conclusion.INSUFFICIENT_DATA, Assurance.INCONCLUSIVE, gated, min_examples=max(2, gate.min_examples), reason=why,
        lower_is_better=facts.lower_is_better, alpha=gate.alpha, test=gate.test, refused=True,
    )  # fmt: skip


def _clusters(examples: Mapping[str, Example]) -> Mapping[str, str] | None:
    """Rows that share a `cluster` are not independent; rows without one stand alone."""
    if not any(example.cluster for example in examples.values()):
        return None
    return {key: example.cluster or f"\0{key}" for key, example in examples.items()}
