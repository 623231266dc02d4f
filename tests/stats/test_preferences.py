"""Wins, losses and ties: the sign test and intervals beside scipy's."""

from __future__ import annotations

import pytest
from scipy.stats import binomtest

from evalbot.stats.preferences import length_pull, preferences


@pytest.mark.parametrize(("wins", "ties", "losses"), [(9, 3, 1), (0, 0, 6), (7, 40, 7), (30, 2, 18), (1, 0, 0)])
def test_the_sign_test_and_the_interval_are_those_of_scipy_on_the_decided(wins: int, ties: int, losses: int) -> None:
    found = preferences([1.0] * wins + [0.0] * ties + [-0.5] * losses)
    expected = binomtest(wins, wins + losses)
    interval = expected.proportion_ci(0.95, "exact")
    assert (found.wins, found.ties, found.losses) == (wins, ties, losses)
    assert found.p == pytest.approx(expected.pvalue, rel=1e-12)
    assert found.win_rate == pytest.approx(wins / (wins + losses))
    assert found.ci == pytest.approx((interval.low, interval.high), abs=1e-12)


@pytest.mark.parametrize("balances", [[], [0.0, 0.0]])
def test_nothing_decided_says_nothing(balances: list[float]) -> None:
    found = preferences(balances)
    assert (found.p, found.win_rate, found.ci) == (1.0, None, (0.0, 1.0))


def test_only_decided_examples_with_answers_of_different_length_tell_of_a_taste_for_length() -> None:
    # by hand: won by the longer (1, 30) and (-1, -5); by the shorter (1, -2); a tie and equal lengths count for nothing
    found = length_pull([(1, 30), (-1, -5), (1, -2), (0, 90), (1, 0)])
    assert (found.longer_won, found.decided) == (2, 3)
    assert length_pull([]).ci == (0.0, 1.0)
