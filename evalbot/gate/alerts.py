"""Which alerts the windows call for: events as they come, degradation when the test says so, the same thing once a cool-down."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.monitoring import Alert, AlertKind, Seen
from evalbot.stats.difference import Sample
from evalbot.stats.drift import WINDOWS, DriftRule, Quality, QualityState, moments, quality

_MOST_SAMPLES = 20
_DAY_HOURS = 24


@dataclass(frozen=True)
class Report:
    """The windows of one moment: name → metric → its quality, and the counts that a dashboard shows."""

    at: float
    metrics: Mapping[str, Quality]
    counts: Mapping[str, int]
    hallucination_rate: Mapping[str, float | None]
    violations: Mapping[str, int]
    means: Mapping[str, Mapping[str, float]]
    p10: Mapping[str, Mapping[str, float]]


def report(now: float, window: Sequence[Seen], reference: Sequence[Seen], rule: DriftRule, lower: frozenset[str] = frozenset()) -> Report:
    """Work the windows out.

    Args:
        now: Seconds since 1970.
        window: What was seen in the last seven days.
        reference: What was seen in the pinned span.
        lower: Metrics whose smaller values are the better ones.
    """
    parts = {name: [one for one in window if now - seconds <= one.at < now] for name, seconds in WINDOWS.items()}
    names = sorted({metric for one in window for metric in one.scores} | {metric for one in reference for metric in one.scores})
    found = {
        metric: quality(
            {name: _moments(some, metric) for name, some in parts.items()}, _references(reference, metric, now, rule.min_n), rule,
            lower_is_better=metric in lower,
        )
        for metric in names
    }  # fmt: skip
    return Report(
        now, found, {name: len(some) for name, some in parts.items()}, {name: _rate(some) for name, some in parts.items()},
        {name: sum(one.violations for one in some) for name, some in parts.items()},
        {name: {metric: values.mean for metric in names if (values := _moments(some, metric))} for name, some in parts.items()},
        {name: {metric: low for metric in names if (low := _p10(some, metric)) is not None} for name, some in parts.items()},
    )  # fmt: skip


def wanted(found: Report, fresh: Sequence[Seen], floors: Mapping[str, float], min_n: int) -> list[Alert]:
    """The alerts that a report and what came since the last one call for, before cool-downs."""
    alerts = [*_events(found.at, fresh)]
    for metric, one in found.metrics.items():
        if one.state is QualityState.DEGRADED and one.drop is not None and one.mean is not None and one.reference is not None:
            message = f"{metric} fell from {one.reference:.2f} to {one.mean:.2f} over {one.window} ({one.n} samples, one-sided p = {one.p:.2g})"
            alerts.append(Alert(AlertKind.QUALITY, metric, message, found.at, one.n, _worst(fresh, metric)))
        elif metric in floors and found.counts["1h"] >= min_n and found.means["1h"].get(metric, floors[metric]) < floors[metric]:
            message = f"{metric} has a mean of {found.means['1h'][metric]:.2f} in the last hour, below its floor of {floors[metric]:g}"
            alerts.append(Alert(AlertKind.QUALITY, metric, message, found.at, found.counts["1h"], _worst(fresh, metric)))
    return alerts


def due(alerts: Iterable[Alert], told: Sequence[Alert], cooldown: float) -> list[Alert]:
    """Those of which the same was not told within the cool-down."""
    last: dict[tuple[AlertKind, str], float] = {}
    for one in told:
        last[one.kind, one.about] = max(one.at, last.get((one.kind, one.about), one.at))
    return [one for one in alerts if one.at - last.get((one.kind, one.about), -cooldown) >= cooldown]


def _events(now: float, fresh: Sequence[Seen]) -> Iterable[Alert]:
    wrong = [one for one in fresh if one.hallucinated]
    if wrong:
        message = f"{len(wrong)} of {sum(one.hallucinated is not None for one in fresh)} judged answers say what their context does not support"
        yield Alert(AlertKind.HALLUCINATION, "hallucination", message, now, len(wrong), tuple(one.id for one in wrong[:_MOST_SAMPLES]))
    by_check: dict[str, list[str]] = {}
    for one in fresh:
        for name in one.failed if one.violations else ():
            by_check.setdefault(name, []).append(one.id)
    for name, ids in sorted(by_check.items()):
        yield Alert(AlertKind.CONSTRAINT, name, f"{name} was violated by {len(ids)} of {len(fresh)} answers", now, len(ids), tuple(ids[:_MOST_SAMPLES]))


def _worst(fresh: Sequence[Seen], metric: str) -> tuple[str, ...]:
    scored = sorted((one.scores[metric], one.id) for one in fresh if metric in one.scores)
    return tuple(name for _, name in scored[:_MOST_SAMPLES])


def _moments(some: Sequence[Seen], metric: str) -> Sample | None:
    return moments([one.scores[metric] for one in some if metric in one.scores])


def _references(reference: Sequence[Seen], metric: str, now: float, min_n: int) -> dict[str, Sample | None]:
    """For the last hour the same hour of the day and its neighbours, where that is enough; for whole days all of it."""
    hour = int((now - 1) // 3600) % _DAY_HOURS
    near = [one for one in reference if (int(one.at // 3600) - hour) % _DAY_HOURS in (0, 1, _DAY_HOURS - 1)]
    same, whole = _moments(near, metric), _moments(reference, metric)
    return {name: same if name == "1h" and same is not None and same.n >= min_n else whole for name in WINDOWS}


def _rate(some: Sequence[Seen]) -> float | None:
    known = [one.hallucinated for one in some if one.hallucinated is not None]
    return sum(known) / len(known) if known else None


def _p10(some: Sequence[Seen], metric: str) -> float | None:
    values = sorted(one.scores[metric] for one in some if metric in one.scores)
    return values[len(values) // 10] if values else None
