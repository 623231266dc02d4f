import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_ind

from evalbot.stats.welch import welch
from tests.stats.vectors import name, of_kind

SCORES = st.lists(st.sampled_from([1.0, 4 / 3, 2.0, 2.5, 10 / 3, 4.0, 13 / 3, 5.0]), min_size=2, max_size=40)


@pytest.mark.parametrize("case", of_kind("welch") + [c for c in of_kind("verdict") if "p" in c["expected"]], ids=name)
def test_welch_gives_the_published_numbers(case):
    got, want, near = welch(case["input"]["base"], case["input"]["head"]), case["expected"], {"rel": case["tol"], "abs": 1e-12}
    assert got.effect == pytest.approx(want["effect"], **near)
    assert got.se == pytest.approx(want["se"], **near)
    assert got.p == pytest.approx(want["p"], **near)
    assert got.ci == pytest.approx(tuple(want["ci"]), **near)
    for found, expected in ((got.t, want["t"]), (got.df, want["df"])):
        assert found is None if expected is None else found == pytest.approx(expected, **near)
    assert got.degenerate is want.get("degenerate", False)


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # scipy's own, on a constant side
@settings(max_examples=200)
@given(SCORES, SCORES)
def test_welch_equals_scipy_wherever_scores_vary(base, head):
    got = welch(base, head)
    if got.degenerate:
        assert max(base) == min(base)
        assert max(head) == min(head)
        return
    want = ttest_ind(base, head, equal_var=False)
    assert got.t == pytest.approx(want.statistic, rel=1e-9, abs=1e-9)
    assert got.df == pytest.approx(want.df, rel=1e-9)
    assert got.p == pytest.approx(want.pvalue, rel=1e-9, abs=1e-15)
    low, high = want.confidence_interval(0.95)  # scipy's is of base - head
    assert got.ci == pytest.approx((-high, -low), rel=1e-9, abs=1e-9)


@settings(max_examples=100)
@given(SCORES, SCORES)
def test_swapping_the_sides_turns_every_sign_and_keeps_p(base, head):
    there, back = welch(base, head), welch(head, base)
    assert back.p == pytest.approx(there.p, rel=1e-12)
    assert back.effect == pytest.approx(-there.effect)
    assert back.ci == pytest.approx((-there.ci[1], -there.ci[0]))
    assert back.t is None if there.t is None else back.t == pytest.approx(-there.t)


@settings(max_examples=100)
@given(SCORES, SCORES, st.sampled_from([-3.0, 0.25, 7.0, 1000.0]))
def test_adding_a_constant_to_every_score_changes_no_result(base, head, shift):
    there, moved = welch(base, head), welch([x + shift for x in base], [x + shift for x in head])
    assert moved.p == pytest.approx(there.p, rel=1e-6, abs=1e-12)
    assert moved.effect == pytest.approx(there.effect, abs=1e-9)


@settings(max_examples=100)
@given(SCORES, SCORES, st.sampled_from([1e-60, 1e-3, 7.0, 1e60]))
def test_another_unit_scales_the_effect_and_keeps_p(base, head, unit):
    there, scaled = welch(base, head), welch([x * unit for x in base], [x * unit for x in head])
    assert scaled.p == pytest.approx(there.p, rel=1e-9, abs=1e-12)
    assert scaled.effect == pytest.approx(there.effect * unit, rel=1e-9, abs=unit * 1e-12)
    assert scaled.degenerate is there.degenerate


def test_equal_constants_have_p_1_even_where_scipy_finds_significance():
    """13/3 ten and thirty times: scipy 1.17.1 says t = 5.24, p = 0.0001 (scipy issue 14418)."""
    assert welch([13 / 3] * 10, [13 / 3] * 30).p == 1.0


def test_means_that_differ_by_rounding_only_are_equal():
    got = welch([13 / 3] * 10, [math.nextafter(13 / 3, 5)] * 10)
    assert (got.p, got.effect, got.degenerate) == (1.0, 0.0, True)


def test_different_constants_have_p_0_and_no_statistic():
    got = welch([5] * 12, [4] * 12)
    assert (got.p, got.t, got.df, got.ci, got.degenerate) == (0.0, None, None, (-1.0, -1.0), True)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, True, "5", 1e300, 10**400])
def test_what_is_no_number_is_refused_by_its_position(bad):
    with pytest.raises(ValueError, match=r"head\[1\]"):
        welch([4.0, 5.0], [4.0, bad, 3.0])
    with pytest.raises(ValueError, match=r"base\[0\]"):
        welch([bad, 4.0], [4.0, 3.0])


@pytest.mark.parametrize(("base", "head"), [([], []), ([5.0], [4.0, 3.0]), ([5.0, 4.0], [])])
def test_fewer_than_two_scores_a_side_are_no_test(base, head):
    with pytest.raises(ValueError, match="two scores a side"):
        welch(base, head)
