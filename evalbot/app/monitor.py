"""Tier 3, monitor: production samples from a stream, scored as they come, kept once, and told about when they get worse."""

from __future__ import annotations

import asyncio
import math
import os
import random
import secrets
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.languages import language_of
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.sources.mapped import Unusable, mapper
from evalbot.adapters.trees import folder_tree
from evalbot.app.exams import suite_metrics
from evalbot.app.monitor_canaries import canaries_of, sung
from evalbot.app.monitor_telling import Telling
from evalbot.app.monitor_windows import kept, minute_after, pin, spans
from evalbot.app.wiring import World
from evalbot.config import suite_decides
from evalbot.domain.canonical import Json, digest
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Reply, Vector
from evalbot.domain.monitoring import NO_ANSWER, Alert, AlertKind, Canaries, JudgeState, MonitorPolicy, Seen, Standing
from evalbot.domain.policy import Policy
from evalbot.domain.ports import Ask, Metric, Tree
from evalbot.domain.privacy import Personal
from evalbot.domain.pulls import GitHub
from evalbot.domain.samples import Sample
from evalbot.domain.scores import Answered, Score, ScoreStatus
from evalbot.domain.streams import Entry, SampleStream
from evalbot.engine.asking import Bill
from evalbot.engine.scoring import measured
from evalbot.gate.alerts import MOST_SAMPLES, drift_rule, due, report, still, wanted
from evalbot.stats.drift import WINDOWS

BATCH = 200
SUSPICION = 4  # a judge whose scores fell is looked at again after this part of the usual time
MAP = {
    "id": "id", "output": "output", "timestamp": "timestamp", "user_input": "user_input", "input": "input", "context": "context",
    "latency_ms": "latency_ms", "had_error": "had_error", "metadata": "metadata", "expected": "expected",
}  # fmt: skip


@dataclass
class Monitor:
    """One worker.

    Args:
        deterministic: Metrics that ask nobody: every sample meets them.
        judged: Metrics that ask a model: a share of the samples meets them.
        ask: Makes how they ask about one sample, on a bill; None where there are none.
        clock: Seconds since 1970.
        rng: Draws the share.
        github: Makes a client for one errand, where an issue is wanted; `owner` is named in it.
    """

    policy: MonitorPolicy
    stream: SampleStream
    store: MonitorStore
    deterministic: Mapping[str, Metric]
    judged: Mapping[str, Metric]
    deciding: frozenset[str]
    world: World
    ask: Callable[[Bill], Ask] | None
    clock: Callable[[], float]
    rng: random.Random
    personal: Personal = field(default_factory=lambda: Personal(secrets.token_bytes(32)))
    github: Callable[[], GitHub] | None = None
    owner: str = ""
    kept: int = 0
    unusable: int = 0
    flushed: float = 0.0
    hold_seconds: float = 15.0

    def __post_init__(self) -> None:
        ours = self.policy
        self._mapped = mapper(MAP)
        self._rule = drift_rule(ours)
        self._telling = Telling(ours, self.store, self.world, self.github, self.owner)
        self._metrics = {**self.deterministic, **self.judged}

    @property
    def said(self) -> Sequence[str]:
        """What could not be told, a line each."""
        return self._telling.said

    async def work(self, stopping: Callable[[], bool], wait: float = 1.0) -> None:
        """Read, score, keep, acknowledge, until it is told to stop; what was acknowledged is kept."""
        while not stopping():
            entries = await asyncio.to_thread(self.stream.read, BATCH, wait)
            if entries:
                await self.take(entries)
            if self.clock() - self.flushed >= self.policy.flush_seconds:
                await self.flush()
        await self.flush()

    async def take(self, entries: Sequence[Entry]) -> None:
        """Score a batch and keep it; only then is it acknowledged, so that a worker that dies loses nothing."""
        holding = asyncio.create_task(self._hold([entry.id for entry in entries]))
        try:
            await self._take(entries)
        finally:
            holding.cancel()

    async def _hold(self, ids: Sequence[str]) -> None:
        """While a judge thinks, nobody else pays for the same samples."""
        with suppress(CouldNotRun):  # then they come again, and count once
            while True:
                await asyncio.sleep(self.hold_seconds)
                await asyncio.to_thread(self.stream.hold, ids)

    async def _take(self, entries: Sequence[Entry]) -> None:
        samples = [sample for entry in entries if (sample := self._sample(entry)) is not None]
        known = self.store.known([sample.id for sample in samples])  # delivered again: nothing is paid twice
        seen = await asyncio.gather(*(self._seen(sample) for sample in samples if sample.id not in known))
        self.kept += self.store.add(one for one, _ in seen)
        for name, count in Counter(error for _, errors in seen for error in errors).items():
            self.store.add_to(name, count)
        self.stream.done([entry.id for entry in entries])

    async def flush(self, *, asking: bool = True) -> Sequence[Alert]:
        """Work the windows out, tell what is due, and write the metrics file; returns what was told. Without `asking` no judge is asked."""
        now = self.flushed = self.clock()
        if asking:
            await self._sing(self.judged, now, self.policy.canary_seconds)
        lower = frozenset(name for name, metric in self._metrics.items() if metric.lower_is_better)
        self.store.catch_up()
        pin(self.store, now, self._rule.min_n)
        looked = spans(self.store, now)
        found = report(now, looked, self._rule, lower, frozenset(self.judged))
        alerts = partial(wanted, found, floors=self.policy.floors, min_n=self.policy.min_n)
        if asking:  # before a product is blamed, its judge is looked at
            blamed = {one.about for one in alerts([], judges=self._judges(now)) if one.kind is AlertKind.QUALITY}
            await self._sing(blamed & self.judged.keys(), now, self.policy.canary_seconds / SUSPICION)
        judges = self._judges(now)

        def decide(fresh: Sequence[Seen], told: Sequence[Alert], standing: Sequence[Standing]) -> tuple[Sequence[Alert], Sequence[Standing]]:
            called = alerts(fresh, judges=judges)
            telling = [self._shown(one, now, lower) for one in due(called, told, self.policy.cooldown_seconds)]
            return telling, still(standing, called, telling, found, self.policy.min_n, judges)

        told = self.store.settle(now - self.policy.cooldown_seconds, decide)
        self.store.keep_drift(found.drift)
        self.store.keep_windows(kept(now, looked.live))
        await self._telling.tell(found)
        self.store.forget(now, self.policy.keep_samples)
        return told

    def _shown(self, one: Alert, now: float, lower: frozenset[str]) -> Alert:
        """With the samples of the day that the metric likes least, where quality is what is told."""
        if one.kind is not AlertKind.QUALITY:
            return one
        end = minute_after(now)
        return replace(one, samples=self.store.worst(one.about, end - WINDOWS["24h"], end, highest=one.about in lower, most=MOST_SAMPLES))

    async def _sing(self, names: Iterable[str], now: float, every: float) -> None:
        """Have the canaries of these judges graded, where that was not done for so many seconds."""
        latest = {one.metric: one.at for one in self.store.canaries()}
        for name in sorted(names):
            if self.ask is not None and canaries_of(self.judged[name]) and now - latest.get(name, -math.inf) >= every:
                found = await sung(name, self.judged[name], partial(self.ask, Bill()), now, self.world.redact)
                if found is not None:
                    self.store.keep_canaries(found)

    def _judges(self, now: float) -> dict[str, Canaries | None]:
        """What the canaries of each judge showed last; what is old shows nothing."""
        latest = {one.metric: one for one in self.store.canaries(now - 2 * self.policy.canary_seconds)}
        return {
            name: latest.get(name, Canaries(now, name, JudgeState.UNHEARD)) if canaries_of(metric) else None
            for name, metric in self.judged.items()
        }

    def _sample(self, entry: Entry) -> Sample | None:
        """What was handed over, redacted; one that is no sample, or cannot be looked through, is counted and acknowledged."""
        value = dict(entry.value) if isinstance(entry.value, Mapping) else {}
        value.setdefault("timestamp", self.clock())
        value.setdefault("id", digest(value))
        try:
            sample = self._mapped(value)
            clean = {name: self.personal.redact_json(inner) for name, inner in sample.input.items()}
            output = None if sample.output is None else self.personal.redact(sample.output)
            context = tuple(map(self.personal.redact, sample.context))
            name = sample.id if self.personal.secrets.redact(sample.id) == sample.id else digest(sample.id)  # one that holds a key is never written
        except (Unusable, ValueError):
            self.unusable += 1
            self.store.add_to("unusable", 1)
            return None
        return Sample(name, clean, output, sample.timestamp, sample.latency_ms, sample.had_error, context=context)

    async def _seen(self, sample: Sample) -> tuple[Seen, Sequence[str]]:
        """What it showed, and names of what went wrong in scoring it: no error is ever a number."""
        if sample.output is None:
            return Seen(sample.id, sample.timestamp, {}, (NO_ANSWER,), input=_question(sample)), ()
        example = Example(sample.id, Partition.DISTRIBUTION, sample.input, context=sample.context)
        answered = Answered(example, sample.output, latency_ms=sample.latency_ms or 0.0)
        scores = {name: await measured(metric, answered, _Nobody(), self.world.redact) for name, metric in self.deterministic.items()}
        bill, judged = Bill(), bool(self.judged) and self.ask is not None and self.rng.random() < self.policy.judge_share
        if judged and self.ask is not None:
            ask = self.ask(bill)
            asked = await asyncio.gather(*(measured(metric, answered, ask, self.world.redact) for metric in self.judged.values()))
            scores |= dict(zip(self.judged, asked, strict=True))
        errors = [f"unscored_{score.error}" for score in scores.values() if score.error is not None]
        return replace(_as_seen(sample, scores, self._metrics, self.deciding), judged=judged, cost_usd=bill.usd), errors


def metrics_of(policy: Policy, ours: MonitorPolicy, tree: Tree) -> tuple[dict[str, Metric], dict[str, Metric], frozenset[str]]:
    """The suite's metrics that ask nobody, those that ask a model, and which of all decide; raises ConfigError."""
    metrics = suite_metrics(policy.suites[ours.suite], tree, policy.path, [])
    plain = {name: metric for name, metric in metrics.items() if not metric.models}
    return plain, {name: metric for name, metric in metrics.items() if metric.models}, suite_decides(metrics)


def rules_in(root: Path) -> Tree:
    """The work tree of the repository, or the folder itself where it is in none: services are deployed without one."""
    inside = any(os.path.lexists(folder / ".git") for folder in (root, *root.parents))
    return Repository(root).work_tree() if inside else folder_tree(root)


def monitor_policy(policy: Policy) -> MonitorPolicy:
    """The monitor's part of the rules; raises ConfigError where there is none."""
    if policy.monitor is None:
        raise ConfigError(Problem("there is no `monitor:` in it.", policy.path, None, "Add one: suite and stream (docs/monitoring.md)."))
    return policy.monitor


class _Nobody:
    """What metrics that ask no model are given."""

    async def __call__(self, model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None, /) -> Reply:  # noqa: ARG002 - the port's signature
        """Nobody answers."""
        raise CouldNotRun("a metric that asks nobody asked a model")

    def samples(self, wanted: int) -> int:
        """All of them."""
        return wanted

    def useless(self, reply: Reply) -> None:
        """There is none."""

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Vector]:
        """Nobody embeds."""
        raise CouldNotRun(f"a metric that asks nobody asked {model} for embeddings of {len(texts)} texts")


def _as_seen(sample: Sample, scores: Mapping[str, Score], metrics: Mapping[str, Metric], deciding: frozenset[str]) -> Seen:
    known = {name: score for name, score in scores.items() if score.status is ScoreStatus.SCORED and score.value is not None}
    failed = [kind for name, score in known.items() if name in deciding and score.passed is False for kind in _kinds(name, score)]
    checked = [name for name, score in known.items() if score.passed is False and not metrics[name].models]
    # One that only reports passes nothing: then every claim has to be borne out.
    claims = [
        score.value == 1.0 if score.passed is None else score.passed
        for name, score in known.items() if type(metrics[name]).__name__ == "Hallucination"
    ]  # fmt: skip
    numbers = {name: float(score.value) for name, score in known.items() if score.value is not None and metrics[name].scale is not None}
    output = sample.output or ""
    return Seen(
        sample.id, sample.timestamp, numbers, tuple(failed), (False in claims) if claims else None, len(checked), len(output), False,
        _question(sample), output[:2000], language=language_of(output),
    )  # fmt: skip


def _question(sample: Sample) -> str:
    question = sample.input.get("user_input")
    return question[:500] if isinstance(question, str) else ""


def _kinds(name: str, score: Score) -> list[str]:
    failed = score.detail.get("failed")
    checks = failed if isinstance(failed, list | tuple) else ()
    named = [str(check.get("name", check)) if isinstance(check, Mapping) else str(check) for check in checks]
    return [f"{name}: {check}" for check in named] or [name]
