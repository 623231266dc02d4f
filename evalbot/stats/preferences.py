"""Wins, losses and ties of paired comparisons: the exact sign test, the share of wins, and the pull of length."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from evalbot.stats.flips import mcnemar
from evalbot.stats.proportions import clopper_pearson


@dataclass(frozen=True, slots=True)
class Preferences:
    """How often head was preferred over base, example by example.

    Attributes:
        wins: Examples on which head was preferred.
        ties: Examples on which neither was.
        losses: Examples on which base was preferred.
        p: Two-sided exact p of the sign test on the decided examples; 1 where none is decided.
        p_mid: The same, mid-p.
        win_rate: Wins among the decided, 0 to 1; None where none is decided.
        ci: Exact (Clopper-Pearson) 95 % interval of it; (0, 1) where none is decided.
    """

    wins: int
    ties: int
    losses: int
    p: float
    p_mid: float
    win_rate: float | None
    ci: tuple[float, float]


def preferences(balances: Iterable[float]) -> Preferences:
    """The sum of a comparison.

    Args:
        balances: One number an example: above 0 where head was preferred (on the mean of its epochs), below 0 where base
            was, 0 for a tie.

    Ties say nothing about direction and are left out of the test, as the sign test does: W. J. Dixon and A. M. Mood,
    JASA 41 (1946) 557-566; it is the binomial test with probability ½, equal to R's `binom.test(wins, wins + losses)`.
    """
    found = list(balances)
    wins, losses = sum(value > 0 for value in found), sum(value < 0 for value in found)
    p, decided = mcnemar(losses, wins), wins + losses
    return Preferences(
        wins, len(found) - decided, losses, p.exact, p.mid_p, wins / decided if decided else None, clopper_pearson(wins, decided)
    )


@dataclass(frozen=True, slots=True)
class LengthPull:
    """How often the longer of two answers was preferred, among the decided examples with answers of different length.

    `ci` is the exact 95 % interval of `longer_won / decided`. A judge without a taste for length has one half, as long as
    the longer answers are no better; an interval that leaves one half out is a reason to look, not a proof.
    """

    longer_won: int
    decided: int
    ci: tuple[float, float]


def length_pull(decided: Iterable[tuple[float, float]]) -> LengthPull:
    """The pull of length from (balance, characters of head − characters of base), one an example; zeros count for nothing."""
    signs = [balance * longer > 0 for balance, longer in decided if balance and longer]
    return LengthPull(sum(signs), len(signs), clopper_pearson(sum(signs), len(signs)))
