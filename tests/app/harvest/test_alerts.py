"""What an alert of the monitor names is looked at by the harvest: a real worker writes the store, a real harvest reads it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from evalbot.adapters.streams import MemoryStream
from tests.app.harvest.production import CONFIG, NOW, Shop, record
from tests.app.monitor.workers import Clock, monitor_of, take_all

RETURNS, CARDS = "How do returns work?", "How do gift cards work?"
LONG = "That is more than three words."  # breaks the monitor's rule (tests/app/monitor/workers.py); the suite's own metric likes it
CONFIG_WITH_ALERTS = CONFIG.replace("rate: 1.0", "rate: 0.0, max: 1") + "  alerts: ../monitor/results.sqlite\n"
HOUR = 3_600.0


def alarmed(folder: Path, *records: dict, at: float = NOW) -> None:
    """A worker of the monitor sees these answers, and tells what is wrong with them."""
    clock, stream = Clock(), MemoryStream()
    clock.now = at
    monitor = monitor_of(folder, stream, clock)
    stream.publish([{"id": one["id"], "user_input": one["asked"], "output": one["answered"], "timestamp": one["at"]} for one in records])
    take_all(monitor)
    asyncio.run(monitor.flush())
    monitor.store.close()


@pytest.fixture
def shop(tmp_path: Path):
    shop = Shop(tmp_path, CONFIG_WITH_ALERTS)
    with shop.server:
        yield shop


def test_what_an_alert_names_is_always_drawn_and_the_alert_is_the_evidence(shop, tmp_path):
    # The share is nothing and there is room for one sample: without the alerts the one that ended in an error would be it.
    some = [record("a-1", RETURNS, LONG), record("a-2", CARDS, LONG), record("fine", "What are the Sunday hours?", "Open."), record("e-1", "Is it late?", "TODO", error=True)]
    alarmed(tmp_path, *some[:3])
    done = shop.log(*some).harvest()

    assert {row["id"]: row["metadata"]["failed"] for row in shop.rows()} == {name: ["constraint_violation: words"] for name in ("prod-a-1", "prod-a-2")}
    assert done.catch.counts.sampled == 2
    assert "- [ ] `prod-a-1`: failed by an alert of the monitor (`constraint_violation: words`); the present prompt fails it 3 of 3 times" in shop.pull.body
    assert done.catch.counts.fetched == 4


def test_an_alert_that_comes_days_after_its_sample_is_heard_and_other_old_samples_stay_out(shop, tmp_path):
    shop.log(record("old", RETURNS, LONG, ago=50 * HOUR), record("old-too", CARDS, "TODO", ago=50 * HOUR))
    alarmed(tmp_path)
    first = shop.harvest()
    assert (first.verdict, first.catch.counts.fetched) == ("pass", 0)
    alarmed(tmp_path, record("old", RETURNS, LONG, ago=50 * HOUR), at=NOW + 600)
    done = shop.harvest(now=NOW + 1_200)

    assert [row["id"] for row in shop.rows()] == ["prod-old"]
    assert done.catch.counts.fetched == 1
    shop.harvest(now=NOW + 2 * HOUR)
    assert shop.harvest(now=NOW + 3 * HOUR).catch.counts.sampled == 0  # the alert lies before that window


def test_what_the_present_prompt_gets_right_needs_no_example_whatever_the_alert_says(shop, tmp_path):
    one = record("a-1", "When do you open?", LONG)
    alarmed(tmp_path, one)
    done = shop.log(one).harvest()
    assert (done.catch.counts.failed, done.catch.counts.known + done.catch.counts.repaired, done.draft) == (1, 1, None)


def test_both_words_stand_beside_each_other_where_metrics_fail_it_too(shop, tmp_path):
    one = record("a-1", RETURNS, "TODO, that is not written down.", thumbs="down")
    alarmed(tmp_path, one)
    shop.log(one).harvest()
    assert "failed by the metrics (`rules: said`) and bad feedback and an alert of the monitor (`constraint_violation: words`)" in shop.pull.body


def test_the_store_is_only_read(shop, tmp_path):
    one = record("a-1", RETURNS, LONG)
    alarmed(tmp_path, one)
    before = {path.name: path.read_bytes() for path in (tmp_path / "monitor").iterdir()}
    shop.log(one).harvest()
    after = {path.name: path.read_bytes() for path in (tmp_path / "monitor").iterdir()}
    assert {name: text for name, text in after.items() if not name.endswith(("-wal", "-shm"))} == before


@pytest.mark.parametrize(("content", "said"), [(None, "there is no ../monitor/results.sqlite"), (b"no database" * 100, "the monitor's store cannot be used"), (b"", "no such table")])
def test_without_a_store_that_can_be_read_nothing_is_proposed_and_the_next_run_begins_here(shop, tmp_path, content, said):
    if content is not None:
        (tmp_path / "monitor").mkdir()
        (tmp_path / "monitor/results.sqlite").write_bytes(content)
    done = shop.log(record("r-1", error=True)).harvest()
    assert (done.verdict, done.draft) == ("inconclusive", None)
    assert said in done.reason
    assert shop.server.writes == []
