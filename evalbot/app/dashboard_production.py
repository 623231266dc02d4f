"""What the monitor keeps → windows, charts and alerts of the dashboard; nothing is written and nothing is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.app.monitor_windows import minute_after, spans
from evalbot.domain.dashboard import (
    HALLUCINATION,
    VIOLATIONS,
    AlertShown,
    Cell,
    Estimate,
    JudgeShown,
    Measure,
    Point,
    Production,
    SampleShown,
    ShiftShown,
    Standing,
    WindowShown,
)
from evalbot.domain.monitoring import Alert, Drift, JudgeState, MonitorPolicy, Seen
from evalbot.domain.tallies import HALLUCINATED, SCORE, Sum, Tally
from evalbot.domain.tallies import VIOLATIONS as BROKEN
from evalbot.gate.alerts import HOUR, Report, Spans, drift_rule, report
from evalbot.stats.drift import WINDOWS, Quality, QualityState
from evalbot.stats.proportions import wilson
from evalbot.stats.student import mean_interval

STEPS: Mapping[str, int] = {"1h": 12, "24h": 24, "7d": 28}
"""How many points each window's charts have: every 5 minutes, hour, 6 hours."""
COST_DAYS: Mapping[str, float] = {"24 h": 86_400.0, "7 d": 7 * 86_400.0, "28 d": 28 * 86_400.0}
MOST_ALERTS = 200
_WORST_FIRST = (Standing.WORSE, Standing.NOTHING, Standing.FEW, Standing.NO_REFERENCE, Standing.UNTESTED, Standing.STEADY)


@dataclass(frozen=True)
class Kept:
    """What the page needs of the store."""

    store: MonitorStore
    end: float
    spans: Spans
    reference: Tally
    last: float | None


def read(store: MonitorStore, now: float) -> Kept:
    """What the monitor has counted, and what came since."""
    store.catch_up()
    return Kept(store, minute_after(now), spans(store, now), store.tally([store.pinned() or (0.0, 0.0)]), store.newest(now))


def production(
    store: MonitorStore, ours: MonitorPolicy, now: float, lower: frozenset[str], asked: frozenset[str], shown: Callable[[Seen], SampleShown]
) -> tuple[Production, Mapping[str, float | None]]:
    """The production part of the page, and what judging has cost in each of `COST_DAYS` in which anything was judged.

    Args:
        now: Seconds since 1970.
        lower: Metrics whose smaller values are the better ones.
        asked: Metrics that ask a model.
        shown: A sample as it may be shown: redacted, its texts left out where they may not be.
    """
    history = list(reversed(store.told()))
    alerts = history[:MOST_ALERTS]
    kept = read(store, now)
    found = report(now, kept.spans, drift_rule(ours), lower, asked)
    measures = (
        Measure(HALLUCINATION, share=True, lower_is_better=True, about="of the judged answers say what their context does not support"),
        Measure(VIOLATIONS, share=True, lower_is_better=True, about="of the samples break a rule that asks no model"),
        *(Measure(name, lower_is_better=name in lower, about="mean") for name in found.metrics),
    )
    judges = _judges(store, asked, now)
    changed = frozenset(one.metric for one in judges if one.state == JudgeState.DRIFTED)
    windows = tuple(_window(name, kept, found, measures, ours, changed) for name in WINDOWS)
    standing, words = _said(windows, measures, kept)
    made = Production(
        ours.suite, standing, words, measures, windows, ours.min_n, _alerts(alerts, store, shown), store.counters(), kept.last, store.pinned(),
        len(history) - len(alerts), tuple(map(_shift, (one for one in found.drift if not one.measure.startswith("score:")))), judges,
    )  # fmt: skip
    return made, _spent(kept)


def mean(some: Sum) -> Estimate:
    """A mean with Student's interval; without one for a single value."""
    if not some.n:
        return Estimate()
    low, high = mean_interval(some.n, some.mean, some.sd) or (None, None)
    return Estimate(some.n, some.mean, low, high)


def share(k: int, n: int) -> Estimate:
    """A share with Wilson's interval."""
    return Estimate(n, k / n, *wilson(k, n)) if n else Estimate()


def _spent(kept: Kept) -> dict[str, float | None]:
    """By whole hours, where it is days ago."""
    since = {name: kept.end - seconds for name, seconds in COST_DAYS.items()}
    parts = {name: kept.store.tally([(begin if name == "24 h" else begin // HOUR * HOUR, kept.end)]) for name, begin in since.items()}
    return {name: part.cost_usd for name, part in parts.items() if part.judged}


def _window(name: str, kept: Kept, found: Report, measures: Sequence[Measure], ours: MonitorPolicy, changed: frozenset[str]) -> WindowShown:
    step = WINDOWS[name] / STEPS[name]
    begin = kept.end - WINDOWS[name]
    parts = [kept.store.tally([(begin + step * index, begin + step * (index + 1))]) for index in range(STEPS[name])]
    whole = kept.spans.live[name]
    cells = {}
    for measure in measures:
        points = tuple(Point(begin + step * (index + 0.5), _estimate(measure, part)) for index, part in enumerate(parts))
        cells[measure.name] = _cell(name, measure, _estimate(measure, whole), points, found, kept, ours, changed)
    return WindowShown(name, whole.samples, whole.judged, whole.violations, whole.cost_usd, cells)


def _estimate(measure: Measure, some: Tally) -> Estimate:
    if measure.name == HALLUCINATION:
        known = some.of(HALLUCINATED)
        return share(round(known.total), known.n)
    if measure.name == VIOLATIONS:
        return share(some.of(BROKEN).n, some.samples)
    return mean(some.of(SCORE + measure.name))


def _cell(
    window: str, measure: Measure, estimate: Estimate, points: tuple[Point, ...], found: Report, kept: Kept, ours: MonitorPolicy,
    changed: frozenset[str],
) -> Cell:  # fmt: skip
    quality = None if measure.share else found.metrics[measure.name]
    standing, why = _standing(window, estimate, quality, ours.min_n)
    floor = ours.floors.get(measure.name) if window == "1h" and not measure.share else None
    if floor is not None and estimate.n >= ours.min_n and estimate.value is not None and estimate.value < floor:
        standing, why = Standing.WORSE, f"below its floor of {floor:g}"
    if measure.name in changed and standing in (Standing.WORSE, Standing.STEADY):
        standing, why = Standing.UNTESTED, "the judge has changed: its scores say nothing of the product"
    reference = _estimate(measure, kept.reference).value
    return Cell(estimate, standing, points, found.p10.get(window, {}).get(measure.name), reference, why)


def _standing(window: str, estimate: Estimate, quality: Quality | None, min_n: int) -> tuple[Standing, str]:
    """What the alerts' own test says of this window: the page never judges by another one."""
    if not estimate.n:
        return Standing.NOTHING, ""
    if estimate.n < min_n:
        return Standing.FEW, ""
    if quality is None:
        return Standing.UNTESTED, ""
    if quality.state is QualityState.DEGRADED and quality.window == window and quality.reference is not None:
        return Standing.WORSE, f"{quality.mean:.2f} in the last whole hours, {quality.reference:.2f} in the reference" if quality.mean is not None else ""
    if quality.state is QualityState.NO_REFERENCE:
        return Standing.NO_REFERENCE, ""
    return (Standing.STEADY if quality.state is QualityState.STEADY else Standing.UNTESTED), ""


def _said(windows: Sequence[WindowShown], measures: Sequence[Measure], kept: Kept) -> tuple[Standing, str]:
    """The worst that is to be said of all of it, and in words; a day without a sample is nothing measured, whatever the week was."""
    by_name = {window.name: window for window in windows}
    if kept.last is None:
        return Standing.NOTHING, "no sample has come yet"
    if not by_name["24h"].samples:
        return Standing.NOTHING, "no sample came in the last 24 hours"
    metrics = [measure.name for measure in measures if not measure.share]
    if not metrics:
        return Standing.UNTESTED, "no metric with a scale scores these samples"
    standings = {name: _of_metric([window.cells[name] for window in windows]) for name in metrics}
    worst = min(standings.values(), key=_WORST_FIRST.index)
    those = [name for name, standing in standings.items() if standing is worst]
    return worst, f"{_WORDS[worst]}: {', '.join(those)}"


_WORDS = {
    Standing.WORSE: "got worse", Standing.NOTHING: "not measured in the last 7 days", Standing.FEW: "too few samples to judge",
    Standing.NO_REFERENCE: "no reference to compare with yet", Standing.UNTESTED: "measured, not tested", Standing.STEADY: "no fall shown",
}  # fmt: skip


def _of_metric(cells: Sequence[Cell]) -> Standing:
    """Worse in any window is worse; else the best that a window allows: the week speaks where the hour has too little."""
    standings = [cell.standing for cell in cells]
    return Standing.WORSE if Standing.WORSE in standings else max(standings, key=_WORST_FIRST.index)


def _judges(store: MonitorStore, asked: frozenset[str], now: float) -> tuple[JudgeShown, ...]:
    """The newest word of every judge's canaries; a judge without any is there too."""
    newest = {one.metric: one for one in store.canaries() if one.at <= now}
    return tuple(
        JudgeShown(one.metric, str(one.state), one.at, one.n, one.lost, one.drift) if (one := newest.get(name)) else JudgeShown(name)
        for name in sorted({*asked, *newest})
    )


def _shift(one: Drift) -> ShiftShown:
    kind, _, name = one.measure.partition(":")
    what = {"failed": f"answers that fail {name}", "language": f"answers in the language {name}", "length": "typical length in characters"}.get(kind, one.measure)
    return ShiftShown(what, one.state, kind in ("failed", "language"), one.window, one.n, one.value, one.reference, one.p)


def _alerts(alerts: Sequence[Alert], store: MonitorStore, shown: Callable[[Seen], SampleShown]) -> tuple[AlertShown, ...]:
    """Newest first; of several of one kind about one thing the newest stands while the monitor says so."""
    since = {one.name: one.since for one in store.standing()}
    named = {one.id: one for one in store.samples({name for alert in alerts for name in alert.samples})}
    return tuple(_alert(one, named, shown, since.pop((one.kind, one.about), None)) for one in alerts)


def _alert(alert: Alert, named: Mapping[str, Seen], shown: Callable[[Seen], SampleShown], since: float | None) -> AlertShown:
    samples = tuple(shown(named[name]) for name in alert.samples if name in named)
    gone = len(alert.samples) - len(samples)
    return AlertShown(str(alert.kind), alert.severity, alert.about, alert.message, alert.at, alert.count, samples, gone, since)
