import dataclasses
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, Test
from tests.stats.rows import decided, keyed, row
from tests.stats.vectors import name, of_kind

FEW_CHANGED = ([4.0] * 20, [4.0] * 15 + [2.0] * 5)
PAIRED_ONLY = of_kind("paired")[1]["input"]  # twelve means of three: Welch p = 0.31, paired p = 0.00007


@pytest.mark.parametrize("case", of_kind("verdict"), ids=name)
def test_every_reference_verdict_is_reached(case):
    want = case["expected"]
    got = row(case["input"]["base"], case["input"]["head"])
    assert got.conclusion == want["conclusion"]
    assert (got.n_base, got.n_head) == (want["n_base"], want["n_head"])
    for field in ("base_mean", "head_mean", "effect"):
        if field in want:
            assert getattr(got, field) == pytest.approx(want[field], rel=case["tol"], abs=1e-12)
    if "p" in want:
        assert got.welch.p == pytest.approx(want["p"], rel=case["tol"], abs=1e-12)


def test_a_regression_is_shown():
    got = row(*(of_kind("verdict")[1]["input"][side] for side in ("base", "head")))
    assert (got.conclusion, got.assurance) == (Conclusion.REGRESSION, Assurance.SHOWN)
    assert (got.welch.t > 0, got.paired.t < 0) == (True, True)  # base - head, head - base
    assert got.p_holm is None
    assert not got.blocks


def test_a_drop_that_welch_misses_is_likely():
    got = row(PAIRED_ONLY["base"], PAIRED_ONLY["head"])
    assert (got.conclusion, got.assurance) == (Conclusion.NO_CHANGE, Assurance.LIKELY_DROP)
    assert got.n_changed == 10
    assert got.drop_bound == pytest.approx(0.562703721139579, rel=1e-9)


def test_fewer_than_six_changed_examples_are_no_likely_drop():
    got = row(*FEW_CHANGED)
    assert got.paired.p < 0.05
    assert got.conclusion is Conclusion.REGRESSION  # Welch counts examples, not changes
    paired = row(*FEW_CHANGED, gate=ScoreGate(test="paired"))
    assert (paired.conclusion, paired.assurance) == (Conclusion.NO_CHANGE, Assurance.INCONCLUSIVE)


def test_identical_scores_rule_a_drop_out():
    scores = [5, 4, 3, 5, 5, 4, 2, 5, 4, 5]
    got = row(scores, scores)
    assert (got.conclusion, got.assurance, got.n_changed) == (Conclusion.NO_CHANGE, Assurance.RULED_OUT, 0)
    assert got.drop_bound == pytest.approx(0.23665386199650143, rel=1e-9)
    assert got.correlation == pytest.approx(1.0)
    assert got.n_needed is None


def test_a_trivial_change_that_is_bounded_is_ruled_out():
    case = next(c for c in of_kind("verdict") if c["id"] == "verdict-trivial")["input"]
    got = row(case["base"], case["head"])
    assert (got.conclusion, got.assurance) == (Conclusion.TRIVIAL, Assurance.RULED_OUT)


def test_a_significant_drop_just_below_the_limit_is_likely_not_ruled_out():
    base, head = [5.0, 4.0] * 20, [5.0, 4.0] * 14 + [4.0, 3.0] * 6
    got = row(base, head, gate=ScoreGate(min_effect=0.32))
    assert (got.conclusion, got.assurance) == (Conclusion.TRIVIAL, Assurance.LIKELY_DROP)


def test_an_underpowered_drop_is_inconclusive_and_says_how_many_examples_would_settle_it():
    base, head = [5, 4, 3, 5, 2, 4, 5, 3, 4, 5], [4, 3, 3, 5, 1, 3, 5, 3, 4, 4]
    got = row(base, head)
    assert (got.conclusion, got.assurance) == (Conclusion.NO_CHANGE, Assurance.INCONCLUSIVE)
    assert got.n_needed == 27  # noncentral t with sd = 0.527, delta = 0.3; 25 by the normal approximation
    assert got.min_detectable_effect == pytest.approx(0.5 * (2.102737 + 0.862284), rel=1e-4)  # t at 17.78 df


@pytest.mark.parametrize(("test", "conclusion"), [
    ("welch", Conclusion.NO_CHANGE), ("paired", Conclusion.REGRESSION), ("either", Conclusion.REGRESSION),
])  # fmt: skip
def test_the_named_test_makes_the_conclusion(test, conclusion):
    got = row(PAIRED_ONLY["base"], PAIRED_ONLY["head"], gate=ScoreGate(test=test))
    assert got.conclusion is conclusion


def test_what_could_have_been_blocked_is_that_of_the_test_that_decides():
    effects = {
        test: row(PAIRED_ONLY["base"], PAIRED_ONLY["head"], gate=ScoreGate(test=test)).min_detectable_effect
        for test in ("welch", "paired", "either")
    }
    assert effects["welch"] > effects["paired"] == effects["either"]


def test_scores_that_do_not_vary_still_bound_what_could_be_seen():
    got = row([5] * 12, [5] * 12)
    assert got.min_detectable_effect > 0.3
    assert (got.welch, got.conclusion) == (Test(None, None, 1.0, (0.0, 0.0)), Conclusion.NO_CHANGE)


@pytest.mark.parametrize(("n_base", "n_head", "reason"), [
    (0, 0, "0 of 10 examples"), (1, 30, "1 of 10 examples"), (30, 9, "9 of 10 examples"), (7, 7, "7 of 10 examples"),
])  # fmt: skip
def test_too_few_examples_on_a_side_conclude_nothing(n_base, n_head, reason):
    got = row([5.0, 4.0] * 15, [1.0, 2.0] * 15, n_planned=30)
    assert got.conclusion is Conclusion.REGRESSION
    got = row(([5.0, 4.0] * 15)[:n_base], ([1.0, 2.0] * 15)[:n_head], n_planned=30)
    assert (got.conclusion, got.assurance) == (Conclusion.INSUFFICIENT_DATA, Assurance.INCONCLUSIVE)
    assert got.reason == reason
    assert got.min_detectable_effect is None


def test_nothing_at_all_is_insufficient_and_holds_no_numbers():
    got = row({}, {}, n_planned=0)
    assert got.conclusion is Conclusion.INSUFFICIENT_DATA
    numbers = (got.base_mean, got.head_mean, got.effect, got.welch, got.paired, got.correlation, got.drop_bound, got.n_needed)
    assert numbers == (None,) * 8


def test_coverage_below_the_gate_concludes_nothing_and_says_so():
    base, head = [5.0, 4.0] * 20, [2.0, 1.0] * 18
    got = row(base, head, n_planned=40, coverage_min=0.95)
    assert got.conclusion is Conclusion.INSUFFICIENT_DATA
    assert got.reason == "36 of 40 planned examples scored at head, 0.95 of them needed"
    assert row(base, [*head, 1.0, 1.0], n_planned=40, coverage_min=0.95).conclusion is Conclusion.REGRESSION


def test_welch_uses_every_score_and_the_paired_test_the_shared_examples():
    base, head = keyed([5.0, 4.0] * 10), {f"r-{i:03}": 4.0 + i % 2 for i in range(5, 30)}
    got = row(base, head)
    assert (got.n_base, got.n_head, got.n_pairs) == (20, 25, 15)
    assert got.paired.df == 14
    paired = row(base, {f"x-{i}": 4.0 for i in range(20)}, gate=ScoreGate(test="paired"))
    assert (paired.conclusion, paired.reason) == (Conclusion.INSUFFICIENT_DATA, "0 of 10 examples scored on both sides")
    unpaired = row(base, {f"x-{i}": 4.0 + i % 2 for i in range(20)})
    assert (unpaired.conclusion, unpaired.assurance) == (Conclusion.NO_CHANGE, Assurance.INCONCLUSIVE)


def test_where_lower_is_better_a_rise_is_the_regression_and_numbers_keep_their_scale():
    base, head = [1.0, 2.0] * 10, [3.0, 4.0] * 10
    got = row(base, head, lower_is_better=True)
    assert (got.conclusion, got.effect, got.base_mean, got.head_mean) == (Conclusion.REGRESSION, 2.0, 1.5, 3.5)
    assert got.drop_bound > 2.0  # the largest rise that fits
    assert row(head, base, lower_is_better=True).conclusion is Conclusion.IMPROVEMENT
    assert row(head, base, lower_is_better=True).drop_bound < 0


def test_a_likely_rise_is_likely_worse_where_lower_is_better():
    mirrored = [[6 - score for score in PAIRED_ONLY[side]] for side in ("base", "head")]
    assert row(*mirrored, lower_is_better=True).assurance is Assurance.LIKELY_DROP
    assert row(*mirrored).assurance is not Assurance.LIKELY_DROP


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, None, True, "4", 5.5, 0.99, 10**400])
@pytest.mark.parametrize("side", ["base", "head"])
def test_a_score_that_is_none_or_off_the_scale_is_refused_by_its_example(bad, side):
    sides = {"base": keyed([4.0, 5.0] * 6), "head": keyed([4.0, 3.0] * 6)}
    sides[side]["r-007"] = bad
    with pytest.raises(ValueError, match=f"'r-007' at {side}"):
        row(sides["base"], sides["head"])


def test_a_mean_that_rounds_past_the_scale_is_taken():
    assert row([5.000000000000001] * 10, [5] * 10).conclusion is Conclusion.NO_CHANGE


def test_the_smallest_effect_follows_the_scale_unless_it_is_set():
    assert row([4.0], [4.0]).min_effect == pytest.approx(0.3)
    assert row([0.4], [0.4], scale=(0.0, 1.0)).min_effect == pytest.approx(0.075)
    assert row([40.0], [40.0], scale=(0.0, math.inf), gate=ScoreGate(min_effect=5.0)).min_effect == 5.0
    with pytest.raises(ValueError, match="set min_effect"):
        row([40.0], [40.0], scale=(0.0, math.inf))
    with pytest.raises(ValueError, match="from low to high"):
        row([4.0], [4.0], scale=(5.0, 1.0))


def test_another_scale_gives_the_same_words():
    for case in of_kind("verdict"):
        base, head = case["input"]["base"], case["input"]["head"]
        plain = row(base, head)
        shares = row([(x - 1) / 4 for x in base], [(x - 1) / 4 for x in head], scale=(0.0, 1.0))
        assert (shares.conclusion, shares.assurance) == (plain.conclusion, plain.assurance)


def test_clusters_widen_the_error_of_the_paired_test():
    base, head = [5.0, 4.0] * 20, [4.0, 4.0] * 10 + [5.0, 4.0] * 10
    clusters = {f"r-{i:03}": f"c{i // 4}" for i in range(40)}
    plain, clustered = row(base, head), row(base, head, clusters=clusters)
    assert clustered.paired.df == 9
    assert clustered.paired.p > plain.paired.p
    assert clustered.drop_bound > plain.drop_bound


def test_fewer_than_ten_clusters_conclude_nothing():
    got = row([5.0, 4.0] * 20, [3.0, 2.0] * 20, clusters={f"r-{i:03}": f"c{i % 9}" for i in range(40)})
    assert (got.conclusion, got.reason, got.paired) == (Conclusion.INSUFFICIENT_DATA, "9 of 10 clusters", None)


def test_an_example_without_a_cluster_stands_alone():
    got = row([5.0, 4.0] * 6, [4.0, 4.0] * 6, clusters={"r-000": "c", "r-001": "c"})
    assert got.paired.df == 10
    assert row([5.0, 4.0] * 6, [4.0, 4.0] * 6, clusters={}).paired.df == 11


@settings(max_examples=150)
@given(st.lists(st.tuples(st.floats(1, 5), st.floats(1, 5)), max_size=30), st.sampled_from(["welch", "paired", "either"]))
def test_no_number_of_a_comparison_is_ever_nan_or_infinite(pairs, test):
    got = row([b for b, _ in pairs], [h for _, h in pairs], gate=ScoreGate(test=test))
    (final,) = decided(got, test=test, multiplicity="holm")
    assert all(math.isfinite(number) for number in _numbers(final))


def _numbers(found: Comparison):
    for field in dataclasses.fields(found):
        value = getattr(found, field.name)
        parts = [*dataclasses.astuple(value)] if isinstance(value, Test) else [value]
        yield from (x for part in parts for x in (part if isinstance(part, tuple) else [part]) if isinstance(x, (int, float)))


def test_equal_constants_are_never_significant_whatever_their_number():
    """13 values in thirds, 10 to 39 examples a side: scipy 1.17.1 finds significance in 5,244 of these 11,700."""
    from evalbot.stats.simulate import constant_sweep

    assert constant_sweep() == (11_700, 0)
