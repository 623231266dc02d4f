import random

import pytest

from evalbot.stats.sequential import confidence_sequence, obrien_fleming
from tests.stats.vectors import name, of_kind


@pytest.mark.parametrize("case", of_kind("obf"), ids=name)
def test_boundaries_equal_rpact(case):
    found = obrien_fleming(case["input"]["looks"], case["input"]["alpha_one_sided"])
    assert found == pytest.approx(case["expected"]["z"], rel=case["tol"])


def test_four_looks_equal_the_published_boundaries():
    """R rpact, asOF, one-sided 0.025: 4.333, 2.963, 2.359, 2.014."""
    assert obrien_fleming(4) == pytest.approx([4.333, 2.963, 2.359, 2.014], abs=0.0006)


def test_one_look_is_the_usual_test():
    assert obrien_fleming(1) == pytest.approx([1.959964], abs=1e-6)
    assert obrien_fleming(1, 0.05) == pytest.approx([1.644854], abs=1e-6)


@pytest.mark.parametrize("case", of_kind("asymptotic_cs"), ids=name)
def test_the_confidence_sequence(case):
    given = case["input"]
    found = confidence_sequence(given["d"], given["alpha"], given["rho"])
    assert (found.mean, found.half_width) == pytest.approx((case["expected"]["mean"], case["expected"]["half_width"]), rel=case["tol"])


def test_looking_at_every_step_seldom_misses_the_truth():
    """500 runs of up to 200 values: at most 5 % may ever leave the sequence from the tenth value on, here 2.4 % do."""
    rng, missed = random.Random(11), 0
    for _ in range(500):
        values = [rng.gauss(0, 1) for _ in range(200)]
        missed += any(abs(s.mean) > s.half_width for s in (confidence_sequence(values[:n]) for n in range(10, 201, 10)))
    assert missed / 500 <= 0.05


def test_constant_values_leave_no_doubt():
    assert confidence_sequence([2, 2, 2]) == (2.0, 0.0)


def test_what_is_refused():
    for values in ([], [1]):
        with pytest.raises(ValueError, match="no sequence"):
            confidence_sequence(values)
    with pytest.raises(ValueError, match="no design"):
        obrien_fleming(0)
    with pytest.raises(ValueError, match="finite"):
        confidence_sequence([1, float("inf")])
