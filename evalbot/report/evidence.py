"""Picks the examples that are worth a reader's time: what broke first, then what lost most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from statistics import fmean

from evalbot.domain.examples import Example
from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import ScoreStatus
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, FailedExample, PassStatus

Place = tuple[str, str, str]  # suite, prompt, example id

# Pre-existing and flaky failures are no work of this pull request: listed as findings, never put on show.
_SHOWN = {PassStatus.NEW_FAILURE: 0, PassStatus.UNSTABLE: 1}
_PARTITIONS = {"golden": 0, "regression": 1, "adversarial": 2}


@dataclass(frozen=True, slots=True)
class Exhibit:
    """An example to show: its rows on both sides, and why it is worth it. `means` is metric → (base, head)."""

    place: Place
    partition: str
    base: Row | None
    head: Row | None
    example: Example | None
    failed: FailedExample | None = None
    metric: str = ""
    means: Mapping[str, tuple[float | None, float | None]] = field(default_factory=dict)

    @property
    def whole(self) -> Exhibit:
        """With the words of its rows in memory."""
        return replace(self, base=self.base and self.base.whole, head=self.head and self.head.whole)


def exhibits(record: RunRecord) -> list[Exhibit]:
    """Newly broken examples, golden first, then policy's rows by how much they lost; no more than one each."""
    by_place = rows_by_place(record.rows)
    found: dict[Place, Exhibit] = {}
    for failed in sorted(record.decision.failed_examples, key=_order):
        place = (failed.suite, failed.prompt, failed.example)
        if failed.status in _SHOWN and failed.part is Part.EXAM:
            found.setdefault(place, _exhibit(record, place, failed.partition, by_place, failed, ""))
    for _, place, row in sorted(_drops(record, by_place), key=lambda drop: (-drop[0], drop[1])):
        rows = by_place[place][Side.HEAD]
        found.setdefault(place, _exhibit(record, place, rows[0].partition, by_place, None, row.metric))
    return list(found.values())


def rows_by_place(rows: Iterable[Row], part: Part = Part.EXAM) -> dict[Place, dict[Side, list[Row]]]:
    """First measurements (no confirmations) of one part, by example and side."""
    found: dict[Place, dict[Side, list[Row]]] = {}
    for row in rows:
        if row.part is part and row.confirmation == 0:
            sides = found.setdefault((row.suite, row.prompt, row.example), {Side.BASE: [], Side.HEAD: []})
            sides[row.side].append(row)
    return found


def mean_score(rows: Iterable[Row], metric: str) -> float | None:
    """The mean of a metric over an example's answers on one side; None where none was scored."""
    scores = [row.scores[metric] for row in rows if metric in row.scores]
    values = [score.value for score in scores if score.status is ScoreStatus.SCORED and score.value is not None]
    return fmean(values) if values else None


def _order(failed: FailedExample) -> tuple[int, int, str]:
    return (_PARTITIONS.get(failed.partition, 3), _SHOWN.get(failed.status, 2), failed.example)


def _drops(
    record: RunRecord, by_place: Mapping[Place, dict[Side, list[Row]]]
) -> Iterable[tuple[float, Place, Comparison]]:
    gated = {
        (c.suite, c.prompt, c.partition): c for c in record.decision.comparisons if c.gated and c.partition != "all"
    }
    for place, sides in by_place.items():
        head_rows = sides[Side.HEAD]
        row = gated.get((place[0], place[1], head_rows[0].partition)) if head_rows else None
        if row is None:
            continue
        base, head = (mean_score(sides[side], row.metric) for side in (Side.BASE, Side.HEAD))
        if base is None or head is None:
            continue
        lost = (head - base) if row.lower_is_better else (base - head)
        if lost > 1e-9 and lost >= _worth_showing(record, row):
            yield lost, place, row


def _worth_showing(record: RunRecord, row: Comparison) -> float:
    """Where the row got worse, any loss is evidence; elsewhere only a collapse over half of the scale is."""
    if row.blocks or row.conclusion is Conclusion.REGRESSION or row.assurance is Assurance.LIKELY_DROP:
        return 0.0
    low, high = record.scales.get((row.suite, row.metric), (1.0, 5.0))
    return (high - low) / 2


def _exhibit(
    record: RunRecord, place: Place, partition: str, by_place: Mapping[Place, dict[Side, list[Row]]],
    failed: FailedExample | None, metric: str,
) -> Exhibit:  # fmt: skip
    sides = by_place.get(place, {Side.BASE: [], Side.HEAD: []})
    base, head = _worst(sides[Side.BASE], metric), _worst(sides[Side.HEAD], metric)
    shown = head or base
    example = record.examples.get((place[0], shown.example_hash)) if shown else None
    names = list(dict.fromkeys(name for row in (head, base) if row for name in row.scores))
    means = {name: (mean_score(sides[Side.BASE], name), mean_score(sides[Side.HEAD], name)) for name in names}
    return Exhibit(place, partition, base, head, example, failed, metric, means)


def _worst(rows: list[Row], metric: str) -> Row | None:
    """The answer that shows the trouble: a failing one, else (several epochs) the first."""
    return (
        next((row for row in rows if row.passed is False), rows[0] if rows else None)
        if not metric
        else (rows[0] if rows else None)
    )
