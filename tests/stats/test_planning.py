import math

import pytest

from evalbot.stats.planning import Spread, examples_to_block, examples_to_see
from evalbot.stats.power import min_detectable_effect
from tests.stats.vectors import name, of_kind

HALF = Spread(0.9, 0.9, 0.9, 2.0, 0.6)


@pytest.mark.parametrize("case", of_kind("n_pairs"), ids=name)
def test_seeing_a_drop_takes_what_r_says(case):
    given = case["input"]
    assert examples_to_see(Spread(1, 1, given["sd_diff"]), given["delta"], given["alpha"], given["power"]) == case["expected"]["n"]


@pytest.mark.parametrize(
    ("n", "drop", "test"),
    # The measured table of true drops that the full rule blocks with 80 % (correlation 0.6, ceiling scores, sd about 0.92):
    # Welch 0.72 with 30 examples, 0.54 with 50, 0.39 with 100; paired 0.49, 0.41, 0.37. The formula is good to 15 %.
    [(30, 0.72, "welch"), (50, 0.54, "welch"), (30, 0.49, "paired")],
)
def test_blocking_a_drop_takes_about_what_simulation_measured(n, drop, test):
    found = examples_to_block(Spread(0.92, 0.95, 0.83), drop, 0.05, 0.8, 0.3, test)
    assert found is not None
    assert found == pytest.approx(n, rel=0.3)


def test_the_plan_is_the_inverse_of_what_reports_show():
    spread = Spread(0.9, 1.0, 0.8)
    n = examples_to_block(spread, 0.5, 0.05, 0.8, 0.3, "paired")
    assert n is not None
    shown = [min_detectable_effect(0.8 / math.sqrt(k), k - 1, 0.05, 0.8, 0.3) for k in (n - 1, n)]
    assert shown[0] > 0.5 >= shown[1]
    either = examples_to_block(spread, 0.5, 0.05, 0.8, 0.3, "either")
    assert either == min(n, examples_to_block(spread, 0.5, 0.05, 0.8, 0.3, "welch") or n)


@pytest.mark.parametrize("drop", [0.1, 0.3, 0.30001])
def test_no_number_of_examples_blocks_a_drop_of_no_more_than_min_effect(drop):
    assert examples_to_block(Spread(0.9, 0.9, 0.9), drop, 0.05, 0.8, 0.3, "welch") is None


def test_scores_that_do_not_vary_need_two_examples():
    assert examples_to_block(Spread(0.0, 0.0, 0.0), 0.5, 0.05, 0.8, 0.3, "either") == 2


def test_more_repeats_average_away_what_varies_within_an_example():
    """By hand: total 0.81/(0.6 + 0.4/2) = 1.0125, within 0.405; with one repeat 0.81 + 0.2025, the difference 0.81 + 0.405."""
    assert HALF.within == pytest.approx(0.405)
    once = HALF.repeated(1)
    assert once is not None
    assert (once.base**2, once.difference**2) == (pytest.approx(1.0125), pytest.approx(1.215))
    assert HALF.repeated(2) == HALF
    sizes = [s.difference for k in (1, 2, 3, 5) if (s := HALF.repeated(k))]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("intra", [1.0, 0.0, -0.4, 1.3])
def test_whatever_the_repeats_say_the_spread_stays_a_number(intra):
    for repeats in (1, 2, 10):
        found = Spread(0.9, 0.8, 0.1, 2.0, intra).repeated(repeats)
        assert found is not None
        assert all(math.isfinite(sd) and sd >= 0 for sd in (found.base, found.head, found.difference))


def test_without_repeats_nothing_is_known_of_other_numbers():
    alone = Spread(0.9, 0.9, 0.9)
    assert (alone.repeated(1), alone.repeated(2), alone.within) == (alone, None, None)
