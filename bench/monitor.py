"""What the monitor takes and finds: the hand-over in a service, a worker's rate, false alarms and the time until a fall is told.

The rhythm is invented and said here: samples an hour swing by half over a day, scores by 0.15 points, around 4.0 with a deviation of 0.9.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import math
import random
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tabulate import tabulate

from evalbot.adapters.handover import Handover
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import MemoryStream
from evalbot.app.monitor import Monitor
from evalbot.app.wiring import World
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import MonitorPolicy
from evalbot.metrics import METRICS
from evalbot.stats.difference import Sample
from evalbot.stats.drift import WINDOWS, DriftRule, QualityState, quality

DAYS, REFERENCE_DAYS, HOURS_A_DAY = 28, 7, 24
MEAN, DEVIATION, SWING = 4.0, 0.9, 0.15


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the three tables."""
    options = _options(arguments)
    logging.getLogger("evalbot").setLevel(logging.ERROR)  # that samples were not handed over is the point
    with tempfile.TemporaryDirectory() as folder:
        rate = worker_rate(Path(folder), options.n)
    free, stalled = handover_us(options.n, MemoryStream(10 * options.n)), handover_us(options.n, _Stalled())
    print(tabulate([["hand-over, median", f"{free:.2f} µs"], ["the same, stream stalled", f"{stalled:.2f} µs"], ["worker", f"{rate:,.0f} samples/s CPU"]]))
    quiet = [simulated(seed, 0.0, options.hourly)[0] for seed in range(options.runs)]
    found = [simulated(seed, options.drop, options.hourly)[1] for seed in range(options.runs)]
    print(f"\n{options.runs} simulated spans of {DAYS} days after a week of reference, {options.hourly} judged samples an hour on average\n")
    print(f"false alarms a span, nothing changed: {statistics.mean(quiet):.2f} ({sum(quiet)} in all)")
    print(f"a fall of {options.drop} points: found in {sum(map(math.isfinite, found))} of {len(found)}, median after {statistics.median(found):.0f} h")


def handover_us(n: int, stream: MemoryStream) -> float:
    """Median microseconds of one `give`."""
    handover, taken = Handover(stream), []
    for number in range(n):
        begun = time.perf_counter_ns()
        handover.give({"id": number, "user_input": "Where is my bill?", "output": "Under Billing."})
        taken.append(time.perf_counter_ns() - begun)
    handover.stop(0.1)
    return statistics.median(taken) / 1000


def worker_rate(folder: Path, n: int) -> float:
    """Samples that one worker reads, redacts, scores by two metrics that ask nobody, and keeps in a second of CPU."""
    stream = MemoryStream(n)
    stream.publish([{"id": f"s{i}", "user_input": f"Question {i}?", "output": "Open Billing and choose Invoices. " * 8, "timestamp": 1e9 + i} for i in range(n)])
    metrics = {name: METRICS.get(name)(**given) for name, given in {"length": {"max": 400}, "refusal": {}}.items()}
    world = World.real({}, folder, quiet=True)
    store = MonitorStore(folder / "store.sqlite")
    monitor = Monitor(MonitorPolicy("support"), stream, store, metrics, {}, frozenset(metrics), world, None, time.time, random.Random(0))

    async def work() -> None:
        while entries := stream.read(200, 0.0):
            await monitor.take(entries)

    begun = time.process_time()
    asyncio.run(work())
    taken = time.process_time() - begun
    if store.count() != n:
        raise SystemExit(f"{store.count()} of {n} samples were kept")
    return n / taken


def simulated(seed: int, drop: float, hourly: int) -> tuple[int, float]:
    """One span: alarms that were told with a cool-down of six hours, and hours until the first one."""
    rng, rule = random.Random(seed), DriftRule()
    hours = [_hour(rng, hour, hourly, drop if hour >= REFERENCE_DAYS * HOURS_A_DAY else 0.0) for hour in range((REFERENCE_DAYS + DAYS) * HOURS_A_DAY)]
    pinned = hours[: REFERENCE_DAYS * HOURS_A_DAY]
    whole = _together(pinned)
    told, last, first = 0, -math.inf, math.inf
    for now in range(len(pinned) + 1, len(hours) + 1):
        near = [one for at, one in enumerate(pinned) if (at - (now - 1)) % HOURS_A_DAY in (0, 1, HOURS_A_DAY - 1)]
        windows = {name: _together(hours[max(0, now - int(seconds // 3600)) : now]) for name, seconds in WINDOWS.items()}
        references = {name: _together(near) if name == "1h" else whole for name in WINDOWS}
        found = quality(windows, references, rule)
        if found.state is QualityState.DEGRADED and now - last >= 6:
            told, last, first = told + 1, now, min(first, now - len(pinned))
    return told, first


class _Stalled(MemoryStream):
    def publish(self, values: object) -> None:
        time.sleep(0.2)
        raise CouldNotRun(f"nobody takes {values}"[:60])


def _hour(rng: random.Random, hour: int, hourly: int, drop: float) -> tuple[int, float, float]:
    """Count, sum and sum of squares of one hour's scores."""
    swing = math.sin(2 * math.pi * hour / HOURS_A_DAY)
    scores = [min(5.0, max(1.0, rng.gauss(MEAN + SWING * swing - drop, DEVIATION))) for _ in range(round(hourly * (1 + 0.5 * swing)))]
    return len(scores), sum(scores), sum(score * score for score in scores)


def _together(hours: Sequence[tuple[int, float, float]]) -> Sample | None:
    n, total, squares = (sum(one[part] for one in hours) for part in range(3))
    return Sample(int(n), total / n, math.sqrt(max(0.0, (squares - total * total / n) / (n - 1)))) if n > 1 else None


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=20_000, help="samples (default 20000)")
    parser.add_argument("--runs", type=int, default=100, help="simulated spans (default 100)")
    parser.add_argument("--hourly", type=int, default=20, help="judged samples an hour on average (default 20)")
    parser.add_argument("--drop", type=float, default=0.3, help="the fall to be found, in points (default 0.3)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
