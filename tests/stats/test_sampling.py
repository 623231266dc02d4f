"""The production sampler: shares, trouble, slowness, bounds, and the same sample whatever the order."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from evalbot.stats.sampling import Facts, ProductionSampler


def drawn(names, facts, **options):
    sampler = ProductionSampler(**{"slow": None, **options})
    for name in names:
        sampler.offer(name, facts(name))
    return sampler.chosen()


def by_hundred(name: str) -> Facts:
    """10 samples of stratum 0, then 100 of each other."""
    number = int(name)
    return Facts(name, (0 if number < 10 else 1 + (number - 10) // 100,))


NAMES = [str(number) for number in range(410)]


def test_each_stratum_gives_its_share_and_at_least_one() -> None:
    found = Counter(by_hundred(name).stratum[0] for name in drawn(NAMES, by_hundred, rate=0.1))
    assert found == {0: 1, 1: 10, 2: 10, 3: 10, 4: 10}
    assert Counter(by_hundred(name).stratum[0] for name in drawn(NAMES, by_hundred, rate=0.001)) == dict.fromkeys(range(5), 1)


def test_where_it_is_too_much_small_strata_stay_whole_and_the_large_share_the_rest() -> None:
    found = Counter(by_hundred(name).stratum[0] for name in drawn(NAMES, by_hundred, rate=1.0, most=50))
    assert found == {0: 10, 1: 10, 2: 10, 3: 10, 4: 10}


def test_order_and_repetition_change_nothing_and_the_seed_changes_everything() -> None:
    shuffled = NAMES * 2
    random.Random(3).shuffle(shuffled)
    once = drawn(NAMES, by_hundred, rate=0.1)
    assert set(drawn(shuffled, by_hundred, rate=0.1)) == set(once)
    assert set(drawn(NAMES, by_hundred, rate=0.1, seed=1)) != set(once)


def test_trouble_and_patterns_are_always_taken() -> None:
    def facts(name: str) -> Facts:
        return Facts(name, text="a REFUND please" if name == "7" else "", trouble=name == "9")

    found = drawn([str(number) for number in range(1000)], facts, rate=0.0, always=["refund|cancel"])
    assert set(found) == {"7", "9"}


def test_what_is_slower_than_95_percent_is_taken() -> None:
    """Of 1 to 1,000 ms, each once, the 95th percentile is 951 by the rule that 95 % lie below it."""
    sampler: ProductionSampler[int] = ProductionSampler(rate=0.0, most=500)
    for latency in range(1, 1001):
        sampler.offer(latency, Facts(str(latency), latency_ms=float(latency)))
    assert sorted(sampler.chosen()) == list(range(952, 1001))


def test_nothing_at_all_gives_nothing() -> None:
    assert ProductionSampler().chosen() == []


def test_each_sample_of_a_stratum_is_as_likely_as_any_other() -> None:
    """Over 400 seeds each of 20 samples is drawn Binomial(400, 0.25) times: 100 ± 5 standard deviations of 8.7."""
    names = [str(number) for number in range(20)]
    found = Counter(name for seed in range(400) for name in drawn(names, lambda name: Facts(name), rate=0.25, seed=seed))
    assert all(abs(found[name] - 100) < 5 * 8.7 for name in names)


@pytest.mark.parametrize("options", [{"rate": -0.1}, {"rate": 1.1}, {"most": 0}, {"slow": 1.0}])
def test_impossible_options_are_refused(options) -> None:
    with pytest.raises(ValueError, match="rate must lie in 0 to 1"):
        ProductionSampler(**options)
