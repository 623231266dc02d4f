"""The monitor's sums by minute and hour, against the slow way: every sample of a window looked at again."""

from __future__ import annotations

import asyncio
import hashlib
import json
import math
import random
import sqlite3
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import Path

import numpy as np
import pytest

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams import MemoryStream
from evalbot.app.monitor_windows import pin, spans
from evalbot.domain.monitoring import NO_ANSWER, Alert, AlertKind, Seen
from evalbot.domain.tallies import summed
from evalbot.gate.alerts import report
from evalbot.stats.drift import WINDOWS, DriftRule
from tests.app.monitor.workers import DAY, HOUR, Clock, monitor_of, sample, take_all
from tests.gate.windows import report as slow_report

NOW = 29_833_333 * 60.0  # a whole minute: there the windows are the same to the second
RULE = DriftRule(min_effect=0.1)
OLD = """
create table seen (id text primary key, at real not null, scores text not null, failed text not null, hallucinated integer, violations integer not null,
    length integer not null, judged integer not null, input text not null, output text not null, cost real);
create table alerts (kind text not null, about text not null, message text not null, at real not null, count integer not null, samples text not null);
create table pinned (name text primary key, since real not null, until real not null);
create table counters (name text primary key, value integer not null);
pragma journal_mode = wal;
"""


def some(seed: int, count: int, since: float, until: float, worse: float = 0.0) -> list[Seen]:
    """Samples at random times: grades and shares, failures of two kinds, answers missing, languages, costs known and unknown."""
    rng = random.Random(seed)
    found = []
    for number in range(count):
        scores: dict[str, float] = {"words": float(rng.randrange(5, 90))}
        judged = rng.random() < 0.5
        if judged:
            scores |= {"quality": rng.choice([1.0, 2.0, 3.0, 4.0, 5.0]) - worse, "jury": rng.randrange(3, 16) / 3}
        failed = tuple(kind for kind, chance in (("words", 0.1), ("rules: short", 0.03 + worse / 5), ("quality", 0.3 * judged)) if rng.random() < chance)
        claims = rng.random() < 0.2 if judged and rng.random() < 0.8 else None
        cost = None if rng.random() < 0.001 else 0.001 * judged
        silent = rng.random() < 0.02
        found.append(Seen(
            f"{seed}-{number}", rng.uniform(since, until), {} if silent else scores, (NO_ANSWER,) if silent else failed, claims, len(failed), rng.randrange(900),
            judged, "a question", "an answer", cost, rng.choice(["en", "de", ""]),
        ))  # fmt: skip
    return found


def between(rows: Sequence[Seen], since: float, until: float) -> list[Seen]:
    return [one for one in rows if since <= one.at < until]


def alike(found: object, wanted: object) -> bool:
    """Whether two reports say the same; sums in another order differ in the last digits, and a p that hangs on them a little more."""
    if isinstance(found, float) and isinstance(wanted, float):
        return math.isclose(found, wanted, rel_tol=1e-9)
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        return found.keys() == wanted.keys() and all(alike(found[key], wanted[key]) for key in found)
    if isinstance(found, list | tuple) and isinstance(wanted, list | tuple):
        return len(found) == len(wanted) and all(map(alike, found, wanted))
    if is_dataclass(found) and is_dataclass(wanted):
        return all(alike(getattr(found, one.name), getattr(wanted, one.name)) for one in fields(found))
    return found == wanted


@pytest.mark.parametrize(("seed", "worse", "ragged"), [(1, 0.0, 0.0), (2, 0.6, 0.0), (3, 0.3, 1_380.0)])
def test_windows_are_what_looking_at_every_sample_finds(tmp_path: Path, seed: int, worse: float, ragged: float) -> None:
    pinned = NOW - 20 * DAY - ragged, NOW - 13 * DAY - ragged
    rows = [*some(seed, 2_000, *pinned), *some(seed + 10, 3_000, NOW - 8 * DAY, NOW + 60, worse), *some(seed + 20, 400, NOW - 2 * HOUR, NOW, worse)]
    random.Random(seed).shuffle(rows)  # they come late and out of order
    store = MonitorStore(tmp_path / "store.sqlite")
    store.pin(*pinned)
    for at in range(0, len(rows), 2_000):
        store.add(rows[at : at + 2_000])
        store.catch_up()
    lower, asked = frozenset({"words"}), frozenset({"quality", "jury"})
    for now in (NOW, NOW - 3 * HOUR - 1_800):
        fast = report(now, spans(store, now), RULE, lower, asked)
        slow = slow_report(now, between(rows, now - WINDOWS["7d"] - HOUR, now), between(rows, *pinned), RULE, lower, asked)
        assert alike(fast, slow)
        week = between(rows, now - WINDOWS["7d"], now)
        grades = [one.scores["quality"] for one in week if "quality" in one.scores]
        assert fast.counts["7d"] == len(week)
        assert fast.means["7d"]["quality"] == pytest.approx(statistics.fmean(grades), rel=1e-12)
        assert fast.p10["7d"]["quality"] == sorted(grades)[len(grades) // 10]
        known = [one.hallucinated for one in week if one.hallucinated is not None]
        assert fast.hallucination_rate["7d"] == pytest.approx(sum(known) / len(known), rel=1e-12)
        assert fast.violations["7d"] == sum(one.violations for one in week)
        whole = store.tally([(now - WINDOWS["7d"], now)])
        assert whole.of("score:quality").sd == pytest.approx(float(np.std(grades, ddof=1)), rel=1e-9)
        assert (whole.judged, whole.cost_usd is None) == (sum(one.judged for one in week), any(one.judged and one.cost_usd is None for one in week))


@pytest.mark.parametrize("values", [[1.0 + n / 7 for n in range(40)], *([scale * math.exp(n / 300) - 2.0 for n in range(2_000)] for scale in (1.0, 1.03, 1.05)), [-1e9, 0.0, 1e-9] * 200])
def test_p10_is_exact_for_grades_and_within_half_a_percent_for_what_never_comes_twice(tmp_path: Path, values: list[float]) -> None:
    rng = random.Random(4)
    rows = [Seen(f"s{n}", (NOW - HOUR) // HOUR * HOUR + rng.uniform(0, 3_590), {"m": value}) for n, value in enumerate(values)]  # of one hour
    store = MonitorStore(tmp_path / "store.sqlite")
    for at in range(0, len(rows), 100):
        store.add(rows[at : at + 100])
        store.catch_up()
    found, exact = store.tally([(NOW - DAY, NOW)], counted=True).of("score:m").p10(), sorted(values)[len(values) // 10]
    assert found is not None
    assert abs(found - exact) <= (0.005 * abs(exact) if len(set(values)) > 256 else 0.0)


def test_numbers_of_any_size_keep_their_spread_when_sums_are_added() -> None:
    values = [1e9 + n % 7 for n in range(900)]
    whole = summed(values[:1])
    for at in range(1, len(values), 9):
        whole.add(summed(values[at : at + 9]))
    assert whole.n == 900
    assert whole.sd == pytest.approx(statistics.stdev(values), rel=1e-7)  # squares of such numbers would have lost it altogether
    assert summed([]).p10() is None
    assert (summed([]).mean, summed([3.0]).sd) == (0.0, 0.0)


def old_store(path: Path, rows: Sequence[Seen]) -> Path:
    """A store as the first version made it: no sums, no languages, no tables of drift."""
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path)
    database.executescript(OLD)
    database.executemany("insert into seen values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [
        (one.id, one.at, json.dumps(dict(one.scores)), json.dumps(one.failed), one.hallucinated, one.violations, one.length, one.judged, one.input, one.output, one.cost_usd)
        for one in rows
    ])  # fmt: skip
    database.commit()
    database.close()
    return path


def without_language(rows: Sequence[Seen]) -> list[Seen]:
    return [Seen(*(getattr(one, name) for name in Seen.__slots__[:-1])) for one in rows]


def test_a_store_of_an_earlier_version_is_counted_once_whoever_opens_it(tmp_path: Path) -> None:
    rows = without_language(some(5, 6_000, NOW - 2 * DAY, NOW))
    path = old_store(tmp_path / "store.sqlite", rows)
    first, second = MonitorStore(path), MonitorStore(path)
    for store in (first, second, first):
        store.catch_up()
    assert alike(report(NOW, spans(second, NOW), RULE), slow_report(NOW, rows, [], RULE))
    assert (first.total(), first.count()) == (6_000, 6_000)
    assert first.settle(0.0, lambda fresh, told, standing: ([], [])) == []  # what was there was told by the earlier version
    assert first.tally([(0.0, NOW)]).samples == 6_000


def files(folder: Path) -> dict[str, str]:
    return {one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(folder.iterdir())}


@pytest.mark.parametrize("old", [True, False])
def test_a_store_is_read_without_writing_a_byte_and_shows_what_was_not_counted_yet(tmp_path: Path, old: bool) -> None:
    rows = without_language(some(6, 1_000, NOW - DAY, NOW))
    path = tmp_path / "store" / "results.sqlite"
    if old:
        old_store(path, rows)
    else:
        made = MonitorStore(path)
        made.add(rows[:600])
        made.catch_up()
        made.add(rows[600:])
        made.close()
    before = files(path.parent)
    store = MonitorStore(path, read_only=True)
    store.catch_up()
    assert alike(report(NOW, spans(store, NOW), RULE), slow_report(NOW, rows, [], RULE))
    assert [one.id for one in store.samples([rows[0].id])] == [rows[0].id]
    assert (store.told(), store.standing(), store.drift(), store.canaries(), store.pinned()) == ([], [], [], [], None)
    store.close()
    assert files(path.parent) == before


def test_a_store_that_a_worker_has_open_is_read_as_it_is_now(tmp_path: Path) -> None:
    worker = MonitorStore(tmp_path / "store.sqlite")
    worker.add(some(7, 100, NOW - HOUR, NOW))
    reader = MonitorStore(tmp_path / "store.sqlite", read_only=True)
    reader.catch_up()
    assert reader.tally([(NOW - DAY, NOW)]).samples == 100
    worker.add(some(8, 50, NOW - HOUR, NOW))
    reader.catch_up()
    assert reader.tally([(NOW - DAY, NOW)]).samples == 150
    worker.catch_up()
    assert worker.tally([(NOW - DAY, NOW)]).samples == 150


def test_few_samples_are_kept_and_all_are_counted_and_those_of_an_alert_stay(tmp_path: Path) -> None:
    store = MonitorStore(tmp_path / "store.sqlite")
    rows = sorted(some(9, 3_000, NOW - 6 * DAY, NOW), key=lambda one: one.at)
    store.add(rows)
    store.catch_up()
    store.settle(0.0, lambda fresh, told, standing: ([Alert(AlertKind.CONSTRAINT, "words", "it happened", NOW, 1, (rows[5].id,))], []))
    store.forget(NOW, 1_000)
    assert [one.id for one in store.between(0.0, NOW)] == [rows[5].id, *(one.id for one in rows[2_000:])]
    assert alike(report(NOW, spans(store, NOW), RULE), slow_report(NOW, rows, [], RULE))
    store.forget(NOW + 36 * DAY, 1_000)
    assert (store.count(), store.total()) == (0, 3_000)
    store.add(some(10, 7, NOW, NOW + DAY))  # rows are numbered from the start again: they are counted and told all the same
    store.catch_up()
    seen: list[Seen] = []
    store.settle(0.0, lambda fresh, told, standing: (seen.extend(fresh) or [], []))
    assert (len(seen), store.total()) == (7, 3_007)


def test_the_reference_is_the_first_week_with_enough_samples_and_outlives_its_samples(tmp_path: Path) -> None:
    store = MonitorStore(tmp_path / "store.sqlite")
    store.add([Seen("long-ago", 5.0, {}), Seen("wrong-clock", NOW - 20 * DAY, {})])
    week = some(11, 2_000, NOW - 9 * DAY, NOW - 2 * DAY)
    store.add(week)
    store.catch_up()
    pin(store, NOW - 12 * DAY, 30)
    assert store.pinned() is None  # a week with one sample is no reference
    pin(store, NOW, 30)
    assert store.pinned() is not None
    since, until = store.pinned() or (0.0, 0.0)
    assert NOW - 20 * DAY < since <= min(one.at for one in week)
    before = store.tally([(since, until)])
    store.forget(NOW + 100 * DAY, 1_000)
    assert store.tally([(since, until)]) == before
    assert spans(store, NOW + 100 * DAY).references["1h"].samples > 0


def test_a_flush_leaves_its_windows_in_the_store_for_everybody_to_see(tmp_path: Path) -> None:
    stream, clock = MemoryStream(), Clock()
    monitor = monitor_of(tmp_path, stream, clock)
    stream.publish([sample("a", "two words"), sample("b", "these are more than three words"), sample("c", "one", timestamp=clock.now - 2 * HOUR)])
    take_all(monitor)
    for _ in range(2):
        asyncio.run(monitor.flush())
        clock.now += 10
    database = sqlite3.connect(tmp_path / "monitor/results.sqlite")
    rows = database.execute("select window, measure, n, value, p10 from windows order by window, measure").fetchall()
    database.close()
    assert [row for row in rows if row[0] == "1h"] == [
        ("1h", "hallucination_rate", 0, None, None), ("1h", "samples", 2, None, None), ("1h", "score:words", 2, 4.0, 2.0), ("1h", "violations", 2, 1.0, None),
    ]  # fmt: skip
    assert {row[0]: row[2] for row in rows if row[1] == "samples"} == {"1h": 2, "24h": 3, "7d": 3}
