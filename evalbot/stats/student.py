"""Student's t: the two numbers that every test here needs of it."""

from __future__ import annotations

from functools import lru_cache


def two_sided_p(t: float, df: float) -> float:
    """P(|T| ≥ |t|) for `df` > 0 degrees of freedom, whole or not."""
    from scipy.special import stdtr

    return min(1.0, 2.0 * float(stdtr(df, -abs(t))))


@lru_cache(maxsize=4096)
def quantile(p: float, df: float) -> float:
    """The value that T stays below with probability `p`, 0 < p < 1."""
    from scipy.special import stdtrit

    return float(stdtrit(df, p))
