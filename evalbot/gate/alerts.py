"""Which alerts the windows call for: events as they come, what got worse or different when a test says so, the same once a cool-down."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalbot.domain.monitoring import Alert, AlertKind, Canaries, Drift, JudgeState, MonitorPolicy, Seen, Standing
from evalbot.domain.tallies import FAILED, HALLUCINATED, SCORE, Tally
from evalbot.gate.shifts import Parts, in_words, sample_of, scores, shifts
from evalbot.stats.drift import DriftRule, Quality, QualityState, ShiftState, quality

HOUR = 3_600.0
MOST_SAMPLES = 20


@dataclass(frozen=True)
class Spans:
    """What was seen, in sums by window: `live` up to now, `whole` up to the last whole hour, `references` what each of these is compared with."""

    live: Parts
    whole: Parts
    references: Parts


@dataclass(frozen=True)
class Report:
    """The windows of one moment: name → metric → its quality, and the counts that a dashboard shows.

    `failures` counts each kind of failure in the last 24 hours, `claims` the answers of which it is known whether they hallucinate.
    `drift` and `metrics` are of the last whole hour.
    """

    at: float
    metrics: Mapping[str, Quality]
    counts: Mapping[str, int]
    hallucination_rate: Mapping[str, float | None]
    violations: Mapping[str, int]
    means: Mapping[str, Mapping[str, float]]
    p10: Mapping[str, Mapping[str, float]]
    drift: Sequence[Drift] = ()
    failures: Mapping[str, int] = field(default_factory=dict)
    claims: int = 0


def drift_rule(policy: MonitorPolicy) -> DriftRule:
    """The policy's words on when a change is an alarm: the worker and the dashboard judge by the same."""
    return DriftRule(policy.weekly_alpha, policy.min_effect, policy.min_n, policy.min_share, policy.min_length)


def report(now: float, spans: Spans, rule: DriftRule, lower: frozenset[str] = frozenset(), asked: frozenset[str] = frozenset()) -> Report:
    """Work the windows out.

    Tests are made of the windows that end at the last whole hour: once an hour, as their budget counts them, however often this is asked.

    Args:
        now: Seconds since 1970.
        spans: What was seen.
        lower: Metrics whose smaller values are the better ones.
        asked: Metrics that ask a model.
    """
    live, hour = spans.live, now // HOUR * HOUR
    names = sorted({name for parts in (live, spans.whole, spans.references) for some in parts.values() for name in some.named(SCORE)})
    found = {name: _quality(name, spans, rule, lower_is_better=name in lower, measures=len(names)) for name in names}
    day = live["24h"]
    return Report(
        now, found, {name: some.samples for name, some in live.items()}, {name: _rate(some) for name, some in live.items()},
        {name: some.violations for name, some in live.items()},
        {name: {metric: one.mean for metric in names if (one := sample_of(some.of(SCORE + metric)))} for name, some in live.items()},
        {name: {metric: low for metric in names if (low := some.of(SCORE + metric).p10()) is not None} for name, some in live.items()},
        drift=(*scores(hour, found), *shifts(hour, spans.whole, spans.references, rule, asked)),
        failures={kind: day.of(FAILED + kind).n for kind in day.named(FAILED)}, claims=day.of(HALLUCINATED).n,
    )  # fmt: skip


def wanted(
    found: Report, fresh: Sequence[Seen], floors: Mapping[str, float], min_n: int, judges: Mapping[str, Canaries | None] | None = None,
) -> list[Alert]:  # fmt: skip
    """The alerts that a report and what came since the last one call for, before cool-downs.

    Args:
        judges: Metrics that ask a model, with what their canaries showed last; None where they have none.
    """
    judges = judges or {}
    changed = {name: one for name, one in judges.items() if one is not None and one.state is JudgeState.DRIFTED}
    alerts = [*_events(found.at, fresh, judges), *(_judge(found.at, one) for one in changed.values())]
    for metric, one in found.metrics.items():
        message = _worse(metric, one, found, floors, min_n)
        if message and metric not in changed:  # a judge that changed cannot say that the product did
            count = one.n if one.state is QualityState.DEGRADED else found.counts["1h"]
            alerts.append(Alert(AlertKind.QUALITY, metric, message + _by_whom(metric, judges), found.at, count))
    alerts += [Alert(AlertKind.DRIFT, one.measure, in_words(one), found.at, one.n) for one in found.drift if one.state == ShiftState.SHIFTED]
    return alerts


def due(alerts: Iterable[Alert], told: Sequence[Alert], cooldown: float) -> list[Alert]:
    """Those of which the same was not told within the cool-down."""
    last: dict[tuple[AlertKind, str], float] = {}
    for one in told:
        last[one.kind, one.about] = max(one.at, last.get((one.kind, one.about), one.at))
    return [one for one in alerts if one.at - last.get((one.kind, one.about), -cooldown) >= cooldown]


def still(
    standing: Sequence[Standing], alerts: Sequence[Alert], told: Sequence[Alert], found: Report, min_n: int,
    judges: Mapping[str, Canaries | None] | None = None,
) -> list[Standing]:  # fmt: skip
    """What stands now: what is called for, and what stood before and is not known to be over."""
    heard = {(one.kind, one.about): one for one in told}
    before = {one.name: one for one in standing}
    now = {}
    for one in alerts:
        name = one.kind, one.about
        was, new = before.get(name), heard.get(name)
        shown = new or replace(one, samples=one.samples or (was.alert.samples if was else ()))
        now[name] = Standing(shown, was.since if was else one.at, was.told if was and new is None else one.at)
    kept = {name: one for name, one in before.items() if name not in now and not _is_over(one.alert, found, min_n, judges or {})}
    return sorted((*kept.values(), *now.values()), key=lambda one: (one.since, one.name))


def _is_over(alert: Alert, found: Report, min_n: int, judges: Mapping[str, Canaries | None]) -> bool:
    """Whether enough was seen to say so: silence is no recovery."""
    match alert.kind:
        case AlertKind.HALLUCINATION:
            return found.claims >= min_n and not found.hallucination_rate["24h"]
        case AlertKind.CONSTRAINT:
            return found.counts["24h"] >= min_n and not found.failures.get(alert.about)
        case AlertKind.QUALITY:  # with floors alone there is no reference: enough in the last hour, and no alert for it, is over
            one = found.metrics.get(alert.about)
            unpinned = one is not None and one.state is QualityState.NO_REFERENCE and found.counts["1h"] >= min_n
            return unpinned or (one is not None and one.state is QualityState.STEADY)
        case AlertKind.DRIFT:
            states = {one.measure: one.state for one in found.drift}
            return states.get(alert.about, states.get("length")) == ShiftState.STEADY  # a language that became rare has no row
        case AlertKind.JUDGE:
            canaries = judges.get(alert.about)
            return canaries is None or canaries.state is JudgeState.STEADY


def _judge(at: float, one: Canaries) -> Alert:
    message = (
        f"{one.metric} grades its {one.n} canaries {one.drift or 0.0:+.2f} points from their frozen grades: the judge has changed, "
        "and its scores say nothing of the product. Pin the judge's model, or calibrate it again and freeze new grades"
    )
    return Alert(AlertKind.JUDGE, one.metric, message, at, one.n)


def _worse(metric: str, one: Quality, found: Report, floors: Mapping[str, float], min_n: int) -> str:
    """What is wrong with a metric in a sentence, or nothing."""
    if one.state is QualityState.DEGRADED and one.drop is not None and one.mean is not None and one.reference is not None:
        return f"{metric} fell from {one.reference:.2f} to {one.mean:.2f} over {one.window} ({one.n} samples, one-sided p = {one.p:.2g})"
    if metric in floors and found.counts["1h"] >= min_n and found.means["1h"].get(metric, floors[metric]) < floors[metric]:
        return f"{metric} has a mean of {found.means['1h'][metric]:.2f} in the last hour, below its floor of {floors[metric]:g}"
    return ""


def _by_whom(metric: str, judges: Mapping[str, Canaries | None]) -> str:
    """Whether the judge can be the reason."""
    if metric not in judges:
        return ""
    one = judges[metric]
    if one is None:
        return "; its judge has no canaries, so that it may be the judge that changed"
    if one.state is JudgeState.UNHEARD:
        return "; its judge gave its canaries no grades, so that it may be the judge that changed"
    return "; its judge grades its canaries as before"


def _events(now: float, fresh: Sequence[Seen], judges: Container[str]) -> Iterable[Alert]:
    wrong = [one for one in fresh if one.hallucinated]
    if wrong:
        message = f"{len(wrong)} of {sum(one.hallucinated is not None for one in fresh)} judged answers say what their context does not support"
        yield Alert(AlertKind.HALLUCINATION, "hallucination", message, now, len(wrong), tuple(one.id for one in wrong[:MOST_SAMPLES]))
    by_check: dict[str, list[str]] = {}
    for one in fresh:
        for name in (kind for kind in one.failed if one.violations and kind.partition(": ")[0] not in judges):
            by_check.setdefault(name, []).append(one.id)
    for name, ids in sorted(by_check.items()):
        yield Alert(AlertKind.CONSTRAINT, name, f"{name} was violated by {len(ids)} of {len(fresh)} answers", now, len(ids), tuple(ids[:MOST_SAMPLES]))


def _quality(metric: str, spans: Spans, rule: DriftRule, *, lower_is_better: bool, measures: int) -> Quality:
    own, before = ({name: sample_of(some.of(SCORE + metric)) for name, some in parts.items()} for parts in (spans.whole, spans.references))
    return quality(own, before, rule, lower_is_better=lower_is_better, measures=measures)


def _rate(some: Tally) -> float | None:
    known = some.of(HALLUCINATED)
    return known.mean if known.n else None
