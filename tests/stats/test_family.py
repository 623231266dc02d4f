import pytest

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Assurance, Conclusion
from evalbot.stats.compare import adjust
from tests.stats.rows import decided, row
from tests.stats.vectors import of_kind

WORSE = of_kind("verdict")[1]["input"]  # Welch p = 0.005, drop 0.8
PAIRED_ONLY = of_kind("paired")[1]["input"]  # Welch p = 0.31, paired p = 0.00007, drop 0.306
SAME = {"base": [5, 4, 3, 5, 5, 4, 2, 5, 4, 5], "head": [5, 4, 3, 5, 5, 4, 2, 5, 4, 5]}
# n = 10, all of it noise: nothing shown, nothing ruled out
NOISE = {"base": [5, 1, 4, 2, 5, 3, 4, 1, 5, 2], "head": [1, 5, 2, 4, 3, 5, 1, 4, 2, 5]}


def of(scores, test="welch", **options):
    return row(scores["base"], scores["head"], gate=ScoreGate(test=test), **options)


def test_no_rows_make_no_decisions():
    assert list(adjust([], {})) == []


def test_a_regression_blocks_and_carries_its_own_p_when_alone():
    (got,) = decided(of(WORSE))
    assert got.blocks
    assert got.p_holm == pytest.approx(got.welch.p)


def test_p_holm_is_adjusted_over_gated_rows_with_enough_data_only():
    rows = decided(of(WORSE), of(SAME), of(WORSE, gated=False, partition="all"), of({"base": [5] * 9, "head": [1] * 9}))
    assert [r.p_holm for r in rows] == [pytest.approx(2 * rows[0].welch.p), 1.0, None, None]
    assert [r.blocks for r in rows] == [True, False, False, False]
    assert rows[3].conclusion is Conclusion.INSUFFICIENT_DATA


def test_under_paired_and_either_p_holm_is_that_of_the_paired_test():
    for test in ("paired", "either"):
        rows = decided(of(PAIRED_ONLY, test), of(SAME, test), test=test)
        assert rows[0].p_holm == pytest.approx(2 * rows[0].paired.p)
        assert [r.blocks for r in rows] == [True, False]


def test_only_the_named_test_blocks():
    assert not decided(of(PAIRED_ONLY))[0].blocks
    few = {"base": [4.0] * 20, "head": [4.0] * 15 + [2.0] * 5}  # Welch shows it; five changed examples do not
    assert decided(of(few))[0].blocks
    assert not decided(of(few, "paired"), test="paired")[0].blocks
    assert decided(of(few, "either"), test="either")[0].blocks


def test_with_holm_a_raw_regression_among_many_rows_keeps_its_word_but_does_not_block():
    rows = [of(WORSE), *[of(SAME)] * 19]
    assert decided(*rows)[0].blocks
    held = decided(*rows, multiplicity="holm")[0]
    assert (held.conclusion, held.blocks) == (Conclusion.REGRESSION, False)
    assert held.p_holm == pytest.approx(20 * held.welch.p)


def test_holm_also_holds_each_half_of_either():
    few = {"base": [4.0] * 20, "head": [4.0] * 15 + [2.0] * 5}  # by Welch only, p = 0.021
    rows = [of(few, "either"), *[of(SAME, "either")] * 4]
    assert decided(*rows, test="either")[0].blocks
    assert not decided(*rows, test="either", multiplicity="holm")[0].blocks


def test_constant_drops_block_by_their_sign():
    down, up = {"base": [5] * 12, "head": [4] * 12}, {"base": [4] * 12, "head": [5] * 12}
    for test in ("welch", "paired", "either"):
        assert [r.blocks for r in decided(of(down, test), of(up, test), test=test, multiplicity="holm")] == [True, False]


def test_a_likely_drop_is_held_to_holm_over_the_rows():
    one_sided = {"base": [5, 4, 3, 2, 5, 1, 4, 3, 5, 2, 4, 5], "head": [4, 3, 3, 1, 5, 2, 3, 2, 4, 1, 4, 4]}
    alone = decided(of(one_sided))[0]
    assert 0.005 < alone.paired.p < 0.05
    assert (alone.conclusion, alone.assurance) == (Conclusion.NO_CHANGE, Assurance.LIKELY_DROP)
    assert decided(of(one_sided), *[of(NOISE)] * 9)[0].assurance is Assurance.INCONCLUSIVE


def test_non_inferiority_blocks_what_cannot_be_ruled_out():
    rows = decided(of(NOISE), of(SAME), of(WORSE), of({"base": WORSE["head"], "head": WORSE["base"]}), non_inferiority=True)
    assert [r.assurance for r in rows] == [Assurance.INCONCLUSIVE, Assurance.RULED_OUT, Assurance.SHOWN, Assurance.SHOWN]
    assert [r.blocks for r in rows] == [True, False, True, False]


def test_too_few_examples_never_block_even_under_non_inferiority():
    nine = {"base": [5] * 9, "head": [1] * 9}
    assert not decided(of(nine), non_inferiority=True)[0].blocks


def test_rows_that_are_not_gated_never_block():
    assert not decided(of(WORSE, gated=False), non_inferiority=True)[0].blocks


def test_two_suites_are_one_family_each_by_its_own_test():
    a, b = of(WORSE), of(PAIRED_ONLY, "paired", suite="other")
    rows = adjust([a, b], {"support": ScoreGate(), "other": ScoreGate(test="paired")})
    assert rows[1].p_holm == pytest.approx(2 * b.paired.p)
    assert rows[0].p_holm == pytest.approx(a.welch.p)
    assert [r.blocks for r in rows] == [True, True]


def test_a_suite_without_a_gate_is_refused():
    with pytest.raises(ValueError, match="'support'"):
        adjust([of(SAME)], {})
