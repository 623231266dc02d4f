"""The core of the monitor: what is kept, counted, told and left alone, on streams of this process and of a real Redis."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from evalbot.adapters.alerting import openmetrics
from evalbot.adapters.handover import Handover
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import MemoryStream, open_stream
from evalbot.app.watching import watch
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.monitoring import AlertKind, Seen
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Score
from evalbot.metrics.length import Length
from evalbot.stats.drift import DriftRule, QualityState
from tests.app.monitor.workers import CONFIG, DAY, NOW, Clock, monitor_of, sample, take_all
from tests.gate.windows import report
from tests.repository import Repo


def test_what_comes_twice_counts_once_and_what_broke_a_rule_is_told_once_in_a_cool_down(tmp_path: Path) -> None:
    clock, stream = Clock(), MemoryStream()
    monitor = monitor_of(tmp_path, stream, clock)
    long = "these are more than three words"
    stream.publish([sample("a"), sample("b", long), sample("a")])
    take_all(monitor)
    told = asyncio.run(monitor.flush())
    assert monitor.store.count() == 2
    assert [(one.kind, one.severity, one.samples) for one in told] == [(AlertKind.CONSTRAINT, "medium", ("b",))]
    stream.publish([sample("c", long)])
    take_all(monitor)
    assert asyncio.run(monitor.flush()) == []
    clock.now += 6 * 3600 + 1
    stream.publish([sample("d", long, timestamp=clock.now - 1)])
    take_all(monitor)
    assert [one.samples for one in asyncio.run(monitor.flush())] == [("d",)]


def test_a_batch_that_takes_long_is_held(tmp_path: Path) -> None:
    class Held(MemoryStream):
        held: tuple[str, ...] = ()

        def hold(self, ids: Sequence[str]) -> None:
            self.held = tuple(ids)

    class UntilHeld(Length):
        async def measure(self, answered: Answered, ask: Ask) -> Score:
            while not stream.held:
                await asyncio.sleep(0.001)
            return await super().measure(answered, ask)

    monitor = monitor_of(tmp_path, stream := Held(), Clock())
    monitor.deterministic, monitor.hold_seconds = {"words": UntilHeld(max=3)}, 0.001
    stream.publish([sample("a"), sample("b")])
    take_all(monitor)
    assert stream.held == ("1", "2")
    assert monitor.kept == 2


def test_no_sample_is_counted_and_nothing_personal_is_kept(tmp_path: Path) -> None:
    monitor = monitor_of(tmp_path, stream := MemoryStream(), Clock())
    stream.publish([None, ["no", "sample"], sample("m", "Write to ada@example.org")])
    take_all(monitor)
    kept = list(monitor.store.between(0.0, NOW + 1))
    assert [one.id for one in kept] == ["m"]
    assert "ada@" not in kept[0].output
    assert monitor.store.counters()["unusable"] == 2


def test_a_full_disk_is_one_line_and_not_an_error_of_the_database(tmp_path: Path) -> None:
    store = MonitorStore(tmp_path / "store.sqlite")
    store._database.execute("pragma max_page_count = 1")  # the file may not grow any more
    with pytest.raises(CouldNotRun, match="the monitor's store cannot be used: database or disk is full"):
        all(store.add_to(f"{number}" * 50, 1) is None for number in range(2_000))
    store.close()


def test_a_file_for_prometheus_that_cannot_be_written_is_said_and_the_worker_goes_on(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file where a folder should be")
    monitor = monitor_of(tmp_path, stream := MemoryStream(), Clock(), f"  alerts: {{openmetrics: {tmp_path / 'taken' / 'metrics.txt'}}}\n")
    stream.publish([sample("a", "these are more than three words")])
    take_all(monitor)
    assert len(asyncio.run(monitor.flush())) == 1
    (said,) = monitor.said
    assert "metrics.txt: the file for Prometheus could not be written: " in said


def test_a_fall_is_told_and_few_samples_are_no_news() -> None:
    rng = random.Random(7)
    week = [Seen(f"r{n}", NOW - 14 * DAY + n * 1260, {"judge": rng.gauss(4.0, 0.8)}) for n in range(480)]
    fallen = [Seen(f"w{n}", NOW - DAY + n * 180, {"judge": rng.gauss(3.5, 0.8)}) for n in range(480)]
    steady = [Seen(f"s{n}", NOW - DAY + n * 180, {"judge": rng.gauss(4.0, 0.8)}) for n in range(480)]
    rule = DriftRule()
    assert report(NOW, fallen, week, rule).metrics["judge"].state is QualityState.DEGRADED
    assert report(NOW, steady, week, rule).metrics["judge"].state is QualityState.STEADY
    assert report(NOW, fallen[-10:], week, rule).metrics["judge"].state is QualityState.LOW_VOLUME
    assert report(NOW, fallen, [], rule).metrics["judge"].state is QualityState.NO_REFERENCE


def test_the_file_for_prometheus_escapes_names_and_ends() -> None:
    text = openmetrics('a"b\n', [("samples", {"window": "1h"}, 3.0)], {"hallucination_detected": 2}, {"kept": 3})
    assert text.splitlines() == [
        "# TYPE evalbot_samples gauge",
        "# HELP evalbot_samples Samples of the window.",
        'evalbot_samples{suite="a\\"b\\n",window="1h"} 3.0',
        "# TYPE evalbot_alerts counter",
        "# HELP evalbot_alerts Alerts that were told.",
        'evalbot_alerts_total{suite="a\\"b\\n",kind="hallucination_detected"} 2',
        "# TYPE evalbot_monitor_entries counter",
        "# HELP evalbot_monitor_entries Samples that were kept, and what else was counted.",
        'evalbot_monitor_entries_total{suite="a\\"b\\n",what="kept"} 3',
        "# EOF",
    ]


class Stalled(MemoryStream):
    """A stream that nobody answers."""

    def publish(self, values: object) -> None:
        time.sleep(0.05)
        raise CouldNotRun("nobody answers")


def test_a_service_feels_nothing_of_a_stream_that_stalls_and_what_was_dropped_is_counted() -> None:
    handover = Handover(Stalled(), most=100)
    taken = [handover.give({"id": number}) for number in range(5_000)]
    handover.stop()
    assert taken.count(False) > 4_000
    assert handover.published == 0
    assert handover.dropped == 5_000


def test_a_stream_without_an_address_says_which_variable_is_missing() -> None:
    with pytest.raises(ConfigError, match="MY_REDIS"):
        open_stream({"type": "redis", "url_env": "MY_REDIS"}, {})


def test_a_monitor_without_rules_or_with_a_stream_of_its_own_is_one_line(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": CONFIG})
    world = World.real({}, tmp_path / "out", quiet=True)
    with pytest.raises(ConfigError, match=r"evalbot\.yml:\d+: a stream of type memory ends with its process"):
        watch(repo.root, "evalbot.yml", world, drain=True)
    repo.write({"evalbot.yml": CONFIG.replace("{type: memory}", "{type: redis}") + "  alerts: {issue: true}\n"})
    with pytest.raises(ConfigError, match=r"evalbot\.yml:\d+: monitor\.alerts\.issue needs GITHUB_TOKEN and GITHUB_REPOSITORY"):
        watch(repo.root, "evalbot.yml", world, drain=True)
    repo.write({"evalbot.yml": CONFIG[: CONFIG.index("monitor:")]})
    with pytest.raises(ConfigError, match="there is no `monitor:` in it"):
        watch(repo.root, "evalbot.yml", world, drain=True)
