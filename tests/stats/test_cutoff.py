"""The best cut-off, on cases small enough to be worked out by hand, and the interval of the area against a simulation."""

from __future__ import annotations

import random
from statistics import fmean, stdev

import pytest

from evalbot.stats.cutoff import FEWEST, _interval, best_cutoff

HIGH = [0.80, 0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.88, 0.89]
LOW = [0.20, 0.21, 0.22, 0.23, 0.24, 0.25, 0.26, 0.27, 0.28, 0.29]


def test_apart_the_middle_of_the_gap_is_taken_and_all_are_right() -> None:
    found = best_cutoff(HIGH, LOW)
    assert found.value == pytest.approx((0.29 + 0.80) / 2)
    assert (found.good, found.bad, found.auc, found.ci, found.left_out) == ((10, 10), (10, 10), 1.0, (1.0, 1.0), (20, 20))
    assert found.tells


def test_one_outlier_of_each_kind() -> None:
    """9 of 10 on either side; 10 × 10 pairs, of which the good outlier loses 10 and the bad one 9 more: 81 wins of 100."""
    found = best_cutoff([*HIGH[1:], 0.1], [*LOW[1:], 0.9])
    assert (found.good, found.bad) == ((9, 10), (9, 10))
    assert found.auc == pytest.approx(0.81)
    assert 0.29 < found.value < 0.81


def test_the_interval_is_that_of_the_formula() -> None:
    """By hand for 8 of 10 wins with two of each kind: Q1 = 0.8 / 1.2, Q2 = 1.28 / 1.8; and as wide as a simulation says."""
    low, high = _interval(0.8, 2, 2)
    variance = (0.8 * 0.2 + (0.8 / 1.2 - 0.64) + (1.28 / 1.8 - 0.64)) / 4
    assert (0.8 - low) / 1.959964 == pytest.approx(variance**0.5)
    assert high == 1.0

    luck = random.Random(11)
    areas = [best_cutoff([luck.gauss(1, 1) for _ in range(30)], [luck.gauss(0, 1) for _ in range(30)]).auc for _ in range(200)]
    low, high = _interval(fmean(areas), 30, 30)
    assert (high - low) / 2 / 1.96 == pytest.approx(stdev(areas), rel=0.2)


def test_scores_that_say_nothing_tell_nothing() -> None:
    luck = random.Random(3)
    found = best_cutoff([luck.random() for _ in range(60)], [luck.random() for _ in range(60)])
    assert not found.tells


def test_left_out_answers_are_told_right_less_often_than_those_that_made_the_cutoff() -> None:
    luck = random.Random(5)
    fitted = left_out = 0
    for _ in range(30):
        found = best_cutoff([luck.random() for _ in range(12)], [luck.random() for _ in range(12)])
        fitted += found.good[0] + found.bad[0]
        left_out += found.left_out[0]
    assert left_out < fitted


def test_equal_scores_tell_nothing() -> None:
    found = best_cutoff([0.5] * 10, [0.5] * 10)
    assert (found.value, found.auc, found.tells) == (0.5, 0.5, False)


def test_backwards_scores_tell_nothing() -> None:
    assert not best_cutoff(LOW, HIGH).tells


@pytest.mark.parametrize(("good", "bad"), [([], []), (HIGH, LOW[: FEWEST - 1]), (HIGH[:9], LOW), ([*HIGH, float("nan")], LOW)])
def test_too_few_or_no_numbers_are_refused(good: list[float], bad: list[float]) -> None:
    with pytest.raises(ValueError, match=r"too few|finite"):
        best_cutoff(good, bad)
