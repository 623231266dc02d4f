import math

import pytest

from evalbot.stats.ppi import ppi_mean
from tests.stats.vectors import name, of_kind


@pytest.mark.parametrize("case", of_kind("ppi_mean"), ids=name)
def test_the_powered_mean(case):
    given, expected = case["input"], case["expected"]
    found = ppi_mean(given["y"], given["f"], given["f_unlabeled"])
    got = [found.weight, found.mean, found.se, *found.ci]
    assert got == pytest.approx([expected["lam"], expected["theta"], expected["se"], *expected["ci"]], rel=case["tol"])


def test_a_judge_that_always_says_the_same_changes_nothing():
    found = ppi_mean([4, 5, 3], [5, 5, 5], [5, 5, 5])
    assert (found.weight, found.mean) == (0.0, 4.0)
    assert found.se == pytest.approx(1 / math.sqrt(3))


def test_all_the_same_has_no_error():
    assert ppi_mean([4, 4], [4, 4], [4, 4]).ci == (4.0, 4.0)


@pytest.mark.parametrize(("y", "f", "u"), [([], [], []), ([1], [1], [1, 2]), ([1, 2], [1], [1, 2]), ([1, 2], [1, 2], [1])])
def test_too_little_is_refused(y, f, u):
    with pytest.raises(ValueError, match="too few"):
        ppi_mean(y, f, u)


def test_nan_is_refused():
    with pytest.raises(ValueError, match=r"judged\[1\]"):
        ppi_mean([1, 2], [1, math.nan], [1, 2])
