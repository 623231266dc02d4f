import math

import pytest

from evalbot.stats.agreement import agreement, krippendorff_alpha, midranks, quadratic_weighted_kappa, spearman
from tests.stats.vectors import name, of_kind


@pytest.mark.parametrize("case", of_kind("qwk"), ids=name)
def test_agreement_with_a_person_equals_scikit_learn_and_scipy(case):
    given, expected = case["input"], case["expected"]
    found = agreement(given["human"], given["judge"], given["levels"])
    for key, value in expected.items():
        got = getattr(found, key)
        assert got is None if value is None else got == pytest.approx(value, rel=case["tol"], abs=1e-12), key


@pytest.mark.parametrize("case", of_kind("krippendorff"), ids=name)
def test_alpha_equals_krippendorffs_own_example(case):
    found = krippendorff_alpha(case["input"]["ratings"], case["input"]["metric"])
    assert found == pytest.approx(case["expected"]["alpha"], rel=case["tol"])


def test_the_interval_alpha_of_the_same_example():
    """0.849 by Krippendorff (2011)."""
    ratings = of_kind("krippendorff")[0]["input"]["ratings"]
    assert krippendorff_alpha(ratings, "interval") == pytest.approx(0.849, abs=0.0005)


def test_full_agreement_is_one_and_the_opposite_is_minus_one():
    levels = [1, 2, 3, 4, 5]
    assert quadratic_weighted_kappa([1, 3, 5], [1, 3, 5], levels) == 1.0
    assert quadratic_weighted_kappa([1, 5], [5, 1], levels) == -1.0
    assert krippendorff_alpha([[1, 2, 3], [1, 2, 3]]) == 1.0


def test_agreement_that_could_not_have_been_otherwise_is_no_number():
    found = agreement([4, 4], [4, 4], [1, 2, 3, 4, 5])
    assert (found.qwk, found.spearman, found.exact, found.bias) == (None, None, 1.0, 0.0)
    assert krippendorff_alpha([[4, 4], [4, 4]]) is None


def test_nothing_to_compare():
    assert krippendorff_alpha([]) is None
    assert krippendorff_alpha([[1, None], [None, 2]]) is None
    with pytest.raises(ValueError, match="0 human and 0 judge"):
        agreement([], [], [1, 2])


@pytest.mark.parametrize("grade", [6, 0, 4.5, math.nan, None])
def test_a_grade_off_the_scale_is_refused(grade):
    with pytest.raises(ValueError, match="no grade of the scale"):
        quadratic_weighted_kappa([1, 2], [1, grade], [1, 2, 3, 4, 5])


def test_ratings_are_checked():
    with pytest.raises(ValueError, match="finite"):
        krippendorff_alpha([[math.nan, 1], [1, 1]])
    with pytest.raises(ValueError, match="no metric 'ratio'"):
        krippendorff_alpha([[1, 2], [1, 2]], "ratio")
    with pytest.raises(ValueError):
        krippendorff_alpha([[1, 2], [1]])


def test_equal_values_share_their_rank():
    assert midranks([3, 1, 3, 2]) == [3.5, 1.0, 3.5, 2.0]
    assert spearman([1, 2, 3], [10, 20, 15]) == pytest.approx(0.5)  # by hand: 1 − 6·2/24
