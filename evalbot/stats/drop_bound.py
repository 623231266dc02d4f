"""The largest drop that the data still allow: what turns "no change" into "ruled out" or "cannot tell"."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evalbot.stats.student import quantile


def padded_se(differences: Sequence[float], pad: float) -> float:
    """Standard error of a mean difference as if two more examples had moved, one up and one down, by `pad`.

    √((Σ d² + 2·pad²) / (n·(n + 2))). The plain standard error says "ruled out" too often while few examples differ: at a
    true drop of 0.3 in up to 17 % of runs instead of 5 %, this one in up to 7.5 %. Our own construction.

    Args:
        differences: Head − base by example, at least one.
        pad: A quarter of the width of the scale, 1 on 1 to 5.
    """
    n = len(differences)
    return math.sqrt((math.fsum([d * d for d in differences]) + 2 * pad * pad) / (n * (n + 2)))


def drop_bound(
    differences: Sequence[float], pad: float, df: float | None = None, *, se: float = 0.0, confidence: float = 0.95
) -> float:
    """The largest mean drop that fits the data at one-sided `confidence`, in points; negative where only a rise fits.

    t(confidence, df) · SE − mean, SE being the padded one or `se` where that is larger (cluster-robust errors).

    Args:
        differences: Head − base by example, at least two.
        pad: A quarter of the width of the scale.
        df: n − 1 where None; the number of clusters − 1 where examples are clustered.
    """
    n = len(differences)
    if n < 2:
        raise ValueError(f"a bound needs two pairs, not {n}")
    error = max(padded_se(differences, pad), se)
    return quantile(confidence, n - 1 if df is None else df) * error - math.fsum(differences) / n
