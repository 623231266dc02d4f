"""Prediction-powered inference: a mean of human labels, sharpened by a judge that has graded far more answers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from evalbot.stats.difference import number, numbers, sample
from evalbot.stats.student import quantile


@dataclass(frozen=True, slots=True)
class Powered:
    """`mean` of the human scores with its standard error and two-sided 95 % interval; `weight` is the trust in the judge."""

    mean: float
    se: float
    ci: tuple[float, float]
    weight: float


def ppi_mean(human: Sequence[float], judged: Sequence[float], judged_only: Sequence[float]) -> Powered:
    """The mean human score of all answers, from few that both have graded and many that only the judge has.

    λ·mean(judged_only) + mean(human − λ·judged) with λ = cov(human, judged) / ((1 + n/N)·var(all judged)), and the t
    distribution with n − 1 degrees of freedom. A judge that knows nothing gets λ ≈ 0 and changes nothing; one that is biased
    is corrected. Advisory: nothing gates by it.

    Args:
        human: The person's grades, at least two.
        judged: The judge's grades of the same answers in the same order.
        judged_only: The judge's grades of the other answers, at least two.

    Raises:
        ValueError: Too few grades, lengths that differ, or a grade that is no finite number.

    Source: Angelopoulos, Duchi and Zrnic, "PPI++", arXiv 2311.01453, with n − 1 in the variances.
    """
    y, f, rest = numbers(human, "human"), numbers(judged, "judged"), numbers(judged_only, "judged_only")
    n, more = len(y), len(rest)
    if len(f) != n or n < 2 or more < 2:
        raise ValueError(f"{n} human grades, {len(f)} of the judge beside them and {more} of the judge alone are too few")
    a, b, pooled = sample(y), sample(f), sample([*f, *rest])
    covariance = math.fsum([(u - a.mean) * (v - b.mean) for u, v in zip(y, f, strict=True)]) / (n - 1)
    weight = number(covariance / ((1 + n / more) * pooled.sd**2), "weight") if pooled.sd > 0 else 0.0
    residual, others = sample([u - weight * v for u, v in zip(y, f, strict=True)]), sample(rest)
    mean = weight * others.mean + residual.mean
    se = math.hypot(weight * others.sd / math.sqrt(more), residual.sd / math.sqrt(n))
    half = quantile(0.975, n - 1) * se
    return Powered(mean, se, (mean - half, mean + half), weight)
