"""The core of the monitor: what is kept, counted, told and left alone, on streams of this process and of a real Redis."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from evalbot.adapters.alerting import openmetrics
from evalbot.adapters.handover import Handover
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import MemoryStream, RedisStream, open_stream
from evalbot.app.watching import watch
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.monitoring import AlertKind, Seen
from evalbot.stats.drift import DriftRule, QualityState
from tests.app.monitor.workers import CONFIG, DAY, NOW, Clock, monitor_of, sample, take_all
from tests.gate.windows import report
from tests.longer import sized
from tests.needs import need
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


def test_no_sample_is_counted_and_nothing_personal_is_kept(tmp_path: Path) -> None:
    monitor = monitor_of(tmp_path, stream := MemoryStream(), Clock())
    stream.publish([None, ["no", "sample"], sample("m", "Write to ada@example.org")])
    take_all(monitor)
    kept = list(monitor.store.between(0.0, NOW + 1))
    assert [one.id for one in kept] == ["m"]
    assert "ada@" not in kept[0].output
    assert monitor.store.counters()["unusable"] == 2


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
    text = openmetrics('a"b\n', {("samples", "1h", ""): 3.0}, {"hallucination_detected": 2}, {"kept": 3})
    assert text.splitlines() == [
        "# TYPE evalbot_samples gauge",
        'evalbot_samples{suite="a\\"b\\n",window="1h"} 3.0',
        "# TYPE evalbot_alerts counter",
        'evalbot_alerts_total{suite="a\\"b\\n",kind="hallucination_detected"} 2',
        "# TYPE evalbot_monitor_entries counter",
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


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = shutil.which("redis-server")
    need("redis", server, "apt install redis-server")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(tmp_path_factory.mktemp("redis"))]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        _wait_for(port)
        yield f"redis://127.0.0.1:{port}/0"
        process.send_signal(signal.SIGTERM)


def _wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("redis-server did not start")


def test_what_a_dead_worker_left_is_taken_over_and_what_kills_workers_is_set_aside(redis_url: str) -> None:
    def worker() -> RedisStream:
        return RedisStream(redis_url, "left", deliveries=2, idle_seconds=0.02)

    first = worker()
    first.publish([sample("a"), sample("b")])
    assert len(first.read(10, 0.1)) == 2  # and it dies: nothing is acknowledged
    time.sleep(0.05)
    second = worker()
    again = second.read(10, 0.1)
    assert [entry.value["id"] for entry in again] == ["a", "b"]  # type: ignore[call-overload,index]
    second.done([again[0].id])
    time.sleep(0.05)
    assert worker().read(10, 0.05) == []
    assert second.dead() == 1


def test_the_command_scores_what_waits_tells_a_webhook_and_ends(redis_url: str, tmp_path: Path) -> None:
    rules = CONFIG.replace("{type: memory}", "{name: told}") + "  alerts: {openmetrics: monitor/metrics.txt, webhook_env: HOOK}\n"
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": rules})
    RedisStream(redis_url, "told").publish([sample("a"), sample("b", "these are more than three words")])
    command = [sys.executable, "-m", "evalbot", "monitor", "--drain", "-C", str(repo.root)]
    done = subprocess.run(command, env={**os.environ, "REDIS_URL": redis_url}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "2 new samples kept, 0 unusable, 0 set aside, 1 alerts told.\n"
    assert done.stderr == "evalbot: HOOK is not set, so no alert was sent\n"
    text = (repo.root / "monitor/metrics.txt").read_text()
    families = {f.name: f for f in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert [(s.labels["kind"], s.value) for s in families["evalbot_alerts"].samples] == [("constraint_violation", 1.0)]


def test_an_interrupted_worker_ends_in_order_and_keeps_what_it_acknowledged(redis_url: str, tmp_path: Path) -> None:
    repo = Repo(tmp_path / "repo").write({"evalbot.yml": CONFIG.replace("{type: memory}", "{name: stopped}")})
    RedisStream(redis_url, "stopped").publish([sample("a")])
    command = [sys.executable, "-m", "evalbot", "monitor", "-C", str(repo.root)]
    store = repo.root / "monitor/results.sqlite"
    with subprocess.Popen(command, env={**os.environ, "REDIS_URL": redis_url}, stdout=subprocess.PIPE, text=True) as worker:
        ended = time.monotonic() + 30
        while not (store.exists() and MonitorStore(store).count()) and time.monotonic() < ended:
            time.sleep(0.1)
        worker.send_signal(signal.SIGTERM)
        said, _ = worker.communicate(timeout=30)
    assert worker.returncode == 0
    assert said.startswith("1 new samples kept")


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


READER = """
import asyncio, random, sys, time
from pathlib import Path
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import RedisStream
from evalbot.app.monitor import Monitor
from evalbot.app.wiring import World
from evalbot.domain.monitoring import MonitorPolicy
from evalbot.metrics import METRICS

async def work():
    stream = RedisStream(sys.argv[1], "kills", idle_seconds=0.2, deliveries=1000)
    world = World.real({}, Path(sys.argv[2]).parent, quiet=True)
    metrics = {"words": METRICS.get("length")(max=3)}
    policy = MonitorPolicy("support", cooldown_seconds=1e6)
    monitor = Monitor(policy, stream, MonitorStore(Path(sys.argv[2])), metrics, {}, frozenset(metrics), world, None, time.time, random.Random())
    print("ready", flush=True)
    while True:
        await monitor.take(stream.read(20, 0.05))
        if time.time() - monitor.flushed > 1.0:  # a look at all windows takes longer the more was seen
            await monitor.flush()

asyncio.run(work())
"""


class Worker:
    """A real worker in a process of its own, that works once `ready` came."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-c", READER, *arguments], stdout=subprocess.PIPE, text=True)

    def works(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.mark.campaign
def test_two_workers_that_are_killed_again_and_again_lose_nothing_count_nothing_twice_and_tell_once(redis_url: str, tmp_path: Path) -> None:
    stream, path, rng, kills = RedisStream(redis_url, "kills"), tmp_path / "store.sqlite", random.Random(3), sized(5, 100)
    store, expected, begun = MonitorStore(path), set(), time.time()  # what is older than five weeks is not kept

    def publish(count: int) -> None:
        names = [f"s{len(expected) + number}" for number in range(count)]
        expected.update(names)
        stream.publish([sample(name, "these are more than three words", timestamp=begun) for name in names])

    workers = [Worker(redis_url, str(path)) for _ in range(2)]
    try:
        for kill in range(kills):
            victim = kill % 2
            workers[victim].works()
            publish(300)
            time.sleep(rng.uniform(0.0, 0.15))
            workers[victim].kill()
            workers[victim] = Worker(redis_url, str(path))
        ended = time.monotonic() + 120
        while store.count() < len(expected) and time.monotonic() < ended:
            time.sleep(0.1)
    finally:
        for worker in workers:
            worker.kill()
    kept = [one.id for one in store.between(0.0, begun + 1)]
    assert sorted(kept) == sorted(expected)
    assert stream.dead() == 0
    assert [(one.kind, one.about) for one in store.told()] == [(AlertKind.CONSTRAINT, "words")]
    store.close()
    stream.close()
