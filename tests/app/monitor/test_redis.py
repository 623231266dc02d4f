"""The monitor on a real Redis: what dead workers leave, what is set aside, and a server that is not there yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from evalbot.adapters.handover import Handover
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import RedisStream, open_stream
from tests.app.monitor.killing import fork_while_handing_over, lose_nothing, set_aside_what_kills
from tests.app.monitor.workers import CONFIG, sample
from tests.longer import sized
from tests.redis_server import free_port, redis_at, wait_until
from tests.repository import Repo


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    with redis_at(port, tmp_path_factory.mktemp("redis")):
        yield f"redis://127.0.0.1:{port}/0"


def test_what_is_held_is_as_new_and_no_further_delivery(redis_url: str) -> None:
    stream = RedisStream(redis_url, "held")
    stream.publish([sample("a")])
    (entry,) = stream.read(10, 1.0)

    def pending() -> tuple[int, int]:
        (one,) = redis.Redis.from_url(redis_url).xpending_range("held", "evalbot", min="-", max="+", count=10)
        return one["times_delivered"], one["time_since_delivered"]

    wait_until(lambda: pending()[1] >= 500)
    begun = time.monotonic()
    stream.hold([entry.id])
    deliveries, idle = pending()
    assert deliveries == 1
    assert idle <= 1000 * (time.monotonic() - begun) + 1
    stream.close()


def test_a_service_may_begin_before_its_redis_and_hands_over_once_it_is_there(tmp_path: Path) -> None:
    port = free_port()
    url = f"redis://127.0.0.1:{port}/0"
    handover = Handover(open_stream({"type": "redis"}, {"REDIS_URL": url}))
    assert handover.give(sample("lost"))
    wait_until(lambda: handover.dropped == 1)
    with redis_at(port, tmp_path):
        assert handover.give(sample("a"))
        wait_until(lambda: handover.published == 1)
        reader = RedisStream(url)
        assert [entry.value["id"] for entry in reader.read(10, 1.0)] == ["a"]  # type: ignore[call-overload,index]
        handover.stop()
        reader.close()
    assert (handover.published, handover.dropped) == (1, 1)


def test_a_service_that_forks_hands_over_in_parent_and_child_and_nothing_twice(redis_url: str) -> None:
    fork_while_handing_over({"type": "redis", "name": "forked"}, {"REDIS_URL": redis_url})
    reader = RedisStream(redis_url, "forked")
    assert sorted(entry.value["id"] for entry in reader.read(10, 1.0)) == ["before", "child", "parent"]  # type: ignore[call-overload,index]
    reader.close()


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


@pytest.mark.campaign
def test_two_workers_that_are_killed_again_and_again_lose_nothing_count_nothing_twice_and_tell_once(redis_url: str, tmp_path: Path) -> None:
    lose_nothing("redis", redis_url, tmp_path / "store.sqlite", sized(5, 100))


def test_what_kills_every_worker_is_set_aside_and_its_neighbours_are_kept(redis_url: str, tmp_path: Path) -> None:
    set_aside_what_kills("redis", redis_url, tmp_path / "store.sqlite")
