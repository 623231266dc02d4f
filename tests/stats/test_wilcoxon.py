import random

import pytest
from scipy import stats

from evalbot.stats.wilcoxon import wilcoxon
from tests.stats.vectors import name, of_kind


@pytest.mark.parametrize("case", of_kind("wilcoxon"), ids=name)
def test_it_equals_the_published_example(case):
    given, expected = case["input"], case["expected"]
    found = wilcoxon(given["x"], given["y"], given["alternative"])
    assert (found.v, found.p) == (expected["V"], pytest.approx(expected["p"], rel=case["tol"]))


@pytest.mark.parametrize("alternative", ["two-sided", "greater", "less"])
@pytest.mark.parametrize("n", [1, 5, 20, 50])
def test_without_ties_it_equals_scipy(n, alternative):
    rng = random.Random(n)
    x, y = ([rng.gauss(0.3, 1) for _ in range(n)] for _ in range(2))
    expected = stats.wilcoxon(x, y, alternative=alternative, method="exact")
    assert wilcoxon(x, y, alternative).p == pytest.approx(expected.pvalue, rel=1e-9)


def test_many_pairs_with_ties_equal_scipys_approximation():
    rng = random.Random(3)
    x, y = ([float(rng.randint(1, 5)) for _ in range(200)] for _ in range(2))
    expected = stats.wilcoxon(x, y, zero_method="wilcox", correction=True, method="approx")
    assert wilcoxon(x, y).p == pytest.approx(expected.pvalue, rel=1e-6)


def test_few_pairs_with_ties_are_counted_exactly():
    """Four differences of one size, all up: 1 of 16 patterns is as extreme."""
    assert wilcoxon([2, 3, 4, 5], [1, 2, 3, 4], "greater") == (10.0, 1 / 16)


def test_no_difference_is_no_evidence():
    assert wilcoxon([], []).p == 1.0
    assert wilcoxon([1, 2], [1, 2]) == (0.0, 1.0)


def test_what_is_refused():
    with pytest.raises(ValueError, match="pairs"):
        wilcoxon([1], [])
    with pytest.raises(ValueError, match="alternative"):
        wilcoxon([1], [2], "bigger")
    with pytest.raises(ValueError, match="finite"):
        wilcoxon([float("nan")], [1])
