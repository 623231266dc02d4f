"""The windows of one moment, from the sums that the store keeps: the worker and the dashboard look at the same."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

from evalbot.adapters.monitor_store import KEPT_SECONDS, MonitorStore
from evalbot.domain.monitoring import WindowKept
from evalbot.domain.tallies import HALLUCINATED, SAMPLES, SCORE, VIOLATIONS, Tally, growing
from evalbot.gate.alerts import HOUR, Spans
from evalbot.stats.drift import WINDOWS

MINUTE, DAY = 60.0, 86_400.0
REFERENCE_SECONDS = WINDOWS["7d"]


def minute_after(now: float) -> float:
    """Where windows end: with the minute that is running, so that what has just come is in them."""
    return math.ceil(now / MINUTE) * MINUTE


def spans(store: MonitorStore, now: float) -> Spans:
    """What was seen, in sums by window."""
    pinned = store.pinned()
    hour = now // HOUR * HOUR
    whole = store.tally([pinned]) if pinned else Tally()
    near = store.tally(_alike(hour, *pinned)) if pinned else Tally()
    references = {name: near if name == "1h" else whole for name in WINDOWS}
    return Spans(_ending(store, minute_after(now), counted=True), _ending(store, hour, counted=False), references)


def pin(store: MonitorStore, now: float, fewest: int) -> None:
    """Make the first whole week that was seen the reference, once it is over; weeks of fewer samples are none."""
    since = store.first(now - KEPT_SECONDS) if store.pinned() is None else None
    while since is not None and now - since >= REFERENCE_SECONDS:
        if store.tally([(since, since + REFERENCE_SECONDS)]).samples >= fewest:
            store.pin(since, since + REFERENCE_SECONDS)
            return
        since = store.first(since + DAY)


def kept(now: float, live: Mapping[str, Tally]) -> Iterable[WindowKept]:
    """What the windows show, in rows."""
    for name, some in live.items():
        claims = some.of(HALLUCINATED)
        yield WindowKept(now, name, SAMPLES, some.samples)
        yield WindowKept(now, name, VIOLATIONS, some.samples, float(some.violations))
        yield WindowKept(now, name, "hallucination_rate", claims.n, claims.mean if claims.n else None)
        for metric in sorted(some.named(SCORE)):
            one = some.of(SCORE + metric)
            yield WindowKept(now, name, SCORE + metric, one.n, one.mean, one.p10())


def _ending(store: MonitorStore, end: float, *, counted: bool) -> dict[str, Tally]:
    parts, until = {}, end
    for name, seconds in WINDOWS.items():
        parts[name] = store.tally([(end - seconds, until)], counted=counted)
        until = end - seconds
    return growing(parts)


def _alike(hour: float, since: float, until: float) -> Iterable[tuple[float, float]]:
    """Of the reference's days the hour that ended last, with its neighbours."""
    begin = hour - 2 * HOUR
    begin += (since - begin) // DAY * DAY
    while begin < until:
        span = max(begin, since), min(begin + 3 * HOUR, until)
        if span[0] < span[1]:
            yield span
        begin += DAY
