"""How alike scores are: base with head, and the repeats of one example."""

from __future__ import annotations

import math
from collections.abc import Sequence

from evalbot.stats.difference import Sample, is_rounding, numbers, sample


def pearson(x: Sequence[float], y: Sequence[float]) -> float | None:
    """Pearson's correlation of two sequences of the same length, −1 to 1; None where one of them does not vary."""
    if len(x) != len(y):
        raise ValueError(f"a correlation needs pairs: {len(x)} and {len(y)} values")
    if len(x) < 2:
        return None
    x, y = numbers(x, "x"), numbers(y, "y")
    return correlation_of(x, y, sample(x), sample(y))


def correlation_of(x: Sequence[float], y: Sequence[float], a: Sample, b: Sample) -> float | None:
    """As `pearson`, of finite pairs whose moments are known."""
    if is_rounding(a.sd, a.mean) or is_rounding(b.sd, b.mean):
        return None
    p, q, r = a.mean, b.mean, a.sd  # r first, so that products of tiny scales do not vanish
    products = math.fsum([(u - p) / r * (v - q) for u, v in zip(x, y, strict=True)])
    return max(-1.0, min(1.0, products / b.sd / (a.n - 1)))


def intra_example_correlation(repeats: Sequence[Sequence[float]]) -> float | None:
    """ICC(1): the share of variance that lies between examples, from repeated scores of each.

    Near 1, repeats say the same and more examples help; near 0, repeats differ and averaging them helps. One-way random
    effects, numbers of repeats may differ; negative where repeats differ more than examples do. None where fewer than two
    examples, no example with two repeats, or no variance at all.

    Source: Shrout and Fleiss, Psychological Bulletin 86 (1979) 420-428; unequal sizes by Donner (1986).
    """
    groups = [numbers(group, f"repeats[{i}]") for i, group in enumerate(repeats) if group]
    total, count = sum(map(len, groups)), len(groups)
    if count < 2 or total == count:
        return None
    everything = [value for group in groups for value in group]
    if min(everything) == max(everything):
        return None
    grand = math.fsum(everything) / total
    means = [math.fsum(group) / len(group) for group in groups]
    between = math.fsum([len(g) * (m - grand) ** 2 for g, m in zip(groups, means, strict=True)]) / (count - 1)
    within = math.fsum([(v - m) ** 2 for g, m in zip(groups, means, strict=True) for v in g]) / (total - count)
    size = (total - sum(len(group) ** 2 for group in groups) / total) / (count - 1)
    variance = between + (size - 1.0) * within
    return (between - within) / variance if variance > 0 else None
