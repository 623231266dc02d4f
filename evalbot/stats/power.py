"""What a run can see: the smallest drop it could have blocked, and how many examples a given drop needs."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

from evalbot.stats.student import power_of_t, quantile

MOST_PAIRS = 10**9


def min_detectable_effect(se: float, df: float, alpha: float = 0.05, power: float = 0.8, min_effect: float = 0.0) -> float:
    """The smallest true drop that the rule "p < alpha and at least `min_effect`" blocks with probability `power`.

    max(min_effect, t(1 − alpha/2, df) · se) + t(power, df) · se, in points of the score. With `min_effect` 0 it is the
    smallest drop that becomes significant. Right to 10 to 15 %: scores near the top of their scale spread more as they fall.

    Args:
        se: Standard error of the difference, 0 or more.
        df: Degrees of freedom of the test, above 0.
    """
    if se < 0 or df <= 0:
        raise ValueError(f"a standard error of {se} with {df} degrees of freedom is none")
    return max(min_effect, quantile(1.0 - alpha / 2, df) * se) + quantile(power, df) * se


@lru_cache(maxsize=4096)
def pairs_needed(sd_difference: float, delta: float, alpha: float = 0.05, power: float = 0.8) -> int:
    """How many pairs make a true mean difference of `delta` significant with probability `power`; at least 2.

    By the noncentral t distribution, two-sided alpha, one direction counted; equals R's
    `power.t.test(delta, sd, sig.level, power, type = "paired")` rounded up. 10⁹ stands for "more than can be had".

    Args:
        sd_difference: Standard deviation of head − base over examples, 0 or more.
        delta: The difference to find, above 0, in the same points.
    """
    if not (sd_difference >= 0 and delta > 0):
        raise ValueError(f"no sample size finds a difference of {delta} with a spread of {sd_difference}")
    z = NormalDist().inv_cdf
    ratio = sd_difference / delta
    normal = ((z(1 - alpha / 2) + z(power)) * ratio) ** 2 if ratio < 1e6 else math.inf
    if normal > MOST_PAIRS / 2:
        return MOST_PAIRS
    n = max(2, math.floor(normal))  # the normal approximation asks for one to three pairs too few
    while n < MOST_PAIRS and _power(n, ratio, alpha) < power:
        n += 1
    return n


def _power(n: int, ratio: float, alpha: float) -> float:
    critical = quantile(1.0 - alpha / 2, n - 1)
    shift = math.sqrt(n) / ratio if ratio else math.inf
    if shift > critical + 30:  # certain, and beyond what need be computed
        return 1.0
    return power_of_t(shift, n - 1, critical)
