"""The monitor's sums for each minute and hour, in its store: what a flush takes does not grow with what was seen."""

from __future__ import annotations

import json
import math
import sqlite3
from collections.abc import Iterable, Iterator, Mapping

from evalbot.domain.monitoring import Seen
from evalbot.domain.tallies import SAMPLES, Sum, Tally, tally_of

MINUTE, HOUR = 60, 3_600


class Tallies:
    """The table `tallies` of a database.

    Args:
        database: The monitor's.
        written: Where new rows go: the table, or one beside it where the database is only read.
    """

    def __init__(self, database: sqlite3.Connection, written: str = "tallies") -> None:
        self._database = database
        self._written = written
        self._read = "tallies" if written == "tallies" else f"(select * from tallies union all select * from {written})"  # noqa: S608 - names of ours

    def add(self, rows: Iterable[Seen]) -> None:
        """Count these in, minute by minute and hour by hour; the caller has begun a transaction."""
        parts: dict[tuple[int, int], list[Seen]] = {}
        for one in rows:
            for seconds in (MINUTE, HOUR):
                parts.setdefault((seconds, int(one.at // seconds) * seconds), []).append(one)
        for (seconds, at), some in parts.items():
            self._merge(seconds, at, tally_of(some))

    def between(self, spans: Iterable[tuple[float, float]], *, counted: bool = False) -> Tally:
        """What was seen in these spans together, in whole minutes; `counted` says how often each score came, too."""
        whole = Tally()
        for seconds, since, until in (part for span in spans for part in _covered(*span)):
            for measure, one in self._rows(seconds, since, until, counted=counted):
                whole.sums.setdefault(measure, Sum()).add(one)
        return whole

    def first(self, since: float) -> float | None:
        """The first minute in or after this time in which anything was seen."""
        words = f"select min(at) from {self._read} where seconds = ? and at > ? - ? and measure = ?"  # noqa: S608 - names of ours
        found: int | None = self._database.execute(words, (MINUTE, since, MINUTE, SAMPLES)).fetchone()[0]
        return found

    def forget(self, minutes: float, hours: float, kept: tuple[float, float]) -> None:
        """Drop minutes and hours that lie before these times and not in the span that is kept."""
        for seconds, until in ((MINUTE, minutes), (HOUR, hours)):
            self._database.execute(
                "delete from tallies where seconds = ? and at < ? and not (at > ? - ? and at < ?)", (seconds, until - seconds, kept[0], seconds, kept[1])
            )

    def _merge(self, seconds: int, at: int, new: Tally) -> None:
        before = dict(self._stored(self._written, seconds, at, at + 1, counted=True))
        for measure, one in new.sums.items():
            if measure in before:
                before[measure].add(one)
                one = before[measure]
            one.coarse()
            row = (seconds, at, measure, one.n, one.total, one.spread, _packed(one.values))
            self._database.execute(f"insert or replace into {self._written} values (?, ?, ?, ?, ?, ?, ?)", row)  # noqa: S608 - a name of ours

    def _rows(self, seconds: int, since: int, until: int, *, counted: bool) -> Iterator[tuple[str, Sum]]:
        return self._stored(self._read, seconds, since, until, counted=counted)

    def _stored(self, table: str, seconds: int, since: int, until: int, *, counted: bool) -> Iterator[tuple[str, Sum]]:
        column = "counted" if counted else "''"
        words = f"select measure, n, total, spread, {column} from {table} where seconds = ? and at >= ? and at < ?"  # noqa: S608 - names of ours
        for measure, n, total, spread, values in self._database.execute(words, (seconds, since, until)):
            yield measure, Sum(n, total, spread, _unpacked(values) if values else {})


def _covered(since: float, until: float) -> Iterator[tuple[int, int, int]]:
    """The whole minutes of a span as whole hours and the minutes before and after them: (size, begin, end)."""
    begin, end = int(since // MINUTE) * MINUTE, int(until // MINUTE) * MINUTE
    first, last = math.ceil(begin / HOUR) * HOUR, end // HOUR * HOUR
    parts = ((MINUTE, begin, first), (HOUR, first, last), (MINUTE, last, end)) if first < last else ((MINUTE, begin, end),)
    yield from (part for part in parts if part[1] < part[2])


def _packed(values: Mapping[float, int]) -> str:
    return json.dumps([list(values), list(values.values())], separators=(",", ":")) if values else ""


def _unpacked(text: str) -> dict[float, int]:
    values, counts = json.loads(text)
    return dict(zip(values, counts, strict=True))
