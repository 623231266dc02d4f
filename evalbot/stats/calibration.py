"""What human labels say of a judge beyond agreement: intervals, the slope of its points, and pass rates set right."""

from __future__ import annotations

import math
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

from evalbot.stats.difference import numbers, sample
from evalbot.stats.proportions import wilson
from evalbot.stats.student import quantile

RESAMPLES = 2000

Interval = tuple[float, float]
Statistic = Callable[[Sequence[float], Sequence[float]], float | None]


def bootstrap_ci(
    human: Sequence[float], judge: Sequence[float], statistic: Statistic, *, resamples: int = RESAMPLES, seed: int = 20261123
) -> Interval | None:
    """The 95 % percentile interval of a statistic of pairs, by drawing answers with replacement; the same seed gives the same.

    Resamples on which the statistic has no value (all grades equal) are left out; None where fewer than nine tenths have one.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993), chapter 13.
    """
    rng, n = random.Random(seed), len(human)
    found = []
    for _ in range(resamples):
        drawn = rng.choices(range(n), k=n)
        value = statistic([human[i] for i in drawn], [judge[i] for i in drawn])
        if value is not None:
            found.append(value)
    if len(found) < 0.9 * resamples:
        return None
    found.sort()
    return found[int(0.025 * (len(found) - 1))], found[math.ceil(0.975 * (len(found) - 1))]


def mean_ci(values: Sequence[float]) -> Interval | None:
    """The 95 % t interval of a mean; None with fewer than two values."""
    if len(values) < 2:
        return None
    whole = sample(numbers(values, "values"))
    half = quantile(0.975, len(values) - 1) * whole.sd / math.sqrt(len(values))
    return whole.mean - half, whole.mean + half


@dataclass(frozen=True, slots=True)
class Slope:
    """How many human points one judge point is worth, with its 95 % interval: judges compress differences."""

    value: float
    ci: Interval


def slope(human: Sequence[float], judge: Sequence[float]) -> Slope | None:
    """The slope of the least-squares line of human on judge; None where the judge does not vary or there are fewer than three.

    Equals `scipy.stats.linregress(judge, human).slope` with its t interval on n − 2 degrees of freedom.
    """
    n = len(human)
    x, y = numbers(judge, "judge"), numbers(human, "human")
    if n < 3 or len(set(x)) < 2:
        return None
    mean_x, mean_y = math.fsum(x) / n, math.fsum(y) / n
    spread = math.fsum((a - mean_x) ** 2 for a in x)
    value = math.fsum((a - mean_x) * (b - mean_y) for a, b in zip(x, y, strict=True)) / spread
    left = math.fsum((b - mean_y - value * (a - mean_x)) ** 2 for a, b in zip(x, y, strict=True))
    half = quantile(0.975, n - 2) * math.sqrt(left / (n - 2) / spread)
    return Slope(value, (value - half, value + half))


@dataclass(frozen=True, slots=True)
class Cell:
    """Answers that people gave `human` and the judge gave `judge`: `share` of the people's grade, with its 95 % interval."""

    human: float
    judge: float
    count: int
    share: float
    ci: Interval


def confusion(human: Sequence[float], judge: Sequence[float]) -> list[Cell]:
    """Every pair of grades that occurs, by human grade and then judge grade; shares are of the row (Wilson's interval)."""
    whole, cells = Counter(human), Counter(zip(human, judge, strict=True))
    return [Cell(h, j, count, count / whole[h], wilson(count, whole[h])) for (h, j), count in sorted(cells.items())]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """A judge's pass and fail beside people's: `passes` of `good` answers it passes, `fails` of `bad` answers it fails."""

    good: int
    passes: int
    bad: int
    fails: int

    @property
    def sensitivity(self) -> float | None:
        """The share of good answers that it passes."""
        return self.passes / self.good if self.good else None

    @property
    def specificity(self) -> float | None:
        """The share of bad answers that it fails."""
        return self.fails / self.bad if self.bad else None


def verdicts(human: Sequence[bool], judge: Sequence[bool]) -> Verdicts:
    """The two shares in whole numbers."""
    pairs = Counter(zip(human, judge, strict=True))
    return Verdicts(
        pairs[True, True] + pairs[True, False], pairs[True, True], pairs[False, True] + pairs[False, False], pairs[False, False]
    )


def corrected_rate(passed: int, n: int, known: Verdicts, confidence: float = 0.95) -> tuple[float, Interval] | None:
    """The pass rate that people would give, from the judge's, with an interval that knows how little the labels tell.

    θ = (p + q0 − 1) / (q0 + q1 − 1) with q1 the sensitivity and q0 the specificity, cut to 0 … 1. The interval adds two
    pseudo-counts to each calibration rate and z² to the test rate, and shifts its centre by their bias.

    Args:
        passed: Answers that the judge passes.
        n: Of so many.
        known: The judge on labelled answers.

    Returns:
        None without answers, without labels of both kinds, or where the judge is no better than chance (q0 + q1 ≤ 1).

    Source: C. Lee et al., How to Correctly Report LLM-as-a-Judge Evaluations, arXiv 2511.21140, equations 2 and 6; the point
    estimate is Rogan and Gladen, American Journal of Epidemiology 107 (1978) 71-76.
    """
    q1, q0 = known.sensitivity, known.specificity
    if n < 1 or q1 is None or q0 is None or q0 + q1 <= 1:
        return None
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    theta = min(1.0, max(0.0, (passed / n + q0 - 1) / (q0 + q1 - 1)))
    many, bad, good = n + z * z, known.bad + 2, known.good + 2
    p, r0, r1 = (passed + z * z / 2) / many, (known.fails + 1) / bad, (known.passes + 1) / good
    if r0 + r1 <= 1:
        return theta, (0.0, 1.0)
    middle = (p + r0 - 1) / (r0 + r1 - 1)
    v0, v1 = r0 * (1 - r0) / bad, r1 * (1 - r1) / good
    shift = 2 * z * z * (middle * v1 - (1 - middle) * v0)
    half = z * math.sqrt(p * (1 - p) / many + (1 - middle) ** 2 * v0 + middle**2 * v1) / (r0 + r1 - 1)
    return theta, (max(0.0, middle + shift - half), min(1.0, middle + shift + half))
