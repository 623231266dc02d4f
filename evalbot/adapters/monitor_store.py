"""Where the monitor keeps what samples showed: one SQLite file that several workers share; a sample counts once, however often it comes."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from evalbot.domain.errors import CouldNotRun
from evalbot.domain.monitoring import Alert, AlertKind, Seen

_SCHEMA = """
create table if not exists seen (
    id text primary key, at real not null, scores text not null, failed text not null, hallucinated integer, violations integer not null,
    length integer not null, judged integer not null, input text not null, output text not null, cost real
);
create index if not exists seen_at on seen (at);
create table if not exists alerts (
    kind text not null, about text not null, message text not null, at real not null, count integer not null, samples text not null
);
create table if not exists pinned (name text primary key, since real not null, until real not null);
create table if not exists counters (name text primary key, value integer not null);
"""
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
            self._database.execute("pragma journal_mode = wal")
            self._database.execute("pragma synchronous = normal")
            self._database.executescript(_SCHEMA)
        except (OSError, sqlite3.Error) as error:
            raise CouldNotRun(f"{path}: the monitor's store cannot be used: {error}") from error

    def add(self, seen: Iterable[Seen]) -> int:
        """Keep these, in one transaction; returns how many were new. What was there already stays as it was."""
        rows = [
            (
                one.id, one.at, json.dumps(dict(one.scores)), json.dumps(one.failed), None if one.hallucinated is None else int(one.hallucinated),
                one.violations, one.length, int(one.judged), one.input, one.output, one.cost_usd,
            )
            for one in seen
        ]  # fmt: skip
        try:
            self._database.execute("begin immediate")
            before = self._database.total_changes
            self._database.executemany("insert or ignore into seen values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows)
            new = self._database.total_changes - before
            self._database.execute("commit")
        except sqlite3.Error as error:
            raise CouldNotRun(f"the monitor's store cannot be written: {error}") from error
        return new

    def between(self, since: float, until: float) -> Iterator[Seen]:
        """What was seen in a span, oldest first."""
        for row in self._database.execute("select * from seen where at >= ? and at < ? order by at", (since, until)):
            yield Seen(
                row[0], row[1], json.loads(row[2]), tuple(json.loads(row[3])), None if row[4] is None else bool(row[4]), row[5], row[6], bool(row[7]),
                row[8], row[9], row[10],
            )  # fmt: skip

    def count(self) -> int:
        """Everything that is kept."""
        found: int = self._database.execute("select count(*) from seen").fetchone()[0]
        return found

    def tell(self, alert: Alert) -> None:
        """Keep an alert that was told."""
        row = (alert.kind, alert.about, alert.message, alert.at, alert.count, json.dumps(alert.samples))
        self._database.execute("insert into alerts values (?, ?, ?, ?, ?, ?)", row)

    def told(self, since: float = 0.0) -> Sequence[Alert]:
        """Alerts that were told, oldest first."""
        rows = self._database.execute("select * from alerts where at >= ? order by at", (since,))
        return [Alert(AlertKind(row[0]), row[1], row[2], row[3], row[4], tuple(json.loads(row[5]))) for row in rows]

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
        self._database.execute("delete from seen where at < ?", (keep,))

    def close(self) -> None:
        """Give the file back."""
        self._database.close()
