"""Intervals for a pass rate."""

from __future__ import annotations

import math
from statistics import NormalDist


def wilson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval for k of n, two-sided, as shares from 0 to 1; (0, 1) where n is 0.

    Source: E. B. Wilson, JASA 22 (1927) 209-212; equals R's `prop.test(k, n, correct = FALSE)`.
    """
    _check(k, n)
    if n == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2)
    middle = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * math.sqrt(k * (n - k) / n + z * z / 4)
    return (max(0.0, middle - half) if k else 0.0), (min(1.0, middle + half) if k < n else 1.0)


def clopper_pearson(k: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """The exact interval for k of n, two-sided, as shares from 0 to 1; (0, 1) where n is 0. Wider than Wilson's.

    Source: Clopper and Pearson, Biometrika 26 (1934) 404-413; equals R's `binom.test(k, n)`.
    """
    from scipy.special import betaincinv

    _check(k, n)
    tail = (1.0 - confidence) / 2
    low = float(betaincinv(k, n - k + 1, tail)) if k else 0.0
    high = float(betaincinv(k + 1, n - k, 1.0 - tail)) if k < n else 1.0
    return low, high


def _check(k: int, n: int) -> None:
    if not 0 <= k <= n:
        raise ValueError(f"{k} of {n} is no share")
