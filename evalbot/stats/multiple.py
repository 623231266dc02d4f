"""p-values of several comparisons, adjusted so that many looks do not find what is not there."""

from __future__ import annotations

from collections.abc import Sequence


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjusted p-values, in the order given.

    Reject those below alpha, and the chance of any false rejection stays below alpha, however the comparisons depend on
    each other.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979) 65-70; equals R's `p.adjust(p, "holm")`.
    """
    adjusted, floor, count = [0.0] * _checked(p), 0.0, len(p)
    for rank, index in enumerate(sorted(range(count), key=p.__getitem__)):
        floor = max(floor, min(1.0, (count - rank) * p[index]))
        adjusted[index] = floor
    return adjusted


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """Adjusted p-values that bound the share of false findings among all findings, in the order given.

    Source: Benjamini and Hochberg, JRSS B 57 (1995) 289-300; equals R's `p.adjust(p, "BH")`.
    """
    adjusted, ceiling, count = [0.0] * _checked(p), 1.0, len(p)
    for rank, index in reversed(list(enumerate(sorted(range(count), key=p.__getitem__), start=1))):
        ceiling = min(ceiling, p[index] * count / rank)
        adjusted[index] = ceiling
    return adjusted


def _checked(p: Sequence[float]) -> int:
    for position, value in enumerate(p):
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"p[{position}]: {value!r} is no probability")
    return len(p)
