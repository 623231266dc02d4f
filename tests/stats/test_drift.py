"""Windows against a reference: shares by Fisher's test, lengths on a logarithmic scale, and a budget of false alarms that holds."""

from __future__ import annotations

import math
import random

import pytest
from scipy.stats import fisher_exact

from evalbot.stats.difference import sample as moments
from evalbot.stats.drift import (
    WINDOWS,
    DriftRule,
    QualityState,
    ShiftState,
    length_shift,
    quality,
    share_shift,
    shares_p,
)

RULE = DriftRule()


@pytest.mark.parametrize("table", [(3, 30, 2, 100), (0, 30, 50, 100), (30, 30, 100, 100), (0, 5, 0, 5), (17, 40, 3, 200), (300, 3000, 2900, 33000)])
def test_the_p_of_two_shares_is_scipys(table: tuple[int, int, int, int]) -> None:
    k, n, other_k, other_n = table
    expected = fisher_exact([[k, n - k], [other_k, other_n - other_k]]).pvalue
    assert shares_p(*table) == pytest.approx(expected, rel=1e-6)


def each(hour, day, week):
    return dict(zip(WINDOWS, (hour, day, week), strict=True))


def test_a_share_that_changed_is_a_shift_in_either_direction_and_a_small_change_is_none() -> None:
    reference = each((60, 600), (600, 6000), (600, 6000))
    assert share_shift(each((0, 10), (120, 600), (300, 3000)), reference, RULE).state is ShiftState.SHIFTED
    assert share_shift(each((0, 10), (12, 600), (60, 3000)), reference, RULE).state is ShiftState.SHIFTED
    # 14 % after 10 %: significant with so many samples, and less than five points.
    small = share_shift(each((0, 10), (840, 6000), (840, 6000)), reference, RULE)
    assert (small.state, small.window, small.p) == (ShiftState.STEADY, "24h", 1.0)


def test_with_too_few_samples_or_without_a_reference_nothing_is_said() -> None:
    nothing = each((0, 0), (0, 0), (0, 0))
    assert share_shift(nothing, each((1, 9), (5, 50), (5, 50)), RULE).state is ShiftState.LOW_VOLUME
    assert share_shift(each((5, 50), (5, 50), (5, 50)), nothing, RULE).state is ShiftState.NO_REFERENCE
    forty = moments([math.log1p(5)] * 40)
    assert length_shift(each(None, None, None), each(None, None, None), RULE).state is ShiftState.NO_REFERENCE
    assert length_shift(each(None, moments([9.0, 9.0]), None), each(forty, forty, forty), RULE).state is ShiftState.LOW_VOLUME


def test_longer_answers_are_a_shift_whose_values_are_typical_lengths() -> None:
    rng = random.Random(4)
    usual = moments([math.log1p(round(rng.lognormvariate(6.0, 0.5))) for _ in range(2000)])
    longer = moments([math.log1p(round(rng.lognormvariate(6.3, 0.5))) for _ in range(400)])
    found = length_shift(each(None, longer, longer), each(None, usual, usual), RULE)
    assert found.state is ShiftState.SHIFTED
    assert (found.reference, found.value) == (pytest.approx(403, rel=0.05), pytest.approx(545, rel=0.05))  # e^6.0 and e^6.3


def test_a_long_window_remembers_no_fall_that_a_shorter_one_shows_to_be_over() -> None:
    rng = random.Random(5)
    good, bad = [rng.gauss(4.0, 0.8) for _ in range(3000)], [rng.gauss(3.0, 0.8) for _ in range(2000)]
    reference = each(moments(good), moments(good), moments(good))
    falling = quality(each(None, moments(bad[:400]), moments(bad + good[:400])), reference, RULE)
    over = quality(each(None, moments(good[:400]), moments(bad + good[:400])), reference, RULE)
    assert (falling.state, falling.window) == (QualityState.DEGRADED, "24h")
    assert over.state is QualityState.STEADY


def test_more_measures_share_one_budget() -> None:
    assert RULE.level(1) == pytest.approx(0.05 / 168 / 3)  # knowledge of the field: alpha .05 over 168 hours, three windows
    assert RULE.level(10) == pytest.approx(RULE.level(1) / 10)
