"""Wilcoxon's signed-rank test. Nothing gates by it: it has the power of the paired t-test and asks another question."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from evalbot.stats.agreement import midranks
from evalbot.stats.difference import numbers

EXACT_UP_TO = 50


class SignedRank(NamedTuple):
    """`v`: the sum of the ranks of positive differences; `p`: 0 to 1."""

    v: float
    p: float


def wilcoxon(x: Sequence[float], y: Sequence[float], alternative: str = "two-sided") -> SignedRank:
    """Whether x − y is symmetric about 0, against `two-sided`, `greater` (x tends to be larger) or `less`.

    Differences of 0 are left out. Exact over all signs of the ranks (ties included) up to 50 differences, beyond that by the
    normal approximation with corrections for ties and continuity. Without any difference p is 1.

    Source: F. Wilcoxon, Biometrics Bulletin 1 (1945) 80-83; without ties equal to R's `wilcox.test(x, y, paired = TRUE)`.
    """
    if alternative not in ("two-sided", "greater", "less"):
        raise ValueError(f"there is no alternative {alternative!r}")
    if len(x) != len(y):
        raise ValueError(f"signed ranks need pairs: {len(x)} and {len(y)} values")
    pairs = zip(numbers(x, "x"), numbers(y, "y"), strict=True)
    differences = [d for a, b in pairs if (d := a - b) != 0.0]
    ranks = midranks([abs(d) for d in differences])
    v = math.fsum(rank for rank, d in zip(ranks, differences, strict=True) if d > 0)
    tails = _exact(ranks, v) if len(ranks) <= EXACT_UP_TO else _normal(ranks, v)
    both = min(1.0, 2.0 * min(tails))
    return SignedRank(v, {"two-sided": both, "less": tails[0], "greater": tails[1]}[alternative])


def _exact(ranks: Sequence[float], v: float) -> tuple[float, float]:
    """P(V ≤ v) and P(V ≥ v), by counting the sign patterns of every sum; doubled ranks are whole numbers."""
    sums: Counter[int] = Counter({0: 1})
    for rank in ranks:
        sums += Counter({total + round(2 * rank): count for total, count in sums.items()})
    at, patterns = round(2 * v), 2 ** len(ranks)
    below = sum(count for total, count in sums.items() if total <= at)
    return below / patterns, (patterns - below + sums[at]) / patterns


def _normal(ranks: Sequence[float], v: float) -> tuple[float, float]:
    mean, spread = math.fsum(ranks) / 2, math.sqrt(math.fsum(rank * rank for rank in ranks)) / 2
    cdf = NormalDist(mean, spread).cdf
    return cdf(v + 0.5), 1.0 - cdf(v - 0.5)
