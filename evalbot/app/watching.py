"""One worker of the monitor: rules from the work tree, the stream, the store, and a stop that loses nothing that was acknowledged."""

from __future__ import annotations

import asyncio
import random
import secrets
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.names import names_by
from evalbot.adapters.runner import Runner
from evalbot.adapters.streams import open_stream
from evalbot.app.harvest_places import PUBLIC_API
from evalbot.app.inputs import Inputs
from evalbot.app.monitor import BATCH, Monitor, metrics_of, monitor_policy, rules_in
from evalbot.app.wiring import World, redactor
from evalbot.config import policy_in
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.monitoring import MonitorPolicy
from evalbot.domain.ports import Ask, Tree
from evalbot.domain.privacy import Personal
from evalbot.domain.pulls import GitHub
from evalbot.domain.streams import SampleStream
from evalbot.domain.verdicts import Verdict
from evalbot.engine.asking import Bill, Questions
from evalbot.engine.embedding import Embeddings

_UNHEARD_SECONDS = 120.0  # a group lets a worker in once the others have finished their batches
_JUDGED_WITHIN = 300.0  # seconds, for all questions about one sample


@dataclass(frozen=True)
class Watched:
    """What a worker did: samples that it kept, entries that were no sample, dead letters, and what could not be told."""

    kept: int
    unusable: int
    dead: int
    alerts: int
    said: tuple[str, ...]


@dataclass(frozen=True)
class Beside:
    """The service in whose process a worker lives: the stream between them, and whether the service is ending."""

    stream: SampleStream
    ending: Callable[[], bool]


def watch(root: Path, config: str, world: World, *, drain: bool, tree: Tree | None = None, beside: Beside | None = None) -> Watched:
    """Score what comes until it is interrupted, or the service beside it ends; with `drain` until nothing waits.

    The budget of `run` caps what one worker spends on judges: afterwards only metrics that ask nobody go on.

    Args:
        tree: What rules; by default the files of the folder.

    Raises:
        ConfigError: The configuration has no `monitor`, or what it names is not there.
        CouldNotRun: The stream or the store cannot be reached.
    """
    tree = tree or rules_in(root)
    policy = policy_in(tree, config)
    ours = monitor_policy(policy)
    if ours.stream.get("type") == "memory" and beside is None:
        hint = "Take `type: redis`, or evalbot.InProcessMonitor in your service; docs/monitoring.md says how."
        raise ConfigError(Problem("a stream of type memory ends with its process: a worker of its own sees nothing of it.", config, ours.line or None, hint))
    plain, judged, deciding = metrics_of(policy, ours, tree)
    models = {name: policy.model(name) for metric in judged.values() for name in metric.models}
    github = _github(ours, world.environment, config)
    lab = world.open_lab(policy.limits)

    def ask(bill: Bill) -> Ask:
        assert lab.gateway is not None  # noqa: S101 - it is open while the worker works
        return Questions(lab.gateway, models, bill, world.clock() + _JUDGED_WITHIN, Embeddings(lab.gateway))

    async def work(stream: SampleStream, store: MonitorStore, personal: Personal) -> Watched:
        told = len(store.told())
        async with lab.asking(models):
            monitor = Monitor(
                _under(ours, root), stream, store, plain, judged, deciding, world, ask, time.time, random.Random(), personal,
                github, policy.suites[ours.suite].owner or "",
            )  # fmt: skip
            try:
                if not drain:
                    await monitor.work(beside.ending if beside else lambda: False)
                await _drained(monitor, stream)
            except asyncio.CancelledError:
                await monitor.flush(asking=False)  # what is not acknowledged comes again, to the next worker
            return Watched(monitor.kept, monitor.unusable, stream.dead(), len(store.told()) - told, tuple(dict.fromkeys(monitor.said)))

    opened = beside.stream if beside else open_stream(ours.stream, world.environment)
    with closing(opened) as stream, names_by(ours.names, "monitor.names", config, ours.line) as names:
        personal = Personal(secrets.token_bytes(32), ours.redact, redactor(world.environment), names)
        with closing(MonitorStore(root / ours.store)) as store:
            return asyncio.run(work(stream, store, personal))


def act_monitor(given: Inputs, world: World, workspace: Path, runner: Runner, github: GitHub) -> int:
    """The same as a job of the action: what waits now, by the rules of the default branch; returns the exit status."""
    tree = github.tree(github.tip(github.repository().default_branch))
    reason = in_words(done := watch(workspace, given.config, world, drain=True, tree=tree))
    for line in done.said:
        runner.say("warning", world.redact(line))
    # Nothing is gated here, so nothing passes: alerts speak for themselves.
    runner.outputs({"verdict": str(Verdict.NOT_APPLICABLE), "reason": reason})
    runner.say("notice", reason)
    return 0


def in_words(done: Watched) -> str:
    """One line."""
    return f"{done.kept:,} new samples kept, {done.unusable:,} unusable, {done.dead:,} set aside, {done.alerts:,} alerts told."


def _github(ours: MonitorPolicy, environment: Mapping[str, str], config: str) -> Callable[[], GitHub] | None:
    """Makes a client for one errand, where an issue is wanted: what one may ask of GitHub is bounded, a worker's life is not."""
    if not ours.issue:
        return None
    token, name = environment.get("GITHUB_TOKEN", ""), environment.get("GITHUB_REPOSITORY", "")
    if not (token and name):
        hint = "Set GITHUB_TOKEN, with issues: write, and GITHUB_REPOSITORY, owner/name."
        raise ConfigError(Problem("monitor.alerts.issue needs GITHUB_TOKEN and GITHUB_REPOSITORY in the environment.", config, ours.line or None, hint))
    from evalbot.adapters.github import GitHubClient

    return lambda: GitHubClient(token, environment.get("GITHUB_API_URL") or PUBLIC_API, name)


async def _drained(monitor: Monitor, stream: SampleStream) -> None:
    heard = time.monotonic()
    monitor.flushed = monitor.clock()  # what waits is looked at together, unless it takes long
    while (entries := await asyncio.to_thread(stream.read, BATCH, 0.2)) or not stream.drained():
        if entries:
            await monitor.take(entries)
            heard = time.monotonic()
        elif time.monotonic() - heard > _UNHEARD_SECONDS:
            raise CouldNotRun(f"the stream has not said within {_UNHEARD_SECONDS:.0f} s whether anything waits")
        if monitor.clock() - monitor.flushed >= monitor.policy.flush_seconds:
            await monitor.flush()
    await monitor.flush()


def _under(ours: MonitorPolicy, root: Path) -> MonitorPolicy:
    return replace(ours, openmetrics=str(root / ours.openmetrics)) if ours.openmetrics else ours
