"""How often a rule that every golden example must pass blocks a harmless change, with and without confirmation."""

from __future__ import annotations

from math import comb


def broken(p: float, confirm: int = 4, broken_at: int | None = None) -> float:
    """The chance that one example counts as broken when each of its answers passes with probability `p`.

    A first failure is followed by `confirm` fresh answers, and `broken_at` failures among all `confirm + 1` (default the
    majority) break it. `confirm` 0 is the literal single-run rule.
    """
    needed = (confirm + 1) // 2 + 1 if broken_at is None else broken_at
    if not 0.0 <= p <= 1.0 or confirm < 0 or not 1 <= needed <= confirm + 1:
        raise ValueError(f"no rule: pass probability {p}, {confirm} confirmations, broken at {broken_at}")
    q = 1.0 - p
    return q * sum(comb(confirm, k) * q**k * p ** (confirm - k) for k in range(needed - 1, confirm + 1))


def false_block(p: float, n: int, confirm: int = 4, broken_at: int | None = None) -> float:
    """The chance that at least one of `n` independent examples counts as broken; with `p` near 1 a false alarm."""
    return 1.0 - (1.0 - broken(p, confirm, broken_at)) ** n


def calls_per_example(p: float, confirm: int = 4) -> float:
    """Answers asked for per example on average: the first, and `confirm` more where it fails."""
    return 1.0 + (1.0 - p) * confirm
