"""The file of the monitor's store: made, brought up to date, or opened to be read where nothing may be written."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from evalbot.domain.errors import CouldNotRun

SEEN = ("id", "at", "scores", "failed", "hallucinated", "violations", "length", "judged", "input", "output", "cost", "language")
FRESH = "temp.fresh_tallies"
_TABLES = {
    "seen": "id text primary key, at real not null, scores text not null, failed text not null, hallucinated integer, violations integer not null, "
    "length integer not null, judged integer not null, input text not null, output text not null, cost real, language text not null default ''",
    "alerts": "kind text not null, about text not null, message text not null, at real not null, count integer not null, samples text not null",
    "pinned": "name text primary key, since real not null, until real not null",
    "counters": "name text primary key, value integer not null",
    "standing": "kind text not null, about text not null, since real not null, told real not null, at real not null, message text not null, "
    "count integer not null, samples text not null, primary key (kind, about)",
    "drift": "at real not null, measure text not null, state text not null, window text not null, n integer not null, value real, reference real, "
    "p real, primary key (at, measure)",
    "canaries": "at real not null, metric text not null, state text not null, n integer not null, lost integer not null, drift real, "
    "primary key (at, metric)",
    "marks": "name text primary key, value text not null",
    "tallies": "seconds integer not null, at integer not null, measure text not null, n integer not null, total real not null, "
    "spread real not null, counted text not null default '', primary key (seconds, at, measure)",
    "windows": "hour integer not null, window text not null, measure text not null, at real not null, n integer not null, value real, p10 real, "
    "primary key (hour, window, measure)",
}
_CLUSTERED = frozenset({"tallies", "windows"})


class _Worker(sqlite3.Connection):
    """What a statement cannot do, a full disk for one, is CouldNotRun."""

    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        """One statement."""
        try:
            return super().execute(sql, parameters)
        except sqlite3.Error as error:
            raise CouldNotRun(f"the monitor's store cannot be used: {error}") from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> sqlite3.Cursor:
        """The same statement with each of these."""
        try:
            return super().executemany(sql, parameters)
        except sqlite3.Error as error:
            raise CouldNotRun(f"the monitor's store cannot be used: {error}") from error


def opened(path: Path, *, read_only: bool) -> sqlite3.Connection:
    """The database; raises CouldNotRun where it cannot be used.

    Read only, nothing is written, beside the file neither: what an earlier version did not have is made in memory.
    """
    try:
        return _to_read(path) if read_only else _to_write(path)
    except (OSError, sqlite3.Error, CouldNotRun) as error:
        whole = f". A whole copy is made by: sqlite3 {path.name} '.backup copy.sqlite'" if read_only and path.is_file() else ""
        raise CouldNotRun(f"{path}: the monitor's store cannot be used: {error.__cause__ or error}{whole}") from error


def _to_write(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(path, timeout=30.0, isolation_level=None, factory=_Worker)
    try:
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        for name, columns in _TABLES.items():
            database.execute(f"create table if not exists {name} ({columns}){' without rowid' * (name in _CLUSTERED)}")
        database.execute("create index if not exists seen_at on seen (at)")
        if "language" not in _columns(database, "seen"):  # made by an earlier version
            database.execute("alter table seen add column language text not null default ''")
        database.execute("insert or ignore into marks select 'told', coalesce(max(rowid), 0) from seen")
        database.execute("insert or ignore into marks select 'webhook', coalesce(max(rowid), 0) from alerts")
    except (sqlite3.Error, CouldNotRun):
        database.close()
        raise
    return database


def _to_read(path: Path) -> sqlite3.Connection:
    """Where no worker has it open, SQLite is told that nobody changes it: else it would put files of its own beside it."""
    beside = [path.with_name(path.name + end) for end in ("-wal", "-shm")]
    alone = "" if any(one.exists() and one.stat().st_size for one in beside) else "&immutable=1"
    database = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{alone}", uri=True, timeout=30.0, isolation_level=None)
    try:
        database.execute("pragma temp_store = memory")
        there = {row[0] for row in database.execute("select name from main.sqlite_master where type = 'table'")}
        for name, columns in _TABLES.items():
            if name not in there:
                database.execute(f"create temp table {name} ({columns})")
        if "language" not in _columns(database, "seen"):
            listed = ", ".join(SEEN[:-1])
            database.execute(f"create temp view seen as select rowid, {listed}, '' as language from main.seen")  # noqa: S608 - names of ours
        database.execute(f"create table {FRESH} ({_TABLES['tallies']})")
        if "marks" in there:  # what is counted here is known here only
            database.execute("create temp table marks as select * from main.marks")
            database.execute("create unique index temp.marks_by_name on marks (name)")
    except sqlite3.Error:
        database.close()
        raise
    return database


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"pragma table_info ({table})")]
