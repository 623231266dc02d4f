"""Student's t without scipy: the same numbers as scipy's, near the mean, far out, for few degrees of freedom and for many."""

from __future__ import annotations

import math
import random

import pytest
from scipy.special import nctdtr, stdtr, stdtrit

from evalbot.stats.student import power_of_t, quantile, two_sided_p

DRAWS = random.Random(20)
POINTS = [(10 ** DRAWS.uniform(-6, 3), 10 ** DRAWS.uniform(-0.5, 6)) for _ in range(2000)]


@pytest.mark.parametrize(("df", "expected"), [(1, 12.7062), (2, 4.30265), (5, 2.57058), (10, 2.22814), (30, 2.04227), (120, 1.97993)])
def test_quantiles_are_those_of_the_printed_table(df: int, expected: float) -> None:
    assert quantile(0.975, df) == pytest.approx(expected, abs=6e-6)  # Abramowitz and Stegun, table 26.10


def test_p_is_scipy_s_over_nine_decades_of_t_and_six_of_degrees_of_freedom() -> None:
    for t, df in POINTS:
        expected = 2 * float(stdtr(df, -t))
        if expected > 1e-200:
            assert two_sided_p(t, df) == pytest.approx(expected, rel=1e-8), (t, df)
        else:
            assert two_sided_p(t, df) <= 1e-199


def test_p_has_no_sign_begins_at_one_and_only_falls() -> None:
    for df in (0.7, 1, 3.3, 40, 1999, 2000, 2001, 1e9):
        found = [two_sided_p(t, df) for t in (0.0, 1e-9, 0.01, 0.5, 1.0, 1.7, 1.75, 3.0, 30.0, 1e6, 1e200)]
        assert found[0] == 1.0
        assert found == sorted(found, reverse=True)
        assert min(found) >= 0.0
        assert two_sided_p(-1.7, df) == two_sided_p(1.7, df)


def test_both_ways_of_working_p_out_agree_where_one_takes_over() -> None:
    for t in (0.1, 1.0, 1.96, 4.0, 10.0):
        assert two_sided_p(t, 2000.0) == pytest.approx(two_sided_p(t, math.nextafter(2000.0, 3000.0)), rel=1e-9)


def test_quantiles_are_scipy_s() -> None:
    for _, df in POINTS[:500]:
        for p in (0.0005, 0.025, 0.2, 0.49, 0.6, 0.8, 0.9, 0.95, 0.975, 0.995, 0.999999):
            assert quantile(p, max(df, 1.0)) == pytest.approx(float(stdtrit(max(df, 1.0), p)), rel=1e-8), (p, df)


def test_quantiles_turn_p_back_into_t() -> None:
    for df in (1, 2.5, 9, 77.7, 3000):
        for p in (0.51, 0.75, 0.975, 1 - 1e-9):
            assert two_sided_p(quantile(p, df), df) == pytest.approx(2 * (1 - p), rel=1e-6)
            assert quantile(1 - p, df) == pytest.approx(-quantile(p, df), rel=1e-6)
    assert quantile(0.5, 7) == 0.0


def test_the_power_of_a_t_test_is_that_of_the_noncentral_distribution() -> None:
    for _ in range(300):
        df = DRAWS.choice([DRAWS.randint(1, 10), DRAWS.randint(1, 500), 10 ** DRAWS.uniform(0, 5)])
        critical = quantile(0.975, df)
        shift = critical * DRAWS.uniform(0, 2.2)
        assert power_of_t(shift, df, critical) == pytest.approx(1 - float(nctdtr(df, shift, critical)), abs=1e-8), (df, shift)


def test_no_p_comes_of_no_number_and_no_quantile_of_what_is_no_probability() -> None:
    for t, df in ((1.0, 0.0), (1.0, -1.0), (1.0, math.nan), (math.nan, 5.0)):
        with pytest.raises(ValueError, match="degrees of freedom"):
            two_sided_p(t, df)
    for p in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(ValueError, match="between 0 and 1"):
            quantile(p, 5)
