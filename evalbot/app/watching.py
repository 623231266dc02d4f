"""One worker of the monitor: rules from the work tree, the stream, the store, and a stop that loses nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from dataclasses import dataclass, replace
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import open_stream
from evalbot.app.monitor import BATCH, Monitor, metrics_of, monitor_policy
from evalbot.app.wiring import World, redactor
from evalbot.config import load_policy
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.monitoring import MonitorPolicy
from evalbot.domain.ports import Ask
from evalbot.domain.privacy import Personal
from evalbot.domain.streams import SampleStream
from evalbot.engine.asking import Bill, Questions
from evalbot.engine.embedding import Embeddings

_JUDGED_WITHIN = 300.0  # seconds, for all questions about one sample


@dataclass(frozen=True)
class Watched:
    """What a worker did: samples that it kept, entries that were no sample, dead letters, and what could not be told."""

    kept: int
    unusable: int
    dead: int
    alerts: int
    said: tuple[str, ...]


def watch(root: Path, config: str, world: World, *, drain: bool) -> Watched:
    """Score what comes until it is interrupted; with `drain` until nothing waits.

    The budget of `run` caps what one worker spends on judges: afterwards only metrics that ask nobody go on.

    Raises:
        ConfigError: The configuration has no `monitor`, or what it names is not there.
        CouldNotRun: The stream or the store cannot be reached.
    """
    tree = Repository(root).work_tree()
    if not tree.exists(config):
        raise ConfigError(Problem("no configuration here.", config, None, "`evalbot init` writes one."))
    policy = load_policy(tree.read(config), config)
    ours = monitor_policy(policy)
    if ours.stream.get("type") == "memory":
        hint = "Take `type: redis`; docs/monitoring.md says how."
        raise ConfigError(Problem("a stream of type memory ends with its process: a worker of its own sees nothing of it.", config, ours.line or None, hint))
    if ours.issue:
        hint = "Take alerts.webhook_env or alerts.openmetrics."
        raise ConfigError(Problem("monitor.alerts.issue: alerts as GitHub issues are not available in this version.", config, ours.line or None, hint))
    plain, judged, deciding = metrics_of(policy, ours, tree)
    models = {name: policy.model(name) for metric in judged.values() for name in metric.models}
    stream = open_stream(ours.stream, world.environment)
    store = MonitorStore(root / ours.store)
    lab = world.open_lab(policy.limits)
    personal = Personal(secrets.token_bytes(32), ours.redact, redactor(world.environment))

    def ask() -> Ask:
        assert lab.gateway is not None  # noqa: S101 - it is open while the worker works
        return Questions(lab.gateway, models, Bill(), world.clock() + _JUDGED_WITHIN, Embeddings(lab.gateway))

    async def work() -> Watched:
        told = len(store.told())
        async with lab.asking(models):
            monitor = Monitor(
                _under(ours, root), stream, store, plain, judged, deciding, world, ask, time.time, random.Random(), personal
            )  # fmt: skip
            try:
                await (_drained(monitor, stream) if drain else monitor.work(lambda: False))
            except asyncio.CancelledError:
                monitor.flush()  # what is not acknowledged comes again, to the next worker
            return Watched(monitor.kept, monitor.unusable, stream.dead(), len(store.told()) - told, tuple(dict.fromkeys(monitor.said)))

    try:
        return asyncio.run(work())
    finally:
        store.close()
        stream.close()


async def _drained(monitor: Monitor, stream: SampleStream) -> None:
    while entries := await asyncio.to_thread(stream.read, BATCH, 0.2):
        await monitor.take(entries)
    monitor.flush()


def _under(ours: MonitorPolicy, root: Path) -> MonitorPolicy:
    return replace(ours, openmetrics=str(root / ours.openmetrics)) if ours.openmetrics else ours
