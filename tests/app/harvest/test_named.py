"""Samples that somebody names: proposed whatever the draw, looked for where they say, and no word of the next run's window."""

from __future__ import annotations

import pytest

from evalbot.app.harvest_names import Named, named, named_in
from evalbot.domain.errors import ConfigError
from tests.app.harvest.production import CONFIG, NOW, Shop, record

CAREFUL = CONFIG.replace("sample: {rate: 1.0}", "sample: {rate: 0.0}").replace("max: 10, per_user: 10, per_cluster: 5", "max: 1, per_user: 1, per_cluster: 1")


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path, CAREFUL)
    with shop.server:
        yield shop


def proposed(shop: Shop) -> list[str]:
    return [row["id"] for row in shop.rows()]


def test_named_samples_are_proposed_whatever_the_draw_the_caps_and_the_present_prompt_say(shop):
    shop.log(record("r-1"), record("r-2", "How do gift cards work?"), record("r-3", "Open on Sunday?", "At nine."), record("r-4", "Late delivery?"))
    done = shop.harvest(named=Named(("r-1", "prod-r-2", "r-3")))

    assert (done.verdict, done.reason) == ("pass", "3 of 3 named samples proposed")
    assert set(proposed(shop)) == {"prod-r-1", "prod-r-2", "prod-r-3"}
    assert "`prod-r-3`: failed by the word of somebody who named it" in shop.pull.body


def test_they_are_looked_for_in_their_own_time_and_the_next_run_reads_what_it_would_have_read(shop):
    old = 30 * 86_400.0
    shop.log(record("old", ago=old), record("new", "How do gift cards work?", ago=600.0))
    shop.harvest(named=Named(("old",), NOW - old - 60, NOW - old + 60))
    assert proposed(shop) == ["prod-old"]
    assert (shop.watermark, [line for line in shop.ledger() if "run" in line]) == (0.0, [])


def test_what_the_source_does_not_have_is_named_and_nothing_at_all_is_inconclusive(shop):
    shop.log(record("r-1"))
    done = shop.harvest(named=Named(("nobody", "prod-0123456789abcdef")))
    assert done.verdict == "inconclusive"
    assert "the source has none of the named samples in that time (nobody, prod-0123456789abcdef)" in done.reason
    assert shop.server.pulls == {}
    assert shop.harvest(named=Named(("r-1", "nobody"))).reason == "1 of 2 named samples proposed (not found: nobody)"


def test_what_was_decided_or_is_known_does_not_come_back_by_being_named(shop):
    shop.log(record("r-1"), record("twin", "How do RETURNS work"))
    shop.harvest(named=Named(("r-1",)))
    again = shop.harvest(named=Named(("r-1", "twin")), now=NOW + 60)
    assert again.reason == "nothing to propose of the named samples (2 known to the datasets)"
    pull = shop.pull
    pull.state = "closed"
    assert shop.harvest(named=Named(("r-1",)), now=NOW + 90).reason == "nothing to propose of the named samples (1 decided before)"


def test_an_id_that_is_a_person_s_is_named_by_the_stand_in_that_its_example_has(shop):
    shop.log(record("ada@example.org"), record("bob@example.org", "How do gift cards work?"))
    found = shop.harvest(dry_run=True, named=Named(("ada@example.org",)))
    (failure,) = found.catch.failures
    assert failure.example.startswith("prod-")
    assert "ada" not in failure.example
    assert shop.harvest(named=Named((failure.example,))).reason == "1 of 1 named samples proposed"
    assert proposed(shop) == [failure.example]


def test_inputs_of_a_workflow_name_them_and_without_any_it_is_a_harvest_as_always():
    env = {"EVALBOT_HARVEST_SAMPLES": "prod-a, prod-b\nprod-a", "EVALBOT_HARVEST_SINCE": "1970-01-01T00:00:10Z", "EVALBOT_HARVEST_UNTIL": "1970-01-01T00:00:20"}
    assert named_in(env) == Named(("prod-a", "prod-b"), 10.0, 20.0)
    assert named_in({"EVALBOT_HARVEST_SAMPLES": " ", "EVALBOT_HARVEST_SINCE": ""}) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (([], "2026-11-26"), "--since and --until say where named samples are looked for"),
        ((["a"], "yesterday"), "--since: 'yesterday' is no time. Write it as 2026-11-26T09:00:00Z."),
        ((["a"], "2026-11-26", "2026-11-25"), "--since 2026-11-26 is not before --until 2026-11-25."),
    ],
)
def test_times_that_make_no_sense_are_one_line(given, said):
    with pytest.raises(ConfigError) as caught:
        named(*given)
    assert said in str(caught.value)
