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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tabulate import tabulate

from bench.monitor_flush import flushing
from evalbot.adapters.handover import Handover
from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import MemoryStream
from evalbot.app.monitor import Monitor
from evalbot.app.monitor_canaries import ROUNDS, off
from evalbot.app.wiring import World
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import MonitorPolicy
from evalbot.metrics import METRICS
from evalbot.stats.difference import Sample
from evalbot.stats.drift import WINDOWS, DriftRule, QualityState, ShiftState, length_shift, quality, share_shift

DAYS, REFERENCE_DAYS, HOURS_A_DAY = 28, 7, 24
MEAN, DEVIATION, SWING = 4.0, 0.9, 0.15


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the tables."""
    options = _options(arguments)
    logging.getLogger("evalbot").setLevel(logging.ERROR)  # that samples were not handed over is the point
    with tempfile.TemporaryDirectory() as folder:
        rate = worker_rate(Path(folder), options.n)
        flushing(Path(folder), options.kept, options.minutely)
    free, stalled = handover_us(options.n, MemoryStream(10 * options.n)), handover_us(options.n, _Stalled())
    print(tabulate([["hand-over, median", f"{free:.2f} µs"], ["the same, stream stalled", f"{stalled:.2f} µs"], ["worker", f"{rate:,.0f} samples/s CPU"]]))
    quiet = [simulated(seed, 0.0, options.hourly)[0] for seed in range(options.runs)]
    found = [simulated(seed, options.drop, options.hourly)[1] for seed in range(options.runs)]
    print(f"\n{options.runs} simulated spans of {DAYS} days after a week of reference, {options.hourly} judged samples an hour on average\n")
    print(f"false alarms a span, nothing changed: {statistics.mean(quiet):.2f} ({sum(quiet)} in all)")
    print(f"a fall of {options.drop} points: found in {sum(map(math.isfinite, found))} of {len(found)}, median after {statistics.median(found):.0f} h")
    shifting(options)
    judging(options)


def shifting(options: argparse.Namespace) -> None:
    """Print what is found of length, language and failures: ten times as many samples, since no judge is asked."""
    hourly = 10 * options.hourly
    quiet = [shifted(seed, Mix(), hourly)[0] for seed in range(options.runs)]
    print(f"\nlength, two languages and two kinds of failure, {hourly} samples an hour, shares and lengths with a daily rhythm\n")
    print(f"false alarms a span, nothing changed: {statistics.mean(quiet):.2f} ({sum(quiet)} in all)")
    for name, mix in CHANGES.items():
        found = [shifted(seed, mix, hourly)[1] for seed in range(max(1, options.runs // 10))]
        print(f"{name}: found in {sum(map(math.isfinite, found))} of {len(found)}, median after {statistics.median(found):.0f} h")


def judging(options: argparse.Namespace) -> None:
    """Print how often canaries that are graded once a day call a judge changed."""
    print("\ncanaries graded once a day, on 1 to 5; each grade wavers by itself\n")
    rows = []
    for n, waver in ((3, 0.3), (5, 0.3), (5, 0.5), (10, 0.5)):
        false = sum(drifted(random.Random(day), n, waver, 0.0) for day in range(200 * options.runs)) / (200 * options.runs)
        found = sum(drifted(random.Random(day), n, waver, -0.6) for day in range(10 * options.runs)) / (10 * options.runs)
        rows.append([n, waver, f"{7 * false:.2%}", f"{found:.0%}"])
    print(tabulate(rows, ["canaries", "deviation of a grade", "called changed in a week, unchanged", "a drop of 0.6, found on the first day"], floatfmt="g"))


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


@dataclass(frozen=True)
class Mix:
    """What answers are like: shares of a language and of a failure, and the typical length."""

    german: float = 0.3
    failing: float = 0.02
    length: float = 400.0


CHANGES = {"failures from 2 % to 8 %": Mix(failing=0.08), "a language from 30 % to 40 %": Mix(german=0.4), "answers longer by a fifth": Mix(length=480.0)}
_LENGTHS = 0.6  # deviation of the logarithm
_MEASURES = 5


def shifted(seed: int, later: Mix, hourly: int) -> tuple[int, float]:
    """One span: alarms of any measure with a cool-down of six hours each, and hours until the first one."""
    import numpy as np

    rng, rule, reference = np.random.default_rng(seed), DriftRule(), REFERENCE_DAYS * HOURS_A_DAY
    hours = np.arange((REFERENCE_DAYS + DAYS) * HOURS_A_DAY)
    swing = np.sin(2 * math.pi * hours / HOURS_A_DAY)
    many = np.round(hourly * (1 + 0.5 * swing)).astype(int)

    def changed(name: str) -> Any:
        return np.where(hours < reference, getattr(Mix(), name), getattr(later, name))

    shares = {name: np.cumsum(np.r_[0, rng.binomial(many, changed(name) * (1 + 0.2 * swing))]) for name in ("german", "failing")}
    counts = np.cumsum(np.r_[0, many])
    logs = [rng.normal(math.log(mid) + 0.05 * s, _LENGTHS, n) for mid, s, n in zip(changed("length"), swing, many, strict=True)]
    lengths = [(len(one), float(one.sum()), float((one * one).sum())) for one in logs]
    whole, told, first, last = _together(lengths[:reference]), 0, math.inf, dict[str, int]()
    for now in range(reference + 1, len(hours) + 1):
        since = {name: max(0, now - int(seconds // 3600)) for name, seconds in WINDOWS.items()}
        near = [at for at in range(reference) if (at - (now - 1)) % HOURS_A_DAY in (0, 1, HOURS_A_DAY - 1)]
        near_lengths = {name: _together([lengths[at] for at in near]) if name == "1h" else whole for name in WINDOWS}
        states = {"length": length_shift({name: _together(lengths[at:now]) for name, at in since.items()}, near_lengths, rule, _MEASURES).state}
        for name, summed in shares.items():
            alike = int(sum(summed[at + 1] - summed[at] for at in near)), int(many[near].sum())
            pinned = {window: alike if window == "1h" else (int(summed[reference]), int(counts[reference])) for window in WINDOWS}
            own = {window: (int(summed[now] - summed[at]), int(counts[now] - counts[at])) for window, at in since.items()}
            states[name] = share_shift(own, pinned, rule, _MEASURES).state
        for name, state in states.items():
            if state is ShiftState.SHIFTED and now - last.get(name, -6) >= 6:
                told, first, last[name] = told + 1, min(first, now - reference), now
    return told, first


def drifted(rng: random.Random, n: int, waver: float, shift: float) -> bool:
    """Whether one day's canaries say that the judge has changed: whole grades around frozen fours."""
    rounds: list[list[tuple[float, float]]] = []
    while len(rounds) < ROUNDS:
        rounds.append([(4.0, float(min(5, max(1, round(rng.gauss(4.0 + shift, waver)))))) for _ in range(n)])
        if not off(rounds, 4.0):
            return False
    return True


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
    parser.add_argument("--kept", type=int, default=200_000, help="samples that a flush has to do with (default 200000)")
    parser.add_argument("--minutely", type=int, default=10_000, help="samples a minute around the clock (default 10000)")
    parser.add_argument("--runs", type=int, default=100, help="simulated spans (default 100)")
    parser.add_argument("--hourly", type=int, default=20, help="judged samples an hour on average (default 20)")
    parser.add_argument("--drop", type=float, default=0.3, help="the fall to be found, in points (default 0.3)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
