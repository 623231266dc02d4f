import math

import pytest

from evalbot.stats.flips import mcnemar
from evalbot.stats.multiple import benjamini_hochberg, holm
from tests.stats.vectors import name, of_kind


@pytest.mark.parametrize("case", of_kind("holm"), ids=name)
def test_holm_equals_r(case):
    assert holm(case["input"]["p"]) == pytest.approx(case["expected"]["adjusted"], rel=case["tol"])


@pytest.mark.parametrize("case", of_kind("bh"), ids=name)
def test_benjamini_hochberg_equals_r(case):
    assert benjamini_hochberg(case["input"]["p"]) == pytest.approx(case["expected"]["adjusted"], rel=case["tol"])


def test_no_comparisons_adjust_to_none():
    assert holm([]) == []
    assert benjamini_hochberg([]) == []


@pytest.mark.parametrize("bad", [math.nan, -0.1, 1.1])
def test_what_is_no_probability_is_refused(bad):
    for adjusted in (holm, benjamini_hochberg):
        with pytest.raises(ValueError, match=r"p\[1\]"):
            adjusted([0.5, bad])


@pytest.mark.parametrize("case", of_kind("mcnemar"), ids=name)
def test_mcnemar_gives_the_published_numbers(case):
    got = mcnemar(case["input"]["b"], case["input"]["c"])
    assert got.exact == pytest.approx(case["expected"]["exact"], rel=case["tol"])
    assert got.mid_p == pytest.approx(case["expected"]["midp"], rel=case["tol"])


def test_no_flips_show_nothing():
    assert mcnemar(0, 0) == (1.0, 1.0)


def test_six_flips_one_way_are_the_fewest_that_an_exact_test_notices():
    assert mcnemar(5, 0).exact > 0.05 > mcnemar(6, 0).exact


def test_many_flips_do_not_overflow():
    assert mcnemar(3000, 2000).exact < 1e-40


def test_negative_counts_are_refused():
    with pytest.raises(ValueError, match="negative"):
        mcnemar(-1, 2)
