"""How far two graders agree: a judge with a person, or several people among each other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from evalbot.stats.correlation import pearson
from evalbot.stats.difference import numbers

Distance = Callable[[float, float], float]


@dataclass(frozen=True, slots=True)
class Agreement:
    """A judge's grades beside a person's, of the same answers.

    Attributes:
        n: Answers that both graded.
        qwk: Quadratic weighted kappa, −1 to 1; None where both gave all answers one and the same grade.
        spearman: Rank correlation, −1 to 1; None where one of them gave a single grade.
        bias: Mean of judge − human, in points: positive where the judge is lenient.
        mae: Mean size of the difference, in points.
        exact: Share of equal grades, 0 to 1.
    """

    n: int
    qwk: float | None
    spearman: float | None
    bias: float
    mae: float
    exact: float


def agreement(human: Sequence[float], judge: Sequence[float], levels: Sequence[float]) -> Agreement:
    """All measures of one judge against one person.

    Args:
        human: A grade an answer, each one of `levels`; at least one.
        judge: The judge's grades of the same answers in the same order.
        levels: The scale's grades in ascending order.

    Raises:
        ValueError: Lengths differ, there is nothing to compare, or a grade is no level.
    """
    if len(human) != len(judge) or not human:
        raise ValueError(f"agreement needs pairs: {len(human)} human and {len(judge)} judge grades")
    gaps = [float(j) - float(h) for h, j in zip(human, judge, strict=True)]
    n = len(gaps)
    return Agreement(
        n, quadratic_weighted_kappa(human, judge, levels), spearman(human, judge),
        bias=math.fsum(gaps) / n, mae=math.fsum(map(abs, gaps)) / n, exact=gaps.count(0.0) / n,
    )  # fmt: skip


def quadratic_weighted_kappa(human: Sequence[float], judge: Sequence[float], levels: Sequence[float]) -> float | None:
    """1 − Σ w·observed / Σ w·expected with w the squared distance in levels; None where nothing else could be expected.

    1 is full agreement, 0 what chance would give with the same use of the scale: a judge that always says the same has 0.

    Source: J. Cohen, Psychological Bulletin 70 (1968) 213-220; equals scikit-learn's
    `cohen_kappa_score(weights="quadratic")`.
    """
    place = {level: index for index, level in enumerate(levels)}
    if wrong := [grade for grade in (*human, *judge) if grade not in place]:
        raise ValueError(f"{wrong[0]!r} is no grade of the scale {', '.join(map(str, levels))}")
    h, j = [place[grade] for grade in human], [place[grade] for grade in judge]
    observed = len(h) * sum((a - b) ** 2 for a, b in zip(h, j, strict=True))
    expected = sum((a - b) ** 2 * m * n for (a, m), (b, n) in product(Counter(h).items(), Counter(j).items()))
    return 1.0 - observed / expected if expected else None  # whole numbers until here: rounded once


def spearman(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's correlation of ranks, ties sharing their mean rank; None where one side does not vary."""
    return pearson(midranks(x), midranks(y))


def midranks(values: Sequence[float]) -> list[float]:
    """Ranks from 1, equal values sharing the mean of theirs."""
    counts, below, rank = Counter(numbers(values, "values")), 0, dict[float, float]()
    for value in sorted(counts):
        rank[value] = below + (counts[value] + 1) / 2
        below += counts[value]
    return [rank[value] for value in values]


def krippendorff_alpha(ratings: Sequence[Sequence[float | None]], metric: str = "ordinal") -> float | None:
    """Krippendorff's alpha: 1 − observed / expected disagreement, for any number of raters with gaps.

    Args:
        ratings: A row a rater, a column an answer, None where a rater did not grade it. Rows have one length.
        metric: How far two grades are apart: `nominal`, `ordinal` or `interval`.

    Returns:
        At most 1, 0 for chance; None where no answer has two grades, or all grades are the same.

    Source: K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011).
    """
    units = [[float(grade) for grade in unit if grade is not None] for unit in zip(*ratings, strict=True)]
    units = [numbers(unit, "ratings") for unit in units if len(unit) >= 2]
    totals = Counter(grade for unit in units for grade in unit)
    distance, n = _distance(metric, totals), totals.total()
    observed = math.fsum([_disagreement(Counter(unit), Counter(unit), distance) / (len(unit) - 1) for unit in units])
    expected = _disagreement(totals, totals, distance) / (n - 1) if n > 1 else 0.0
    return 1.0 - observed / expected if expected else None


def _disagreement(one: Mapping[float, int], other: Mapping[float, int], distance: Distance) -> float:
    return math.fsum([m * n * distance(a, b) for (a, m), (b, n) in product(one.items(), other.items())])


def _distance(metric: str, totals: Mapping[float, int]) -> Distance:
    def ordinal(a: float, b: float) -> float:
        between = sum(count for grade, count in totals.items() if min(a, b) <= grade <= max(a, b))
        return (between - (totals[a] + totals[b]) / 2) ** 2

    known: dict[str, Distance] = {"nominal": lambda a, b: float(a != b), "ordinal": ordinal, "interval": lambda a, b: (a - b) ** 2}
    if metric not in known:
        raise ValueError(f"there is no metric {metric!r}; known: {', '.join(known)}")
    return known[metric]
