"""The cache on disk: one SQLite file of JSON values, each under its digest, which `actions/cache` can carry."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from evalbot.domain.canonical import Json
from evalbot.domain.models import Outcome, Reply, Usage
from evalbot.domain.ports import Kept

if TYPE_CHECKING:
    import sqlite3

NAME = "cache.sqlite3"
LARGEST_BYTES = 256 * 1024 * 1024
_LARGEST_VALUE_BYTES = 8 * 1024 * 1024
_KEPT_SECONDS = 8 * 24 * 3600  # a little longer than anything is believed
_USED_AGAIN_SECONDS = 3600  # how exactly the last use is known
_WAIT_SECONDS = 10.0  # for another process that writes
_SCHEMA = "CREATE TABLE replies (key BLOB PRIMARY KEY, created REAL, used REAL, trusted INTEGER, digest BLOB, value TEXT)"
_INFINITE = float("inf")
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False).encode


class NoCache:
    """Nothing is kept: where no folder is given, or nothing may be shared."""

    corrupt = 0

    def __init__(self, trouble: str = "") -> None:
        self.trouble = trouble

    def has(self, key: bytes) -> bool:  # noqa: ARG002 - the port's signature
        """Never."""
        return False

    def get(self, key: bytes) -> Kept | None:  # noqa: ARG002 - the port's signature
        """Never there."""
        return None

    def put(self, key: bytes, kept: Kept) -> None:
        """Not kept."""

    def forget(self, key: bytes) -> None:
        """Nothing is there."""

    def close(self) -> None:
        """Nothing is open."""


class SqliteCache:
    """Replies in `cache.sqlite3`; every one is on its way to the disk before `put` returns, so that a kill loses none.

    Several processes may share the file. A file that is no cache of ours is thrown away; a folder or file that cannot be
    used leaves the cache empty and says why in `trouble`. Nothing is ever unpickled, and no other file is looked at.

    Args:
        folder: Made where it does not exist, with a `.gitignore` of its own.
        now: Seconds since the epoch.
        largest_bytes: Above this the replies that were not used for longest go, when the cache is closed.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time, largest_bytes: int = LARGEST_BYTES) -> None:
        self.path = folder / NAME
        self.corrupt = 0
        self.trouble = ""
        self._now, self._largest = now, largest_bytes
        self._used: list[bytes] = []
        self._database: sqlite3.Connection | None = None
        try:
            self._database = self._opened(folder)
        except Exception as error:  # whatever is wrong with it, nothing is known and the run goes on
            self.trouble = _why(error)

    def has(self, key: bytes) -> bool:
        """Whether there is an entry, be it sound or not."""
        try:
            return self._database is not None and self._database.execute("SELECT 1 FROM replies WHERE key = ?", (key,)).fetchone() is not None
        except Exception:  # nothing that can be read is nothing
            return False

    def get(self, key: bytes) -> Kept | None:
        """The reply; None where there is none, or its digest does not match (counted in `corrupt`)."""
        try:
            if self._database is None:
                return None
            found = self._database.execute("SELECT created, used, trusted, digest, value FROM replies WHERE key = ?", (key,)).fetchone()
            if found is None:
                return None
            created, used, trusted, digest, value = found
            if digest != _digest(key, _number(created), trusted == 1, value):
                raise ValueError("its digest does not match")
            kept = Kept(_reply(value), created, trusted == 1)
            if self._now() - _number(used) > _USED_AGAIN_SECONDS:
                self._used.append(key)
        except Exception:  # a value or a file that somebody has touched
            self.corrupt += 1
            return None
        return kept

    def put(self, key: bytes, kept: Kept) -> None:
        """Keep a reply, in place of an older one; where that is not possible `trouble` says why."""
        value = _encode(_value(kept.reply))
        if self._database is None or len(value) > _LARGEST_VALUE_BYTES // 4:
            return
        row = (key, kept.created, kept.created, int(kept.trusted), _digest(key, kept.created, kept.trusted, value), value)
        self._write("INSERT OR REPLACE INTO replies VALUES (?, ?, ?, ?, ?, ?)", [row])

    def forget(self, key: bytes) -> None:
        """Hold the reply no longer."""
        self._write("DELETE FROM replies WHERE key = ?", [(key,)])

    def close(self) -> None:
        """Note what was used, drop what is too old or too much, and close; closing twice does no harm."""
        database = self._database
        if database is None:
            return
        self._write("UPDATE replies SET used = ? WHERE key = ?", [(self._now(), key) for key in self._used])
        self._write("DELETE FROM replies WHERE created < ?", [(self._now() - _KEPT_SECONDS,)])
        try:
            self._shrink(database)
        except Exception as error:
            self.trouble = self.trouble or _why(error)
        self._database = None
        with suppress(Exception):
            database.close()

    def _write(self, statement: str, rows: list[tuple[object, ...]]) -> None:
        if self._database is None or not rows:
            return
        try:
            with self._database:
                self._database.executemany(statement, rows)
        except Exception as error:  # a full disk, a lock that is never let go
            self.trouble = _why(error)

    def _opened(self, folder: Path) -> sqlite3.Connection:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.is_symlink() or any(path.is_symlink() for path in self._files()):
            raise OSError(f"{self.path} is a symbolic link")
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")
        import sqlite3

        try:
            return self._connected()
        except sqlite3.OperationalError:  # locked, full, not to be opened: nothing is wrong with what it holds
            raise
        except sqlite3.DatabaseError:
            self.corrupt += 1
            for path in self._files():
                path.unlink(missing_ok=True)
            return self._connected()

    def _connected(self) -> sqlite3.Connection:
        """A connection to a file that holds exactly our table and nothing that could act by itself."""
        import sqlite3

        database = sqlite3.connect(self.path, timeout=_WAIT_SECONDS)
        try:
            database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, _LARGEST_VALUE_BYTES)
            database.executescript(
                "PRAGMA trusted_schema = OFF; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;"
            )
            with database:
                database.execute("BEGIN IMMEDIATE")
                found = database.execute("SELECT sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
                if not found:
                    database.execute(_SCHEMA)
                elif found != [(_SCHEMA,)]:
                    raise sqlite3.DatabaseError("it holds something else")
        except BaseException:
            database.close()
            raise
        return database

    def _shrink(self, database: sqlite3.Connection) -> None:
        with closing(database.cursor()) as cursor:
            page = cursor.execute("PRAGMA page_size").fetchone()[0]
            pages, free = (cursor.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count"))
            if (pages - free) * page > self._largest:
                count = cursor.execute("SELECT count(*) FROM replies").fetchone()[0]
                # Down to four fifths, so that not every run has to do this.
                surplus = count - int(count * 0.8 * self._largest / ((pages - free) * page))
                with database:
                    cursor.execute("DELETE FROM replies WHERE key IN (SELECT key FROM replies ORDER BY used LIMIT ?)", (surplus,))
            cursor.executescript("PRAGMA incremental_vacuum")  # `execute` would free one page only

    def _files(self) -> list[Path]:
        return [Path(f"{self.path}{end}") for end in ("", "-wal", "-shm", "-journal")]


def open_cache(folder: Path | None) -> SqliteCache | NoCache:
    """The cache in a folder; one that keeps nothing where there is no folder."""
    return NoCache() if folder is None else SqliteCache(folder)


def _why(error: Exception) -> str:
    said = os.strerror(error.errno) if isinstance(error, OSError) and error.errno else str(error)
    return f"{said or type(error).__name__}"


def _digest(key: bytes, created: float, trusted: bool, value: str) -> bytes:
    """16 bytes over everything that is believed of an entry."""
    whole = key + f"\n{created!r}\n{int(trusted)}\n".encode() + value.encode("utf-8", "surrogatepass")
    return blake2b(whole, digest_size=16).digest()


def _value(reply: Reply) -> Json:
    usage = reply.usage
    return {
        "text": reply.text, "model": reply.model, "latency_ms": reply.latency_ms, "cost_usd": reply.cost_usd,
        "usage": None if usage is None else [usage.input, usage.output, usage.cached_input, usage.written_input], "dropped": list(reply.dropped),
        **({"tool_calls": list(reply.tool_calls)} if reply.tool_calls is not None else {}),
    }  # fmt: skip


def _reply(value: str) -> Reply:
    """The reply of a value; raises ValueError, TypeError or KeyError where it is not what `_value` writes.

    The digest has been compared by now, so that a reader that forgives more, and takes half the time, will do.
    """
    found = json.loads(value)
    if not isinstance(found, dict):
        raise TypeError("it is no reply")
    usage, cost, dropped, calls = found["usage"], found["cost_usd"], found["dropped"], found.get("tool_calls")
    if usage is not None and not (isinstance(usage, list) and len(usage) in (3, 4) and all(type(count) is int and count >= 0 for count in usage)):
        raise ValueError("its usage is none")
    if not isinstance(dropped, list) or not (calls is None or isinstance(calls, list)):
        raise TypeError("a list was expected")
    if not all(isinstance(call, dict) for call in calls or ()):
        raise TypeError("its tool calls are none")
    return Reply(
        _text(found["text"]), Outcome.OK, None if usage is None else Usage(*usage), _text(found["model"]),
        _number(found["latency_ms"]), None if cost is None else _number(cost), tuple(_text(name) for name in dropped),
        tool_calls=None if calls is None else tuple(calls),
    )  # fmt: skip


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a text was expected")
    return value


def _number(value: object) -> float:
    if type(value) not in (int, float) or value != value or value in (_INFINITE, -_INFINITE):
        raise TypeError("a finite number was expected")
    return float(value)  # type: ignore[arg-type]  # it is one
