"""The paired t-test on the same examples at both sides, with cluster-robust errors where examples share an origin."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence

from evalbot.stats.difference import ROUNDING, Difference, Sample, decided, is_rounding, numbers, sample, tested


def paired(base: Sequence[float], head: Sequence[float], clusters: Sequence[str] | None = None) -> Difference:
    """Whether the mean of head − base over the same examples differs from 0, two-sided.

    `t`, `effect` and `ci` are head − base; without clusters this is `scipy.stats.ttest_rel(head, base)`.

    Args:
        base: At least two finite scores, one an example.
        head: The scores of the same examples in the same order.
        clusters: What each example shares with others (a conversation, a template); None where all are independent.
            With C clusters the standard error is √(C/(C−1) · Σ_c (Σ_{i∈c} (d_i − d̄))²) / n with C − 1 degrees of freedom.
            Fewer than 10 clusters make it too small; the caller has to refuse those.

    Raises:
        ValueError: Lengths differ, fewer than two pairs or clusters, or a score that is no finite number.

    Source: E. Miller, "Adding Error Bars to Evals", arXiv 2411.00640, appendix A, with the small-sample factor C/(C−1).
    """
    if len(base) != len(head):
        raise ValueError(f"a pair needs both scores: {len(base)} at base, {len(head)} at head")
    differences = differences_of(numbers(base, "base"), numbers(head, "head"))
    if len(differences) < 2:
        raise ValueError(f"the paired test needs two pairs, not {len(differences)}")
    base_size, head_size = max(map(abs, base)), max(map(abs, head))
    return paired_of(differences, sample(differences), clusters, largest=max(base_size, head_size))


def differences_of(base: Sequence[float], head: Sequence[float]) -> list[float]:
    """Head − base by example, of finite pairs; exactly 0 where the two differ by no more than rounding."""
    return [d if abs(d := h - b) > ROUNDING * abs(b) else 0.0 for b, h in zip(base, head, strict=True)]


def paired_of(
    differences: Sequence[float], moments: Sample, clusters: Sequence[str] | None = None, *, largest: float
) -> Difference:
    """The paired test from differences and their moments; `largest` is the size of the largest score behind them."""
    groups = len(set(clusters)) if clusters is not None else moments.n
    if groups < 2:
        raise ValueError(f"cluster-robust errors need two clusters, not {groups}")
    mean = moments.mean
    se = moments.sd / math.sqrt(moments.n) if clusters is None else _clustered_se(differences, mean, clusters)
    if is_rounding(se, mean) or is_rounding(moments.sd, largest):
        return decided(mean, largest)
    return tested(mean, se, mean / se, groups - 1)


def _clustered_se(differences: Sequence[float], mean: float, clusters: Sequence[str]) -> float:
    deviations: dict[str, list[float]] = defaultdict(list)
    for difference, cluster in zip(differences, clusters, strict=True):
        deviations[cluster].append(difference - mean)
    count = len(deviations)
    spread = math.hypot(*map(math.fsum, deviations.values()))
    return math.sqrt(count / (count - 1)) * spread / len(differences)
