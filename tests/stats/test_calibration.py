"""Calibration in numbers, beside scipy, scikit-learn's published doctests and the paper's own figures."""

from __future__ import annotations

import random

import numpy as np
import pytest
from scipy import stats

from evalbot.stats.agreement import krippendorff_alpha, quadratic_weighted_kappa
from evalbot.stats.calibration import (
    Verdicts,
    bootstrap_ci,
    confusion,
    corrected_rate,
    mean_ci,
    slope,
    verdicts,
)

HUMAN = [1.0, 2, 2, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 5, 2, 3, 4, 5, 1]
JUDGE = [2.0, 2, 3, 3, 3, 4, 4, 4, 5, 3, 5, 5, 4, 5, 5, 3, 4, 4, 5, 1]


# scikit-learn's own tests of cohen_kappa_score (sklearn/metrics/tests/test_classification.py, "Table 1, Artstein and Poesio"
# and the weighted example of Wikipedia that it cites) give these values for two graders.
def test_kappa_of_two_categories_is_scikit_learns() -> None:
    y1 = np.array([0] * 40 + [1] * 60)
    y2 = np.array([0] * 20 + [1] * 20 + [0] * 10 + [1] * 50)
    assert quadratic_weighted_kappa(list(y1), list(y2), [0, 1]) == pytest.approx(0.348, abs=1e-3)
    y1 = np.array([0] * 46 + [1] * 44 + [2] * 10)
    y2 = np.array([0] * 50 + [1] * 40 + [2] * 10)
    assert quadratic_weighted_kappa(list(y1), list(y2), [0, 1, 2]) == pytest.approx(0.9541, abs=1e-3)


# K. Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C and D: four observers, twelve units with gaps.
RELIABILITY = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
    [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
    [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]


@pytest.mark.parametrize(("metric", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_krippendorffs_alpha_is_that_of_his_own_example(metric: str, alpha: float) -> None:
    assert krippendorff_alpha(RELIABILITY, metric) == pytest.approx(alpha, abs=5e-4)


def test_the_slope_is_that_of_linear_regression() -> None:
    found, expected = slope(HUMAN, JUDGE), stats.linregress(JUDGE, HUMAN)
    half = stats.t.ppf(0.975, len(HUMAN) - 2) * expected.stderr
    assert found is not None
    assert found.value == pytest.approx(expected.slope, rel=1e-12)
    assert found.ci == pytest.approx((expected.slope - half, expected.slope + half), rel=1e-9)
    assert slope([1.0, 2, 3], [4.0, 4, 4]) is None
    assert slope([], []) is None


def test_the_interval_of_a_mean_is_student_s() -> None:
    gaps = [j - h for h, j in zip(HUMAN, JUDGE, strict=True)]
    expected = stats.t.interval(0.95, len(gaps) - 1, np.mean(gaps), stats.sem(gaps))
    assert mean_ci(gaps) == pytest.approx(expected, rel=1e-9)
    assert mean_ci([1.0]) is None


def test_the_bootstrap_interval_of_a_mean_is_near_the_normal_one_and_repeats_itself() -> None:
    rng = random.Random(1)
    values = [rng.gauss(0, 1) for _ in range(200)]
    found = bootstrap_ci(values, values, lambda h, _: sum(h) / len(h))
    assert found is not None
    expected = stats.norm.interval(0.95, np.mean(values), np.std(values) / np.sqrt(200))
    assert found == pytest.approx(expected, abs=0.02)
    assert found == bootstrap_ci(values, values, lambda h, _: sum(h) / len(h))
    assert bootstrap_ci([1.0, 1.0], [1.0, 1.0], lambda h, j: quadratic_weighted_kappa(h, j, [1, 2])) is None


def test_confusion_counts_every_pair_and_shares_are_of_the_people_s_grade() -> None:
    cells = {(cell.human, cell.judge): cell for cell in confusion(HUMAN, JUDGE)}
    assert sum(cell.count for cell in cells.values()) == 20
    # by hand: of the five answers that people gave a 4, the judge gave 3, 4, 4, 4 and 5
    assert [cells[4, grade].count for grade in (3, 4, 5)] == [1, 3, 1]
    assert cells[4, 4].share == 0.6
    assert confusion([], []) == []


def test_sensitivity_and_specificity_by_hand() -> None:
    found = verdicts([True, True, True, False, False], [True, True, False, False, True])
    assert (found.good, found.passes, found.bad, found.fails) == (3, 2, 2, 1)
    assert (found.sensitivity, found.specificity) == (pytest.approx(2 / 3), 0.5)
    assert verdicts([], []).sensitivity is None


def test_the_corrected_rate_is_rogan_and_gladen_s() -> None:
    # The example in the README of the paper's code: p = 0.4, q0 = 0.7, q1 = 0.9 → (0.4 + 0.7 - 1) / (0.7 + 0.9 - 1) = 1/6.
    known = Verdicts(good=200, passes=180, bad=200, fails=140)
    found = corrected_rate(400, 1000, known)
    assert found is not None
    assert found[0] == pytest.approx(1 / 6)
    assert found[1][0] < 1 / 6 < found[1][1]


def test_the_corrected_interval_covers_the_truth_as_often_as_it_says() -> None:
    """300 draws of a judge with q1 = 0.9 and q0 = 0.7 on a true rate of 0.6: 95 % ± 3.3 standard errors is 91 % and more."""
    rng, covered = random.Random(7), 0
    for _ in range(300):
        good = sum(rng.random() < 0.9 for _ in range(100))
        bad = sum(rng.random() < 0.7 for _ in range(100))
        passed = sum(rng.random() < (0.9 if rng.random() < 0.6 else 0.3) for _ in range(500))
        found = corrected_rate(passed, 500, Verdicts(100, good, 100, bad))
        assert found is not None
        covered += found[1][0] <= 0.6 <= found[1][1]
    assert covered / 300 >= 0.91


@pytest.mark.parametrize("known", [Verdicts(0, 0, 5, 5), Verdicts(5, 5, 0, 0), Verdicts(10, 5, 10, 5), Verdicts(10, 1, 10, 1)])
def test_a_judge_that_knows_nothing_corrects_nothing(known: Verdicts) -> None:
    assert corrected_rate(5, 10, known) is None
    assert corrected_rate(0, 0, Verdicts(10, 9, 10, 9)) is None
