"""Tier 3, monitor: production samples from a stream, scored as they come, kept once, and told about when they get worse."""

from __future__ import annotations

import asyncio
import random
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from evalbot.adapters.alerting import openmetrics, to_webhook, write_whole
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.sources.mapped import Unusable, mapper
from evalbot.app.exams import suite_metrics
from evalbot.app.wiring import World
from evalbot.config import suite_decides
from evalbot.domain.canonical import Json, digest
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Reply, Vector
from evalbot.domain.monitoring import Alert, MonitorPolicy, Seen
from evalbot.domain.policy import Policy
from evalbot.domain.ports import Ask, Metric, Tree
from evalbot.domain.privacy import Personal
from evalbot.domain.samples import Sample
from evalbot.domain.scores import Answered, Score, ScoreStatus
from evalbot.domain.streams import Entry, SampleStream
from evalbot.gate.alerts import Report, due, report, wanted
from evalbot.stats.drift import WINDOWS, DriftRule

BATCH = 200
REFERENCE_SECONDS = WINDOWS["7d"]
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
        ask: Makes how they ask about one sample; None where there are none.
        clock: Seconds since 1970.
        rng: Draws the share.
    """

    policy: MonitorPolicy
    stream: SampleStream
    store: MonitorStore
    deterministic: Mapping[str, Metric]
    judged: Mapping[str, Metric]
    deciding: frozenset[str]
    world: World
    ask: Callable[[], Ask] | None
    clock: Callable[[], float]
    rng: random.Random
    personal: Personal = field(default_factory=lambda: Personal(secrets.token_bytes(32)))
    kept: int = 0
    unusable: int = 0
    flushed: float = 0.0
    fresh: list[Seen] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._mapped = mapper(MAP)
        self._rule = DriftRule(self.policy.weekly_alpha, self.policy.min_effect, self.policy.min_n)

    async def work(self, stopping: Callable[[], bool], wait: float = 1.0) -> None:
        """Read, score, keep, acknowledge, until it is told to stop; what was acknowledged is kept."""
        while not stopping():
            entries = await asyncio.to_thread(self.stream.read, BATCH, wait)
            if entries:
                await self.take(entries)
            if self.clock() - self.flushed >= self.policy.flush_seconds:
                self.flush()
        self.flush()

    async def take(self, entries: Sequence[Entry]) -> None:
        """Score a batch and keep it; only then is it acknowledged, so that a worker that dies loses nothing."""
        samples = [sample for entry in entries if (sample := self._sample(entry)) is not None]
        seen = await asyncio.gather(*(self._seen(sample) for sample in samples))
        self.kept += self.store.add(seen)
        self.fresh += seen
        self.stream.done([entry.id for entry in entries])

    def flush(self) -> list[Alert]:
        """Work the windows out, tell what is due, and write the metrics file; returns what was told."""
        now = self.flushed = self.clock()
        found = windows(self.store, now, self._rule, self._lower)
        told = due(wanted(found, self.fresh, self.policy.floors, self.policy.min_n), self.store.told(now - self.policy.cooldown_seconds), self.policy.cooldown_seconds)
        for alert in told:
            self.store.tell(alert)
        self.fresh = []
        self._send(told, found)
        self.store.forget(now)
        return told

    @property
    def _lower(self) -> frozenset[str]:
        return frozenset(name for name, metric in {**self.deterministic, **self.judged}.items() if metric.lower_is_better)

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
        except (Unusable, ValueError):
            self.unusable += 1
            self.store.add_to("unusable", 1)
            return None
        return Sample(sample.id, clean, output, sample.timestamp, sample.latency_ms, sample.had_error, context=context)

    async def _seen(self, sample: Sample) -> Seen:
        example = Example(sample.id, Partition.DISTRIBUTION, sample.input, context=sample.context)
        answered = Answered(example, sample.output or "", latency_ms=sample.latency_ms or 0.0)
        scores = {name: await metric.measure(answered, _Nobody()) for name, metric in self.deterministic.items() if metric.applies(example)}
        judged = bool(self.judged) and self.rng.random() < self.policy.judge_share
        if judged and self.ask is not None:
            ask = self.ask()
            scores |= {name: await metric.measure(answered, ask) for name, metric in self.judged.items() if metric.applies(example)}
        return _as_seen(sample, scores, {**self.deterministic, **self.judged}, self.deciding, judged)

    def _send(self, told: Sequence[Alert], found: Report) -> None:
        if told and self.policy.webhook_env:
            url = self.world.environment.get(self.policy.webhook_env, "").strip()
            problem = to_webhook(url, told, self.policy.suite) if url else f"{self.policy.webhook_env} is not set, so no alert was sent"
            self.said += [problem] if problem else []
        if self.policy.openmetrics:
            counts: dict[str, int] = {}
            for alert in self.store.told():
                counts[alert.kind] = counts.get(alert.kind, 0) + 1
            counters = {"kept": self.store.count(), **self.store.counters()}
            write_whole(Path(self.policy.openmetrics), openmetrics(self.policy.suite, measures(found), counts, counters))


def windows(store: MonitorStore, now: float, rule: DriftRule, lower: frozenset[str] = frozenset()) -> Report:
    """The report of one moment. The reference is the first full week that was seen, pinned when it is over."""
    pinned = store.pinned()
    if pinned is None:
        first = next(store.between(0.0, now), None)
        if first is not None and now - first.at >= REFERENCE_SECONDS:
            store.pin(first.at, first.at + REFERENCE_SECONDS)
            pinned = store.pinned()
    reference = list(store.between(*pinned)) if pinned else []
    return report(now, list(store.between(now - WINDOWS["7d"], now)), reference, rule, lower)


def measures(found: Report) -> dict[tuple[str, str, str], float]:
    """What a metrics file says of a report."""
    values: dict[tuple[str, str, str], float] = {("samples", name, ""): float(count) for name, count in found.counts.items()}
    values |= {("violations", name, ""): float(count) for name, count in found.violations.items()}
    values |= {("hallucination_rate", name, ""): rate for name, rate in found.hallucination_rate.items() if rate is not None}
    values |= {("score_mean", name, metric): mean for name, means in found.means.items() for metric, mean in means.items()}
    return values | {("score_p10", name, metric): low for name, lows in found.p10.items() for metric, low in lows.items()}


def metrics_of(policy: Policy, ours: MonitorPolicy, tree: Tree) -> tuple[dict[str, Metric], dict[str, Metric], frozenset[str]]:
    """The suite's metrics that ask nobody, those that ask a model, and which of all decide; raises ConfigError."""
    metrics = suite_metrics(policy.suites[ours.suite], tree, policy.path, [])
    plain = {name: metric for name, metric in metrics.items() if not metric.models}
    return plain, {name: metric for name, metric in metrics.items() if metric.models}, suite_decides(metrics)


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

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[Vector]:
        """Nobody embeds."""
        raise CouldNotRun(f"a metric that asks nobody asked {model} for embeddings of {len(texts)} texts")


def _as_seen(sample: Sample, scores: Mapping[str, Score], metrics: Mapping[str, Metric], deciding: frozenset[str], judged: bool) -> Seen:
    known = {name: score for name, score in scores.items() if score.status is ScoreStatus.SCORED and score.value is not None}
    failed = [kind for name, score in known.items() if name in deciding and score.passed is False for kind in _kinds(name, score)]
    checked = [name for name, score in known.items() if score.passed is False and not metrics[name].models]
    claims = [score.passed for name, score in known.items() if type(metrics[name]).__name__ == "Hallucination"]
    numbers = {name: float(score.value) for name, score in known.items() if score.value is not None and metrics[name].scale is not None}
    question = sample.input.get("user_input")
    return Seen(
        sample.id, sample.timestamp, numbers, tuple(failed), (False in claims) if claims else None, len(checked), len(sample.output or ""), judged,
        question[:500] if isinstance(question, str) else "", (sample.output or "")[:2000],
    )  # fmt: skip


def _kinds(name: str, score: Score) -> list[str]:
    failed = score.detail.get("failed")
    checks = failed if isinstance(failed, list | tuple) else ()
    named = [str(check.get("name", check)) if isinstance(check, Mapping) else str(check) for check in checks]
    return [f"{name}: {check}" for check in named] or [name]
