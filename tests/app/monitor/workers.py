"""Workers of the monitor on a clock that a test moves, and samples for them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import MemoryStream
from evalbot.app.monitor import Monitor, metrics_of, monitor_policy
from evalbot.app.wiring import World
from evalbot.config import load_policy
from evalbot.domain.canonical import Json
from evalbot.domain.ports import Ask
from evalbot.domain.streams import SampleStream
from evalbot.engine.asking import Bill, Questions
from evalbot.engine.embedding import Embeddings
from tests.loopback import LoopbackModels
from tests.repository import Repo

CONFIG = """\
version: 1
metrics:
  words: {type: length, max: 3}
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5.4-mini
    dataset: evals/*.jsonl
    metrics: [words]
    gates: {scores: {metric: words, min_effect: 5}}
monitor:
  suite: support
  stream: {type: memory}
  store: monitor/results.sqlite
"""
DAY, HOUR = 86_400.0, 3_600.0
NOW = 1_790_000_000.0


class Clock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def monitor_of(folder: Path, stream: SampleStream, clock: Clock, more: str = "") -> Monitor:
    """A worker on these rules, its store under `folder`."""
    repo = Repo(folder / "repo")
    policy = load_policy((CONFIG + more).encode(), "evalbot.yml")
    ours = monitor_policy(policy)
    plain, judged, deciding = metrics_of(policy, ours, Repository(repo.root).work_tree())
    world = World.real({}, folder / "out", quiet=True)
    return Monitor(ours, stream, MonitorStore(folder / ours.store), plain, judged, deciding, world, None, clock, random.Random(1))


def judging(folder: Path, config: str, models: LoopbackModels, clock: Clock, work: Callable[[Monitor], Awaitable[None]]) -> None:
    """Let a worker whose judges are on loopback do this; the samples that it is to take are in its stream."""
    repo = Repo(folder / "repo")
    policy = load_policy(config.encode(), "evalbot.yml")
    ours = monitor_policy(policy)
    plain, judged, deciding = metrics_of(policy, ours, Repository(repo.root).work_tree())
    world = World.real(models.env(), folder / "out", quiet=True)
    asked = {name: policy.model(name) for metric in judged.values() for name in metric.models}
    lab, store = world.open_lab(policy.limits), MonitorStore(folder / ours.store)

    def ask(bill: Bill) -> Ask:
        assert lab.gateway is not None
        return Questions(lab.gateway, asked, bill, world.clock() + 60, Embeddings(lab.gateway))

    async def run() -> None:
        async with lab.asking(asked):
            await work(Monitor(ours, MemoryStream(), store, plain, judged, deciding, world, ask, clock, random.Random(1)))

    try:
        asyncio.run(run())
    finally:
        store.close()


def take_all(monitor: Monitor) -> None:
    """Everything that waits in the stream."""
    asyncio.run(taken(monitor))


async def taken(monitor: Monitor) -> None:
    while entries := monitor.stream.read(200, 0.0):
        await monitor.take(entries)


def sample(name: str, output: str = "two words", **more: Json) -> dict[str, Json]:
    return {"id": name, "user_input": "Where is my bill?", "output": output, "timestamp": NOW - 60, **more}
