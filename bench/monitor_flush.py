"""What a look at the monitor's windows takes: from its sums, beside looking at every sample of a week again, and at 10,000 samples a minute."""

from __future__ import annotations

import random
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

from tabulate import tabulate

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.app.monitor_windows import spans
from evalbot.domain.monitoring import Seen
from evalbot.domain.tallies import Tally, tally_of
from evalbot.gate.alerts import HOUR, Spans, report
from evalbot.stats.drift import WINDOWS, DriftRule

NOW = 29_833_333 * 60.0
DAY, MINUTE = 86_400.0, 60.0
_ANSWER = "Open Billing and choose Invoices. " * 8


def flushing(folder: Path, samples: int, a_minute: int) -> None:
    """Print both tables."""
    rows = []
    for count in (samples // 10, samples):
        store = _filled(folder / f"{count}.sqlite", count)
        slow, fast = _taken(partial(_looked, store, _by_rows)), _taken(partial(_looked, store, partial(spans, now=NOW)))
        rows.append([f"{count:,}", slow[0], fast[0], f"1 / {slow[0] / fast[0]:,.0f}", slow[1] / 1e6, fast[1] / 1e6, f"1 / {slow[1] / fast[1]:,.0f}"])
        store.close()
    heads = ["samples kept", "every sample: s CPU", "sums: s CPU", "ratio", "every sample: MB", "sums: MB", "ratio"]
    print("\nwindows and reference of one flush, three metrics\n\n" + tabulate(rows, heads, floatfmt=".2f"))
    print(f"\n{a_minute:,} samples a minute for an hour, three metrics, {len(_ANSWER)} characters each: what the store takes\n")
    taken = a_minutes_work(folder / "steady.sqlite", a_minute)
    print(tabulate([[name, seconds, f"{seconds / MINUTE:.1%}"] for name, seconds in taken.items()], ["each minute", "s CPU", "of one core"], floatfmt=".2f"))


def a_minutes_work(path: Path, a_minute: int, minutes: int = 60) -> dict[str, float]:
    """Seconds of CPU that each part of a worker's minute takes in the mean; scoring is measured elsewhere."""
    store, rng, taken = MonitorStore(path), random.Random(1), dict[str, float]()
    for minute in range(minutes):
        end = NOW + minute * MINUTE
        some = [_sample(rng, f"{minute}-{n}", end - MINUTE * rng.random()) for n in range(a_minute)]
        for name, work in {
            "keeping": lambda some=some: [store.add(some[at : at + 200]) for at in range(0, len(some), 200)],
            "sums": store.catch_up,
            "events": lambda: store.settle(0.0, lambda *_: ([], [])),
            "windows": lambda end=end: report(end, spans(store, end), DriftRule()),
            "forgetting": lambda end=end: store.forget(end, 20 * a_minute),
        }.items():
            begun = time.process_time()
            work()
            taken[name] = taken.get(name, 0.0) + (time.process_time() - begun) / minutes
    if (store.total(), store.count()) != (minutes * a_minute, 20 * a_minute):
        raise SystemExit(f"{store.total()} samples were counted and {store.count()} kept")
    store.close()
    return taken


def _looked(store: MonitorStore, way: Callable[[MonitorStore], Spans]) -> None:
    report(NOW, way(store), DriftRule())


def _by_rows(store: MonitorStore) -> Spans:
    """The windows as they were made before there were sums: every sample of a week and of the reference is read."""
    seen, pinned = list(store.between(NOW - WINDOWS["7d"] - HOUR, NOW)), store.pinned()
    live, whole = ({name: _tally(seen, end - seconds, end) for name, seconds in WINDOWS.items()} for end in (NOW, NOW // HOUR * HOUR))
    reference = tally_of(store.between(*pinned)) if pinned else Tally()
    return Spans(live, whole, dict.fromkeys(WINDOWS, reference))


def _tally(seen: list[Seen], since: float, until: float) -> Tally:
    return tally_of(one for one in seen if since <= one.at < until)


def _taken(work: Callable[[], object]) -> tuple[float, float]:
    """Seconds of CPU, and bytes that were held at most."""
    begun = time.process_time()
    work()
    seconds = time.process_time() - begun
    tracemalloc.start()
    work()
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return seconds, float(held)


def _filled(path: Path, count: int) -> MonitorStore:
    """Half of them in the last week, half in the reference."""
    store, rng = MonitorStore(path), random.Random(0)
    store.pin(NOW - 15 * DAY, NOW - 8 * DAY)
    half = count // 2
    ends = [NOW - 8 * DAY - n * 7 * DAY / half for n in range(half)] + [NOW - n * 7 * DAY / half for n in range(half)]
    store.add(_sample(rng, f"s{n}", at) for n, at in enumerate(ends))
    store.catch_up()
    return store


def _sample(rng: random.Random, name: str, at: float) -> Seen:
    scores = {"words": float(rng.randrange(5, 200)), "latency": rng.lognormvariate(6.5, 0.4)}
    judged = rng.random() < 0.1
    scores |= {"quality": float(rng.randrange(1, 6))} if judged else {}
    failed = ("words",) if rng.random() < 0.02 else ()
    return Seen(name, at, scores, failed, None, len(failed), len(_ANSWER), judged, "Where is my bill?", _ANSWER, 0.001 * judged, rng.choice(["en", "de"]))
