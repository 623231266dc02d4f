"""How much repeats of one example agree: what tells whether more answers or more examples would sharpen a suite."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum

from evalbot.domain.runs import Row
from evalbot.domain.scores import ScoreStatus
from evalbot.stats.correlation import intra_example_correlation


@dataclass(frozen=True, slots=True)
class Repeats:
    """The repeats behind the means of a comparison.

    `kind`: `epochs` (fresh answers), `samples` (grades of one answer), or nothing where each example was scored once.
    `count` is their mean number an example and side. `correlation` is ICC(1), the mean of both sides; None where it cannot
    be computed.
    """

    kind: str = ""
    count: float = 1.0
    correlation: float | None = None


def repeats_of(sides: Iterable[Sequence[Sequence[Row]]], metric: str) -> Repeats:
    """What the repeats of a metric say, from the rows of each example on each side: epochs if there are any, else samples."""
    rows = [list(side) for side in sides]
    for kind, values in (("epochs", _epochs), ("samples", _samples)):
        groups = [[scores for own in side if (scores := values(own, metric))] for side in rows]
        sizes = [len(scores) for side in groups for scores in side]
        if any(size >= 2 for size in sizes):
            known = [icc for side in groups if (icc := intra_example_correlation(side)) is not None]
            return Repeats(kind, sum(sizes) / len(sizes), fsum(known) / len(known) if known else None)
    return Repeats()


def _epochs(rows: Sequence[Row], metric: str) -> list[float]:
    scores = [row.scores[metric] for row in rows if metric in row.scores]
    return [score.value for score in scores if score.status is ScoreStatus.SCORED and score.value is not None]


def _samples(rows: Sequence[Row], metric: str) -> list[float]:
    """The grades of the only answer; with several answers the epochs have spoken already."""
    return [grade for row in rows[:1] if metric in row.scores for grade in row.scores[metric].samples]
