"""What missing scores could hide: the same comparison with every one of them at its worst."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping


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
