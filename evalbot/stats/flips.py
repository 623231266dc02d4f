"""McNemar's test on examples that pass at one side and fail at the other."""

from __future__ import annotations

from math import comb
from typing import NamedTuple


class McNemar(NamedTuple):
    """Two-sided p-values, 0 to 1: `mid_p` for the verdict line, `exact` for the record."""

    exact: float
    mid_p: float


def mcnemar(b: int, c: int) -> McNemar:
    """Whether flips in one direction outnumber those in the other, by the binomial with probability ½ on b + c flips.

    Args:
        b: Examples that pass at base and fail at head, 0 or more.
        c: Examples that fail at base and pass at head.

    Without any flip both are 1. At least 6 flips, all one way, make `exact` < 0.05 (5 make `mid_p` < 0.05).

    Source: Fagerland, Lydersen and Laake, BMC Medical Research Methodology 13 (2013) 91: mid-p keeps its level, exact is
    needlessly careful.
    """
    if b < 0 or c < 0:
        raise ValueError(f"counts of flips cannot be negative: {b} and {c}")
    n, fewer = b + c, min(b, c)
    if n == 0:
        return McNemar(1.0, 1.0)
    patterns = 2**n  # whole numbers, so that the quotient is rounded once
    at_most = sum(comb(n, k) for k in range(fewer + 1))
    here = comb(n, fewer)
    as_extreme = patterns if b == c else 2 * at_most
    equally = here if b == c else 2 * here
    return McNemar(as_extreme / patterns, (2 * as_extreme - equally) / (2 * patterns))
