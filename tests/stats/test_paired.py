import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel

from evalbot.stats.drop_bound import drop_bound, padded_se
from evalbot.stats.paired import differences_of, paired
from evalbot.stats.sign_flip import sign_flip
from tests.stats.vectors import name, of_kind

SCORE = st.sampled_from([1.0, 4 / 3, 2.0, 2.5, 10 / 3, 4.0, 13 / 3, 5.0])
PAIRS = st.lists(st.tuples(SCORE, SCORE), min_size=2, max_size=40)


@pytest.mark.parametrize("case", of_kind("paired"), ids=name)
def test_paired_gives_the_published_numbers(case):
    given_, want, near = case["input"], case["expected"], {"rel": case["tol"], "abs": 1e-12}
    got = paired(given_["base"], given_["head"], given_.get("clusters"))
    assert got.effect == pytest.approx(want["mean"], **near)
    assert got.se == pytest.approx(want["se"], **near)
    assert got.p == pytest.approx(want["p"], **near)
    assert got.ci == pytest.approx(tuple(want["ci"]), **near)
    if want["t"] is None:  # decided before the test: this code gives no degrees of freedom either
        assert (got.t, got.df) == (None, None)
    else:
        assert got.t == pytest.approx(want["t"], **near)
        assert got.df == want["df"]


@pytest.mark.parametrize("case", of_kind("paired"), ids=name)
def test_the_drop_bound_gives_the_reference_numbers(case):
    given_, want = case["input"], case["expected"]
    differences = differences_of(given_["base"], given_["head"])
    clusters = given_.get("clusters")
    df = len(set(clusters)) - 1 if clusters else None
    assert padded_se(differences, 1.0) == pytest.approx(want["se_pad"], rel=case["tol"])
    assert drop_bound(differences, 1.0, df) == pytest.approx(want["drop_bound95"], rel=case["tol"])


@pytest.mark.parametrize("case", [c for c in of_kind("paired") if "signflip_p_exact" in c["expected"]], ids=name)
def test_the_sign_flip_test_gives_the_exact_p(case):
    differences = differences_of(case["input"]["base"], case["input"]["head"])
    assert sum(d != 0 for d in differences) == case["expected"]["n_nonzero"]
    assert sign_flip(differences) == pytest.approx(case["expected"]["signflip_p_exact"], rel=case["tol"])


@pytest.mark.filterwarnings("ignore:Precision loss:RuntimeWarning")  # scipy's own, on a constant side
@settings(max_examples=200)
@given(PAIRS)
def test_paired_equals_scipy_wherever_differences_vary(pairs):
    base, head = map(list, zip(*pairs, strict=True))
    got = paired(base, head)
    if got.degenerate:
        spread = [h - b for b, h in pairs]
        assert max(spread) - min(spread) < 1e-12
        return
    want = ttest_rel(head, base)
    assert got.t == pytest.approx(want.statistic, rel=1e-9, abs=1e-9)
    assert got.p == pytest.approx(want.pvalue, rel=1e-9, abs=1e-15)
    assert got.ci == pytest.approx(tuple(want.confidence_interval(0.95)), rel=1e-9, abs=1e-9)


@settings(max_examples=100)
@given(PAIRS)
def test_swapping_the_sides_turns_every_sign_and_keeps_p(pairs):
    base, head = map(list, zip(*pairs, strict=True))
    there, back = paired(base, head), paired(head, base)
    assert back.p == pytest.approx(there.p, rel=1e-12)
    assert back.effect == pytest.approx(-there.effect)
    assert back.t is None if there.t is None else back.t == pytest.approx(-there.t)


@settings(max_examples=100)
@given(PAIRS, st.sampled_from([1e-60, 1e-3, 7.0, 1e60]))
def test_another_unit_scales_the_effect_and_keeps_p(pairs, unit):
    base, head = map(list, zip(*pairs, strict=True))
    there, scaled = paired(base, head), paired([x * unit for x in base], [x * unit for x in head])
    assert scaled.p == pytest.approx(there.p, rel=1e-9, abs=1e-12)
    assert scaled.effect == pytest.approx(there.effect * unit, rel=1e-9, abs=unit * 1e-12)


def test_every_example_its_own_cluster_is_the_plain_test():
    base, head = [5, 4, 3, 5, 2, 4, 5, 3, 4, 5], [4, 3, 3, 5, 1, 3, 5, 3, 4, 4]
    plain, clustered = paired(base, head), paired(base, head, [str(i) for i in range(10)])
    assert clustered.se == pytest.approx(plain.se, rel=1e-12)
    assert clustered.df == plain.df


def test_equal_drops_that_differ_by_rounding_only_decide_by_their_sign():
    base = [4.4, 3.4, 2.7, 1.9, 4.9, 3.3]
    got = paired(base, [score - 0.1 for score in base])
    assert (got.p, got.t, got.degenerate) == (0.0, None, True)


def test_the_same_means_summed_in_another_order_are_no_difference():
    got = paired([(4.1 + 4.2 + 4.4) / 3] * 10, [(4.4 + 4.2 + 4.1) / 3] * 10)
    assert (got.p, got.effect) == (1.0, 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, None, False])
def test_what_is_no_number_is_refused_by_its_position(bad):
    with pytest.raises(ValueError, match=r"head\[2\]"):
        paired([4.0, 5.0, 3.0], [4.0, 5.0, bad])


def test_pairs_need_both_scores_and_there_must_be_two():
    with pytest.raises(ValueError, match="3 at base, 2 at head"):
        paired([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="two pairs"):
        paired([], [])
    with pytest.raises(ValueError, match="two clusters"):
        paired([1, 2, 3], [1, 2, 4], ["a", "a", "a"])
    with pytest.raises(ValueError, match="two pairs"):
        drop_bound([0.5], 1.0)


def test_nothing_changed_has_sign_flip_p_1():
    assert sign_flip([]) == 1.0
    assert sign_flip([0.0, 0.0]) == 1.0


def test_many_differences_are_flipped_at_random_and_by_seed():
    """Seventeen equal drops: the exact p is 2 / 2**17, and 20,000 flips can say no less than 1 / 20,001."""
    drops = [-1.0] * 17
    assert sign_flip(drops, "ids") == pytest.approx(1 / 20_001, rel=2.1)
    mixed = [(-1) ** i * (1 + i % 3) for i in range(40)]
    assert sign_flip(mixed, "ids") == sign_flip(mixed, "ids")
    assert 0.5 < sign_flip(mixed, "ids") <= 1.0


def test_flips_agree_with_the_t_test_on_plain_data():
    differences = [((i * 7) % 11 - 4) / 2 for i in range(30)]
    assert sign_flip(differences, "x") == pytest.approx(paired([0.0] * 30, differences).p, abs=0.02)


def test_a_wide_cluster_error_widens_the_bound():
    differences = [-1.0, 0.0] * 10
    assert drop_bound(differences, 1.0, 9, se=1.0) > drop_bound(differences, 1.0, 9)
