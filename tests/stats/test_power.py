import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.stats.correlation import intra_example_correlation, pearson
from evalbot.stats.golden import broken, calls_per_example, false_block
from evalbot.stats.power import min_detectable_effect, pairs_needed
from evalbot.stats.proportions import clopper_pearson, wilson
from tests.stats.vectors import name, of_kind


@pytest.mark.parametrize("case", of_kind("n_pairs"), ids=name)
def test_pairs_needed_equals_r(case):
    given_ = case["input"]
    assert pairs_needed(given_["sd_diff"], given_["delta"], given_["alpha"], given_["power"]) == case["expected"]["n"]


@settings(max_examples=100)
@given(st.floats(0.0, 1e6), st.floats(1e-6, 1e3))
def test_pairs_needed_is_always_a_number_that_can_be_printed(spread, delta):
    assert 2 <= pairs_needed(spread, delta) <= 10**9


@settings(max_examples=50)
@given(st.floats(0.05, 5.0), st.floats(0.05, 2.0))
def test_more_spread_never_needs_fewer_pairs(spread, delta):
    assert pairs_needed(spread * 1.2, delta) >= pairs_needed(spread, delta) >= pairs_needed(spread, delta * 1.2)


@pytest.mark.parametrize(("spread", "delta"), [(1.0, 0.0), (-1.0, 0.3), (math.nan, 0.3), (1.0, math.nan)])
def test_pairs_needed_refuses_what_no_sample_size_answers(spread, delta):
    with pytest.raises(ValueError, match="no sample size"):
        pairs_needed(spread, delta)


@pytest.mark.parametrize("case", of_kind("mde"), ids=name)
def test_the_smallest_effect_follows_the_formula(case):
    given_, want = case["input"], case["expected"]
    common = (given_["se"], given_["df"], given_["alpha"], given_["power"])
    assert min_detectable_effect(*common) == pytest.approx(want["significance"], rel=case["tol"])
    assert min_detectable_effect(*common, given_["min_effect"]) == pytest.approx(want["block"], rel=case["tol"])


def test_a_standard_error_below_zero_is_refused():
    with pytest.raises(ValueError, match="standard error"):
        min_detectable_effect(-1.0, 9)


@pytest.mark.parametrize("case", of_kind("binom_ci"), ids=name)
def test_intervals_of_a_pass_rate_equal_r(case):
    k, n = case["input"]["k"], case["input"]["n"]
    assert clopper_pearson(k, n) == pytest.approx(tuple(case["expected"]["clopper_pearson"]), rel=case["tol"])
    assert wilson(k, n) == pytest.approx(tuple(case["expected"]["wilson"]), rel=case["tol"])


def test_a_pass_rate_of_nothing_is_anywhere():
    assert wilson(0, 0) == clopper_pearson(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize("interval", [wilson, clopper_pearson])
def test_intervals_are_symmetric_and_start_at_zero(interval):
    low, high = interval(0, 10)
    assert low == 0.0
    assert interval(10, 10) == pytest.approx((1 - high, 1.0))
    with pytest.raises(ValueError, match="11 of 10"):
        interval(11, 10)


@pytest.mark.parametrize("case", of_kind("golden_false_block"), ids=name)
def test_golden_rules_block_as_often_as_the_closed_form_says(case):
    p, n, want = case["input"]["p"], case["input"]["n"], case["expected"]
    assert false_block(p, n, confirm=0) == pytest.approx(want["strict"], rel=case["tol"])
    assert false_block(p, n, confirm=2) == pytest.approx(want["confirm_2_of_3"], rel=case["tol"])
    assert false_block(p, n) == pytest.approx(want["confirm_3_of_5"], rel=case["tol"])


def test_a_dead_example_is_always_found_and_a_perfect_one_never_blamed():
    assert broken(0.0) == 1.0
    assert broken(1.0) == 0.0
    assert false_block(0.5, 0) == 0.0


def test_an_example_that_fails_half_the_time_is_found_in_34_of_100_runs():
    """Half of 11/16, by hand: the first answer fails, and at least two of four more do."""
    assert broken(0.5) == pytest.approx(0.5 * 11 / 16)


def test_confirming_costs_four_calls_per_first_failure():
    assert calls_per_example(0.98) == pytest.approx(1.08)


@pytest.mark.parametrize("rule", [{"p": 1.1}, {"p": 0.5, "confirm": -1}, {"p": 0.5, "broken_at": 6}, {"p": 0.5, "broken_at": 0}])
def test_impossible_golden_rules_are_refused(rule):
    with pytest.raises(ValueError, match="no rule"):
        broken(**rule)


def test_correlation_equals_numpy():
    import numpy as np

    x, y = [5, 4, 3, 5, 2, 4, 5, 3], [4, 3, 3, 5, 1, 3, 5, 4]
    assert pearson(x, y) == pytest.approx(np.corrcoef(x, y)[0, 1], rel=1e-12)


def test_correlation_is_none_where_nothing_varies():
    assert pearson([], []) is None
    assert pearson([4.0], [5.0]) is None
    assert pearson([13 / 3] * 10, list(range(10))) is None
    with pytest.raises(ValueError, match="pairs"):
        pearson([1.0], [1.0, 2.0])


def test_intra_example_correlation_gives_shrout_and_fleiss_number():
    """Shrout and Fleiss (1979), table 2: six targets, four judges, ICC(1,1) = .17."""
    targets = [(9, 2, 5, 8), (6, 1, 3, 2), (8, 4, 6, 8), (7, 1, 2, 6), (10, 5, 6, 9), (6, 2, 4, 7)]
    assert intra_example_correlation(targets) == pytest.approx(0.1657, abs=5e-5)


def test_intra_example_correlation_of_nothing_is_none():
    for repeats in ([], [[1.0, 2.0]], [[1.0], [2.0]], [[4.0, 4.0], [4.0, 4.0]], [[], []], [[1e-200, 2e-200], [1e-200, 3e-200]]):
        assert intra_example_correlation(repeats) is None
    assert intra_example_correlation([[1.0, 1.0], [5.0, 5.0, 5.0]]) == pytest.approx(1.0)
