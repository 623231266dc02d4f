"""Workers in processes of their own that are killed, or die of an entry: `python -m tests.app.monitor.killing KIND WHERE NAME DELIVERIES STORE`."""

from __future__ import annotations

import asyncio
import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import KafkaStream, RedisStream
from evalbot.app.monitor import Monitor
from evalbot.app.wiring import World
from evalbot.domain.monitoring import AlertKind, MonitorPolicy
from evalbot.domain.streams import SampleStream
from evalbot.metrics import METRICS
from tests.app.monitor.workers import sample

ROOT = Path(__file__).parents[3]
POISON, DIED = "poison", 9
TRIES = 1_000  # nothing is set aside because it was killed too often
OPEN: dict[str, Callable[[str, str, int], SampleStream]] = {
    "redis": lambda where, name, deliveries: RedisStream(where, name, idle_seconds=0.2, deliveries=deliveries),
    "kafka": lambda where, name, deliveries: KafkaStream(where, name, idle_seconds=1.5, deliveries=deliveries),
}


class Worker:
    """A real worker in a process of its own, that works once `works` returns."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen([sys.executable, "-m", "tests.app.monitor.killing", *arguments], stdout=subprocess.PIPE, text=True, cwd=ROOT)

    def works(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def lose_nothing(kind: str, where: str, path: Path, kills: int) -> None:
    """Two workers, one of which is killed again and again while samples come; in the end each sample is kept once and told once."""
    stream, store, rng, expected = OPEN[kind](where, "kills", TRIES), MonitorStore(path), random.Random(3), set[str]()
    begun = time.time()  # what is older than five weeks is not kept
    arguments = (kind, where, "kills", str(TRIES), str(path))

    def publish(count: int) -> None:
        names = [f"s{len(expected) + number}" for number in range(count)]
        expected.update(names)
        stream.publish([sample(name, "these are more than three words", timestamp=begun) for name in names])

    publish(1)
    workers = [Worker(*arguments) for _ in range(2)]
    try:
        for kill in range(kills):
            victim = kill % 2
            workers[victim].works()
            publish(300)
            time.sleep(rng.uniform(0.0, 0.15))
            workers[victim].kill()
            workers[victim] = Worker(*arguments)
        ended = time.monotonic() + 120
        while store.count() < len(expected) and time.monotonic() < ended:
            time.sleep(0.1)
    finally:
        for worker in workers:
            worker.kill()
    assert sorted(one.id for one in store.between(0.0, begun + 1)) == sorted(expected)
    store.catch_up()
    assert (store.total(), store.tally([(begun - 3_600, begun + 3_600)]).samples) == (len(expected), len(expected))
    assert stream.dead() == 0
    assert [(one.kind, one.about) for one in store.told()] == [(AlertKind.CONSTRAINT, "words")]
    store.close()
    stream.close()


def set_aside_what_kills(kind: str, where: str, path: Path) -> None:
    """An entry of which every worker dies is set aside after two tries; its neighbours are kept."""
    stream, store = OPEN[kind](where, "poison", 2), MonitorStore(path)
    begun = time.time()
    stream.publish([sample(name, timestamp=begun) for name in ("a", "b", POISON, "c")])
    died, ended = 0, time.monotonic() + 120
    while store.count() < 3 and time.monotonic() < ended:
        worker = Worker(kind, where, "poison", "2", str(path))
        while worker.process.poll() is None and store.count() < 3:
            time.sleep(0.02)
        died += worker.process.poll() == DIED
        worker.kill()
    assert [one.id for one in store.between(0.0, begun + 1)] == ["a", "b", "c"]
    assert (died, stream.dead()) == (2, 1)
    store.close()
    stream.close()


FORKING = """
import json, os, sys, time
from evalbot import Handover, open_stream
handover = Handover(open_stream(json.loads(sys.argv[1]), os.environ))
handover.give({"id": "before"})
while not handover.published:
    time.sleep(0.01)
child = os.fork()
handover.give({"id": "child" if child == 0 else "parent"})
if child:
    os.waitpid(child, 0)
"""


def fork_while_handing_over(options: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """A service that hands over, forks, and hands over in both processes."""
    quiet = ["-W", "ignore::DeprecationWarning"]  # Python warns of forks beside threads, which servers do nevertheless
    command = [sys.executable, *quiet, "-c", FORKING, json.dumps(dict(options))]
    subprocess.run(command, env={**os.environ, **environment}, cwd=ROOT, check=True, timeout=60)


async def _work(stream: SampleStream, path: Path) -> None:
    world = World.real({}, path.parent, quiet=True)
    metrics = {"words": METRICS.get("length")(max=3)}
    policy = MonitorPolicy("support", cooldown_seconds=1e6)
    monitor = Monitor(policy, stream, MonitorStore(path), metrics, {}, frozenset(metrics), world, None, time.time, random.Random())
    while not (entries := stream.read(20, 0.05)) and not stream.drained():
        pass
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    while True:
        if any(entry.value["id"] == POISON for entry in entries):  # type: ignore[call-overload,index]
            os._exit(DIED)
        await monitor.take(entries)
        entries = stream.read(20, 0.05)
        if time.time() - monitor.flushed > 1.0:  # a look at all windows takes longer the more was seen
            await monitor.flush()


if __name__ == "__main__":
    asyncio.run(_work(OPEN[sys.argv[1]](sys.argv[2], sys.argv[3], int(sys.argv[4])), Path(sys.argv[5])))
