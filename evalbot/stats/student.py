"""Student's t: the numbers that every test here needs of it, without the quarter of a second that importing scipy takes."""

from __future__ import annotations

import math
from functools import lru_cache
from statistics import NormalDist

_TINY = 1e-300  # in the place of a zero that would be divided by
_MOST_STEPS = 10_000
_MANY = 2_000.0  # degrees of freedom
_LARGEST_T = 1e150  # its square is still a float


def two_sided_p(t: float, df: float) -> float:
    """P(|T| ≥ |t|) for `df` > 0 degrees of freedom, whole or not; right to eight digits out to p = 1e-200, to eleven where p matters.

    The regularised incomplete beta function I(df / (df + t²); df/2, 1/2): Abramowitz and Stegun 26.7.1, by the continued
    fraction 26.5.8 on the side of the mean where that converges fast. Beyond 2,000 degrees of freedom by the normal
    deviate that t is worth (G. W. Hill, Algorithm 395, Communications of the ACM 13 (1970) 617-619).
    """
    if not df > 0 or math.isnan(t):
        raise ValueError(f"there is no p for t = {t} with {df} degrees of freedom")
    t = min(abs(t), _LARGEST_T)
    if t == 0.0:
        return 1.0
    if df > _MANY:
        return math.erfc(_deviate(t, df) / math.sqrt(2.0))
    square, half = t * t, df / 2
    tail, body = df / (df + square), square / (df + square)
    # x^a (1 − x)^b / B(a, b): the logarithm of 1 − body/df loses nothing where t is small
    scale = math.exp(_log_ratio(half) - half * math.log1p(square / df) + 0.5 * math.log(body / math.pi))
    if tail < (half + 1.0) / (half + 2.5):
        return min(1.0, scale * _fraction(half, 0.5, tail) / half)
    return max(0.0, 1.0 - scale * _fraction(0.5, half, body) * 2.0)


@lru_cache(maxsize=4096)
def quantile(p: float, df: float) -> float:
    """The value that T stays below with probability `p`, 0 < p < 1; right to nine digits where p is not within 1e-6 of a half."""
    if not 0 < p < 1:
        raise ValueError(f"a probability must lie between 0 and 1, not {p}")
    if p == 0.5:
        return 0.0
    wanted = 2 * min(p, 1.0 - p)
    # Newton's method on logarithms: log P falls ever faster with log t, so that from the right every step stays right of the root.
    t = max(-NormalDist().inv_cdf(wanted / 2), 1e-12)
    for _ in range(200):
        found = two_sided_p(t, df)
        if found <= _TINY:  # too far out for a float
            t /= 16.0
            continue
        step = math.log(found / wanted) * found / (2.0 * t * _density(t, df))
        t *= math.exp(min(step, 3.0))
        if abs(step) < 1e-14:
            break
    return math.copysign(t, p - 0.5)


@lru_cache(maxsize=4096)
def power_of_t(shift: float, df: float, critical: float) -> float:
    """P(T > critical) of the noncentral t distribution with noncentrality `shift`; right to 1e-8.

    T is (Z + shift) / S with S² = χ²/df, so this is the mean of Φ(shift − critical · S): the trapezoidal rule over log S,
    whose error falls exponentially with the step (Trefethen and Weideman, SIAM Review 56 (2014) 385-458).
    """
    spread = 1.0 / math.sqrt(2.0 * df)
    step = min(spread, 1.0 / max(1.0, abs(critical), abs(shift))) / 3.0  # as narrow as what is summed is steep
    low, high = -max(40.0 / df, 10.0 * spread), min(2.5, 10.0 * spread)
    powers, weights = [], []
    for at in range(math.floor(low / step), math.ceil(high / step) + 1):
        y = at * step
        weights.append(math.exp(df * y - df / 2 * math.expm1(2.0 * y)))  # the density of log S, but for a factor
        powers.append(weights[-1] * 0.5 * math.erfc((critical * math.exp(y) - shift) / math.sqrt(2.0)))
    return math.fsum(powers) / math.fsum(weights)


def mean_interval(n: int, mean: float, sd: float, confidence: float = 0.95) -> tuple[float, float] | None:
    """Student's interval for the mean of `n` values with standard deviation `sd` (n − 1); None for a single value."""
    if n < 2:
        return None
    half = quantile((1 + confidence) / 2, n - 1) * sd / n**0.5
    return mean - half, mean + half


def _deviate(t: float, df: float) -> float:
    a = df - 0.5
    b, y = 48.0 * a * a, a * math.log1p(t * t / df)
    return (((((-0.4 * y - 3.3) * y - 24.0) * y - 85.5) / (0.8 * y * y + 100.0 + b) + y + 3.0) / b + 1.0) * math.sqrt(y)


def _density(t: float, df: float) -> float:
    return math.exp(_log_ratio(df / 2) - (df + 1.0) / 2 * math.log1p(t * t / df)) / math.sqrt(df * math.pi)


def _log_ratio(a: float) -> float:
    """ln Γ(a + ½) − ln Γ(a); for large a by its asymptotic series, since the two are large and nearly equal."""
    if a < 50.0:
        return math.lgamma(a + 0.5) - math.lgamma(a)
    return 0.5 * math.log(a) - 1.0 / (8.0 * a) + 1.0 / (192.0 * a**3) - 1.0 / (640.0 * a**5)


def _fraction(a: float, b: float, x: float) -> float:
    """The continued fraction of I(x; a, b) by Lentz's method (Press et al., Numerical Recipes, 6.4)."""
    c, d = 1.0, 1.0 / _nonzero(1.0 - (a + b) * x / (a + 1.0))
    whole = d
    for m in range(1, _MOST_STEPS):
        for part in (
            m * (b - m) * x / ((a + 2 * m - 1.0) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1.0)),
        ):
            d, c = 1.0 / _nonzero(1.0 + part * d), _nonzero(1.0 + part / c)
            whole *= d * c
        if abs(d * c - 1.0) < 3e-16:
            break
    return whole


def _nonzero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
