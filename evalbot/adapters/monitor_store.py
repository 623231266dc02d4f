"""Where the monitor keeps what samples showed: one SQLite file that several workers share; a sample counts once, however often it comes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from evalbot.adapters.monitor_file import FRESH, SEEN, opened
from evalbot.adapters.monitor_tallies import Tallies
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import Alert, AlertKind, Canaries, Drift, JudgeState, Seen, Standing, WindowKept
from evalbot.domain.tallies import Tally

Decide: TypeAlias = Callable[[Sequence[Seen], Sequence[Alert], Sequence[Standing]], tuple[Sequence[Alert], Sequence[Standing]]]
HOUR, DAY = 3_600, 86_400.0
KEPT_SECONDS = 35 * DAY  # four weeks of windows after a week of reference
_MINUTES_SECONDS = 8 * DAY
_CHUNK = 5_000
_ALL = ", ".join(SEEN)
_PLAIN = _ALL.replace("input, output", "'', ''")  # without texts: they are most of a row


class MonitorStore:
    """One file. Writers wait for each other; raises CouldNotRun where it cannot be opened or written.

    Args:
        path: The file; its folder is made.
        read_only: Nothing is written, into the folder neither; the file has to be there.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._database = opened(path, read_only=read_only)
        self._begin = "begin" if read_only else "begin immediate"
        self._tallies = Tallies(self._database, FRESH if read_only else "tallies")

    def add(self, seen: Iterable[Seen]) -> int:
        """Keep these, in one transaction; returns how many were new. What was there already stays as it was."""
        rows = [
            (
                one.id, one.at, json.dumps(dict(one.scores)), json.dumps(one.failed), None if one.hallucinated is None else int(one.hallucinated),
                one.violations, one.length, int(one.judged), one.input, one.output, one.cost_usd, one.language,
            )
            for one in seen
        ]  # fmt: skip
        with self._writing():
            before = self._database.total_changes
            self._database.executemany("insert or ignore into seen values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            return self._database.total_changes - before

    def between(self, since: float, until: float) -> Iterator[Seen]:
        """What was seen in a span and is still kept, oldest first."""
        yield from map(_seen, self._database.execute(f"select {_ALL} from seen where at >= ? and at < ? order by at", (since, until)))  # noqa: S608 - names of ours

    def samples(self, ids: Iterable[str]) -> Sequence[Seen]:
        """Those of these samples that are still kept."""
        words = f"select {_ALL} from seen where id = ?"  # noqa: S608 - names of ours
        return [_seen(row) for one in ids for row in self._database.execute(words, (one,))]

    def count(self) -> int:
        """How many samples are kept with their texts."""
        found: int = self._database.execute("select count(*) from seen").fetchone()[0]
        return found

    def total(self) -> int:
        """How many samples were ever counted in."""
        return int(self._mark("kept") or 0)

    def newest(self, now: float) -> float | None:
        """The time of the last sample that is kept."""
        found: float | None = self._database.execute("select max(at) from seen where at < ?", (now,)).fetchone()[0]
        return found

    def worst(self, metric: str, since: float, until: float, *, highest: bool, most: int) -> tuple[str, ...]:
        """The samples of a span that a metric likes least, of those that are kept."""
        order = "desc" if highest else "asc"
        rows = self._database.execute(
            "select seen.id from seen, json_each(seen.scores) as score where seen.at >= ? and seen.at < ? and score.key = ? "  # noqa: S608 - words of ours
            f"order by score.value {order}, seen.id {order} limit ?", (since, until, metric, most),
        )  # fmt: skip
        return tuple(row[0] for row in rows)

    def catch_up(self) -> None:
        """Count what came since into the sums of its minute and hour: of several workers one does."""
        while self._counted_in() == _CHUNK:
            pass

    def tally(self, spans: Iterable[tuple[float, float]], *, counted: bool = False) -> Tally:
        """What was seen in these spans together, in whole minutes, as far as it was counted in; `counted` for p10."""
        return self._tallies.between(spans, counted=counted)

    def first(self, since: float) -> float | None:
        """The first minute from this time on in which anything was seen."""
        return self._tallies.first(since)

    def keep_windows(self, found: Iterable[WindowKept]) -> None:
        """Keep what the windows show; of one hour the last word stays."""
        rows = [(int(one.at // HOUR) * HOUR, one.window, one.measure, one.at, one.n, one.value, one.p10) for one in found]
        with self._writing():
            self._database.executemany("insert or replace into windows values (?, ?, ?, ?, ?, ?, ?)", rows)

    def settle(self, since: float, decide: Decide) -> Sequence[Alert]:
        """Tell what `decide` says of what no worker has looked at yet: at once, so that of two workers one tells it.

        Args:
            since: Seconds since 1970: alerts told from then on are shown to `decide`.
            decide: What nobody looked at, what was told, what stands → what is told now, what stands now.

        Returns:
            What is told now.
        """
        with self._writing():
            mark, top = int(self._mark("told")), self._top()
            fresh = [_seen(row) for row in self._database.execute(f"select {_PLAIN} from seen where rowid > ? order by rowid", (mark,))]  # noqa: S608 - names of ours
            told, standing = decide(fresh, self.told(since), self.standing())
            self._database.executemany("insert into alerts values (?, ?, ?, ?, ?, ?)", map(_alert_row, told))
            self._database.execute("delete from standing")
            self._database.executemany("insert into standing values (?, ?, ?, ?, ?, ?, ?, ?)", map(_standing_row, standing))
            self._set_mark("told", str(top))
        return told

    def told(self, since: float = 0.0) -> Sequence[Alert]:
        """Alerts that were told, oldest first."""
        rows = self._database.execute("select * from alerts where at >= ? order by at", (since,))
        return list(map(_alert, rows))

    def standing(self) -> Sequence[Standing]:
        """Alerts that are not over, the oldest first."""
        rows = self._database.execute("select * from standing order by since, kind, about")
        return [Standing(Alert(AlertKind(row[0]), row[1], row[5], row[4], row[6], tuple(json.loads(row[7]))), row[2], row[3]) for row in rows]

    def keep_drift(self, found: Iterable[Drift]) -> None:
        """Keep what the hour's comparisons found; what was found of the same hour before gives way."""
        rows = [(one.at, one.measure, one.state, one.window, one.n, one.value, one.reference, one.p) for one in found]
        with self._writing():
            self._database.executemany("insert or replace into drift values (?, ?, ?, ?, ?, ?, ?, ?)", rows)

    def drift(self, since: float = 0.0) -> Sequence[Drift]:
        """What was found, oldest first."""
        return [Drift(*row) for row in self._database.execute("select * from drift where at >= ? order by at, measure", (since,))]

    def keep_canaries(self, found: Canaries) -> None:
        """Keep what a judge's canaries showed."""
        with self._writing():
            row = (found.at, found.metric, found.state, found.n, found.lost, found.drift)
            self._database.execute("insert or replace into canaries values (?, ?, ?, ?, ?, ?)", row)

    def canaries(self, since: float = 0.0) -> Sequence[Canaries]:
        """What the judges' canaries showed, oldest first."""
        rows = self._database.execute("select * from canaries where at >= ? order by at, metric", (since,))
        return [Canaries(row[0], row[1], JudgeState(row[2]), *row[3:]) for row in rows]

    def unsent(self, since: float) -> tuple[str, str, Sequence[Alert]]:
        """Alerts told from then on that no webhook has taken: where it stands, where it will stand then, and what is between."""
        mark = self._mark("webhook") or "0"
        rows = self._database.execute("select kind, about, message, at, count, samples, rowid from alerts where rowid > ? order by rowid", (int(mark),)).fetchall()
        return mark, str(rows[-1][-1]) if rows else mark, [one for one in map(_alert, rows) if one.at >= since]

    def sent(self, before: str, after: str) -> bool:
        """The webhook is given these, or gives them back; False where another worker has just seen to it."""
        return self._swapped("webhook", before, after)

    def said(self) -> str:
        """What the issue was last made to say, as a digest; "" where none stands."""
        return self._mark("issue")

    def say(self, before: str, words: str) -> bool:
        """The issue is made to say this; False where another worker has just seen to it."""
        return self._swapped("issue", before, words)

    def known(self, ids: Iterable[str]) -> frozenset[str]:
        """Those of the samples that are kept already."""
        return frozenset(one for one in ids if self._database.execute("select 1 from seen where id = ?", (one,)).fetchone())

    def pinned(self) -> tuple[float, float] | None:
        """The span of the reference; None before one was pinned."""
        found = self._database.execute("select since, until from pinned where name = 'reference'").fetchone()
        return (found[0], found[1]) if found else None

    def pin(self, since: float, until: float) -> None:
        """Make this span the reference, in place of another."""
        self._database.execute("insert or replace into pinned values ('reference', ?, ?)", (since, until))

    def add_to(self, name: str, value: int) -> None:
        """Count something: dropped samples, dead letters."""
        self._database.execute("insert into counters values (?, ?) on conflict (name) do update set value = value + excluded.value", (name, value))

    def counters(self) -> dict[str, int]:
        """What was counted so far."""
        return dict(self._database.execute("select name, value from counters"))

    def forget(self, now: float, most: int) -> None:
        """Drop samples that are older than five weeks or not among the last so many, and sums that nobody looks at any more.

        Samples that an alert names stay as long as the alert is young; sums of the reference stay for good.
        """
        since = now - KEPT_SECONDS
        named = "select value from alerts, json_each(alerts.samples) where alerts.at >= ? union select value from standing, json_each(standing.samples)"
        with self._writing():
            looked_at = min(int(self._mark("told") or 0), int(self._mark("tallied") or 0))
            top = self._top()
            for which, bound in (("at <", since), ("rowid <=", top - most)):
                words = f"delete from seen where rowid <= ? and {which} ? and id not in ({named})"  # noqa: S608 - words of ours
                self._database.execute(words, (looked_at, bound, since))
            # Numbers of rows at the end are given again once those rows are gone.
            self._database.execute("update marks set value = ?1 where name in ('told', 'tallied') and cast(value as integer) > ?1", (self._top(),))
            self._tallies.forget(now - _MINUTES_SECONDS, since, self.pinned() or (0.0, 0.0))
            for table in ("drift", "canaries", "windows"):
                self._database.execute(f"delete from {table} where at < ?", (since,))  # noqa: S608 - three names of ours

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def _counted_in(self) -> int:
        with self._writing():
            mark = int(self._mark("tallied") or 0)
            rows = self._database.execute(f"select {_PLAIN}, rowid from seen where rowid > ? order by rowid limit ?", (mark, _CHUNK)).fetchall()  # noqa: S608 - names of ours
            if rows:
                self._tallies.add(_seen(row[:-1]) for row in rows)
                self._set_mark("tallied", str(rows[-1][-1]))
                self._set_mark("kept", str(self.total() + len(rows)))
        return len(rows)

    def _swapped(self, name: str, before: str, after: str) -> bool:
        with self._writing():
            mine = self._mark(name) == before
            if mine:
                self._set_mark(name, after)
        return mine

    def _top(self) -> int:
        found: int = self._database.execute("select coalesce(max(rowid), 0) from seen").fetchone()[0]
        return found

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        self._database.execute(self._begin)
        try:
            yield
            self._database.execute("commit")
        except BaseException:
            if self._database.in_transaction:  # a full disk has ended it already
                self._database.execute("rollback")
            raise

    def _mark(self, name: str) -> str:
        found = self._database.execute("select value from marks where name = ?", (name,)).fetchone()
        return str(found[0]) if found else ""

    def _set_mark(self, name: str, value: str) -> None:
        self._database.execute("insert or replace into marks values (?, ?)", (name, value))


def told_in(path: Path, since: float) -> tuple[Sequence[Alert], Mapping[str, float]]:
    """Alerts of a store that were told from a time on or went on, and when the samples that they name were; the file is only read.

    Raises:
        CouldNotRun: It is no store of the monitor, or cannot be read.
    """
    try:
        with closing(opened(path, read_only=True)) as database:
            columns = "kind, about, message, at, count, samples"
            rows = database.execute(f"select {columns} from main.alerts where at >= ? union all select {columns} from standing where at >= ?", (since, since))  # noqa: S608 - names of ours
            found = [Alert(AlertKind(row[0]), row[1], row[2], row[3], row[4], tuple(map(str, json.loads(row[5])))) for row in rows]
            names = json.dumps(sorted({name for alert in found for name in alert.samples}))
            when = dict(database.execute("select id, at from seen where id in (select value from json_each(?))", (names,)))
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise CouldNotRun(f"{path.name}: the monitor's store cannot be read: {error}.") from error
    return found, when


def _seen(row: tuple[Any, ...]) -> Seen:
    hallucinated = None if row[4] is None else bool(row[4])
    return Seen(row[0], row[1], json.loads(row[2]), tuple(json.loads(row[3])), hallucinated, row[5], row[6], bool(row[7]), *row[8:])


def _alert(row: Sequence[Any]) -> Alert:
    return Alert(AlertKind(row[0]), row[1], row[2], row[3], row[4], tuple(json.loads(row[5])))


def _alert_row(one: Alert) -> tuple[Any, ...]:
    return one.kind, one.about, one.message, one.at, one.count, json.dumps(one.samples)


def _standing_row(one: Standing) -> tuple[Any, ...]:
    alert = one.alert
    return alert.kind, alert.about, one.since, one.told, alert.at, alert.message, alert.count, json.dumps(alert.samples)
