"""Where the monitor keeps what samples showed: one SQLite file that several workers share; a sample counts once, however often it comes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, TypeAlias

from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import Alert, AlertKind, Canaries, Drift, JudgeState, Seen, Standing

_SCHEMA = """
create table if not exists seen (
    id text primary key, at real not null, scores text not null, failed text not null, hallucinated integer, violations integer not null,
    length integer not null, judged integer not null, input text not null, output text not null, cost real,
    language text not null default ''
);
create index if not exists seen_at on seen (at);
create table if not exists alerts (
    kind text not null, about text not null, message text not null, at real not null, count integer not null, samples text not null
);
create table if not exists pinned (name text primary key, since real not null, until real not null);
create table if not exists counters (name text primary key, value integer not null);
create table if not exists standing (
    kind text not null, about text not null, since real not null, told real not null, at real not null, message text not null,
    count integer not null, samples text not null, primary key (kind, about)
);
create table if not exists drift (
    at real not null, measure text not null, state text not null, window text not null, n integer not null, value real, reference real, p real,
    primary key (at, measure)
);
create table if not exists canaries (
    at real not null, metric text not null, state text not null, n integer not null, lost integer not null, drift real, primary key (at, metric)
);
create table if not exists marks (name text primary key, value text not null);
"""
Decide: TypeAlias = Callable[[Sequence[Seen], Sequence[Alert], Sequence[Standing]], tuple[Sequence[Alert], Sequence[Standing]]]
_KEPT_SECONDS = 35 * 86_400.0  # four weeks of reference and windows


class MonitorStore:
    """One file. Writers wait for each other; raises CouldNotRun where it cannot be opened or written.

    Args:
        path: The file; its folder is made.
    """

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(path, timeout=30.0, isolation_level=None)
        except (OSError, sqlite3.Error) as error:
            raise CouldNotRun(f"{path}: the monitor's store cannot be used: {error}") from error
        try:
            self._made()
        except sqlite3.Error as error:
            self._database.close()
            raise CouldNotRun(f"{path}: the monitor's store cannot be used: {error}") from error

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
        """What was seen in a span, oldest first."""
        yield from map(_seen, self._database.execute("select * from seen where at >= ? and at < ? order by at", (since, until)))

    def count(self) -> int:
        """Everything that is kept."""
        found: int = self._database.execute("select count(*) from seen").fetchone()[0]
        return found

    def settle(self, since: float, decide: Decide) -> Sequence[Alert]:
        """Tell what `decide` says of what no worker has looked at yet: at once, so that of two workers one tells it.

        Args:
            since: Seconds since 1970: alerts told from then on are shown to `decide`.
            decide: What nobody looked at, what was told, what stands → what is told now, what stands now.

        Returns:
            What is told now.
        """
        with self._writing():
            mark, top = int(self._mark("told")), self._database.execute("select coalesce(max(rowid), 0) from seen").fetchone()[0]
            if top < mark:  # everything was forgotten meanwhile, and rows are numbered from the start
                mark = 0
            fresh = [_seen(row) for row in self._database.execute("select * from seen where rowid > ? order by rowid", (mark,))]
            told, standing = decide(fresh, self.told(since), self.standing())
            self._database.executemany("insert into alerts values (?, ?, ?, ?, ?, ?)", map(_alert_row, told))
            self._database.execute("delete from standing")
            self._database.executemany("insert into standing values (?, ?, ?, ?, ?, ?, ?, ?)", map(_standing_row, standing))
            self._set_mark("told", str(top))
        return told

    def told(self, since: float = 0.0) -> Sequence[Alert]:
        """Alerts that were told, oldest first."""
        rows = self._database.execute("select * from alerts where at >= ? order by at", (since,))
        return [Alert(AlertKind(row[0]), row[1], row[2], row[3], row[4], tuple(json.loads(row[5]))) for row in rows]

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

    def said(self) -> str:
        """What the issue was last made to say, as a digest; "" where none stands."""
        return self._mark("issue")

    def say(self, before: str, words: str) -> bool:
        """The issue is made to say this; False where another worker has just seen to it."""
        with self._writing():
            mine = self._mark("issue") == before
            if mine:
                self._set_mark("issue", words)
        return mine

    def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of the samples that are kept already."""
        asked = json.dumps(list(ids))
        return frozenset(row[0] for row in self._database.execute("select id from seen where id in (select value from json_each(?))", (asked,)))

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

    def forget(self, now: float) -> None:
        """Drop what is older than five weeks; the reference's span stays."""
        reference = self.pinned()
        keep = min(now - _KEPT_SECONDS, reference[0] if reference else now)
        with self._writing():
            self._database.execute("delete from seen where at < ?", (keep,))
            for table in ("drift", "canaries"):
                self._database.execute(f"delete from {table} where at < ?", (now - _KEPT_SECONDS,))  # noqa: S608 - two names of ours

    def close(self) -> None:
        """Give the file back."""
        self._database.close()

    def _made(self) -> None:
        self._database.execute("pragma journal_mode = wal")
        self._database.execute("pragma synchronous = normal")
        self._database.executescript(_SCHEMA)
        if "language" not in [row[1] for row in self._database.execute("pragma table_info (seen)")]:  # made by an earlier version
            self._database.execute("alter table seen add column language text not null default ''")
        self._database.execute("insert or ignore into marks select 'told', coalesce(max(rowid), 0) from seen")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """One transaction: all of it or nothing."""
        try:
            self._database.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._database.execute("rollback")
                raise
            self._database.execute("commit")
        except sqlite3.Error as error:
            raise CouldNotRun(f"the monitor's store cannot be written: {error}") from error

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
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", timeout=30.0, uri=True)) as database:
            columns = "kind, about, message, at, count, samples"
            rows = database.execute(f"select {columns} from alerts where at >= ? union all select {columns} from standing where at >= ?", (since, since))  # noqa: S608 - names of ours
            found = [Alert(AlertKind(row[0]), row[1], row[2], row[3], row[4], tuple(map(str, json.loads(row[5])))) for row in rows]
            names = json.dumps(sorted({name for alert in found for name in alert.samples}))
            when = dict(database.execute("select id, at from seen where id in (select value from json_each(?))", (names,)))
    except (sqlite3.Error, ValueError, TypeError) as error:
        raise CouldNotRun(f"{path.name}: the monitor's store cannot be read: {error}.") from error
    return found, when


def _seen(row: tuple[Any, ...]) -> Seen:
    hallucinated = None if row[4] is None else bool(row[4])
    return Seen(row[0], row[1], json.loads(row[2]), tuple(json.loads(row[3])), hallucinated, row[5], row[6], bool(row[7]), *row[8:])


def _alert_row(one: Alert) -> tuple[Any, ...]:
    return one.kind, one.about, one.message, one.at, one.count, json.dumps(one.samples)


def _standing_row(one: Standing) -> tuple[Any, ...]:
    alert = one.alert
    return alert.kind, alert.about, one.since, one.told, alert.at, alert.message, alert.count, json.dumps(alert.samples)
