"""What missing scores could hide: the same comparison with every one of them at its worst, and losses of one side only."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from math import comb

LOPSIDED = 0.05


def at_worst(
    base: Mapping[str, float], head: Mapping[str, float], planned: Collection[str], *,
    scale: tuple[float, float], lower_is_better: bool = False,
) -> tuple[dict[str, float], dict[str, float]]:  # fmt: skip
    """Both sides with their gaps filled against head: missing at base is the best value, missing at head the worst.

    Compare the two again; where the conclusion differs, it is "sensitive to n missing scores". An answer that fails more
    often where it is bad makes a plain comparison of the survivors look like an improvement.

    Args:
        base: Example id → score.
        head: The same for the other side.
        planned: Ids of all examples that were to be scored.
        scale: Lowest and highest value of the metric.

    Raises:
        ValueError: The scale has an infinite end, so there is no worst.
    """
    if not all(map(math.isfinite, scale)):
        raise ValueError(f"a scale from {scale[0]} to {scale[1]} has no worst value")
    worst, best = (max(scale), min(scale)) if lower_is_better else (min(scale), max(scale))
    return dict.fromkeys(planned, best) | dict(base), dict.fromkeys(planned, worst) | dict(head)


def lopsided(missing_base: int, missing_head: int, planned: int) -> bool:
    """Whether one side lost more scores than chance explains: then what is left of the two is not alike.

    Fisher's exact test, two-sided p < 0.05, on scores lost and kept of `planned` a side. It takes 6 lost on one side alone.
    """
    return fisher_exact(missing_base, planned, missing_head, planned) < LOPSIDED


def fisher_exact(k: int, n: int, other_k: int, other_n: int) -> float:
    """Two-sided p that k of n and other_k of other_n have one probability: the sum of all tables no likelier than this one.

    Source: R. A. Fisher (1935); equals R's `fisher.test` and `scipy.stats.fisher_exact`.
    """
    if not (0 <= k <= n and 0 <= other_k <= other_n):
        raise ValueError(f"{k} of {n} and {other_k} of {other_n} are no shares")
    drawn = k + other_k
    ways = [comb(n, i) * comb(other_n, drawn - i) for i in range(max(0, drawn - other_n), min(n, drawn) + 1)]
    here = comb(n, k) * comb(other_n, other_k)
    return sum(way for way in ways if way <= here) / comb(n + other_n, drawn)
