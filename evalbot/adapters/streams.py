"""Streams of production samples: in this process, or Redis Streams with a consumer group."""

from __future__ import annotations

import json
import os
import queue
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.streams import Entry, SampleStream

MOST_KEPT = 1_000_000  # entries: a worker that is away for long must not fill the server
IDLE_SECONDS = 60.0


class MemoryStream:
    """A queue in this process: what is not read when it ends is gone."""

    def __init__(self, most: int = 100_000) -> None:
        self._waiting: queue.Queue[Entry] = queue.Queue(most)
        self._open: dict[str, Entry] = {}
        self._number = 0

    def publish(self, values: Sequence[Json]) -> None:
        """Hand these over; CouldNotRun where the queue is full."""
        for value in values:
            self._number += 1
            try:
                self._waiting.put_nowait(Entry(str(self._number), value))
            except queue.Full:
                raise CouldNotRun("the stream is full") from None

    def read(self, most: int, seconds: float) -> Sequence[Entry]:
        """Up to `most` entries."""
        found: list[Entry] = []
        try:
            found.append(self._waiting.get(timeout=seconds) if seconds else self._waiting.get_nowait())
            while len(found) < most:
                found.append(self._waiting.get_nowait())
        except queue.Empty:
            pass
        self._open |= {entry.id: entry for entry in found}
        return found

    def done(self, ids: Sequence[str]) -> None:
        """They are kept."""
        for name in ids:
            self._open.pop(name, None)

    def dead(self) -> int:
        """Nothing is ever delivered twice here."""
        return 0

    def close(self) -> None:
        """Nothing is open."""


class RedisStream:
    """A Redis stream with a consumer group: any number of workers share it, and what a dead one left is taken over.

    Args:
        url: `redis://…` or `rediss://…`.
        name: The stream; `<name>:dead` takes what was delivered `deliveries` times in vain.
        group: The consumer group.
        deliveries: How often an entry is tried.
        idle_seconds: How long an entry may stay with a worker before another takes it.
    """

    def __init__(self, url: str, name: str = "evalbot-samples", group: str = "evalbot", deliveries: int = 5, idle_seconds: float = IDLE_SECONDS) -> None:
        try:
            import redis
        except ImportError as error:
            raise ConfigError(Problem("a Redis stream needs redis.", hint='Install it: pip install "evalbot[monitor]".')) from error
        self._errors = (redis.RedisError, OSError)
        self._redis: Any = redis.Redis.from_url(url, decode_responses=True, socket_timeout=30, socket_connect_timeout=5)
        self._name, self._group, self._deliveries, self._idle = name, group, deliveries, int(idle_seconds * 1000)
        self._consumer = f"{socket.gethostname()}-{os.getpid()}-{time.monotonic_ns()}"
        self._looked = 0.0
        try:
            self._redis.xgroup_create(name, group, id="0", mkstream=True)
        except redis.ResponseError as error:
            if "BUSYGROUP" not in str(error):
                raise CouldNotRun(f"the stream {name}: {error}") from error
        except self._errors as error:
            raise self._lost(error) from error

    def publish(self, values: Sequence[Json]) -> None:
        """Hand these over, in one round trip."""
        try:
            pipe = self._redis.pipeline(transaction=False)
            for value in values:
                pipe.xadd(self._name, {"sample": json.dumps(value)}, maxlen=MOST_KEPT, approximate=True)
            pipe.execute()
        except self._errors as error:
            raise self._lost(error) from error

    def read(self, most: int, seconds: float) -> Sequence[Entry]:
        """What others left first, now and again, then what is new."""
        try:
            left = self._left_behind(most)
            if left:
                return left
            block = max(1, int(seconds * 1000))
            found = self._redis.xreadgroup(self._group, self._consumer, {self._name: ">"}, count=most, block=block)
        except self._errors as error:
            raise self._lost(error) from error
        return [_entry(*one) for _, entries in found or () for one in entries]

    def done(self, ids: Sequence[str]) -> None:
        """Acknowledge and delete: what is kept elsewhere need not lie here."""
        if ids:
            try:
                pipe = self._redis.pipeline(transaction=True)
                pipe.xack(self._name, self._group, *ids)
                pipe.xdel(self._name, *ids)
                pipe.execute()
            except self._errors as error:
                raise self._lost(error) from error

    def dead(self) -> int:
        """The length of the stream of dead letters."""
        try:
            return int(self._redis.xlen(f"{self._name}:dead"))
        except self._errors as error:
            raise self._lost(error) from error

    def close(self) -> None:
        """Give the connection back."""
        self._redis.close()

    def _left_behind(self, most: int) -> list[Entry]:
        """Entries that stayed too long with a worker; those that were tried too often go to the dead letters."""
        if time.monotonic() - self._looked < self._idle / 2000:
            return []
        self._looked = time.monotonic()
        pending = self._redis.xpending_range(self._name, self._group, min="-", max="+", count=most, idle=self._idle)
        spent = [one["message_id"] for one in pending if one["times_delivered"] >= self._deliveries]
        for name in spent:
            for _, fields in self._redis.xrange(self._name, name, name):
                self._redis.xadd(f"{self._name}:dead", fields, maxlen=100_000, approximate=True)
        self.done(spent)
        ids = [one["message_id"] for one in pending if one["message_id"] not in spent]
        if not ids:
            return []
        claimed = self._redis.xclaim(self._name, self._group, self._consumer, self._idle, ids)
        self._looked = 0.0  # there may be more
        return [_entry(*one) for one in claimed if one and one[1]]

    def _lost(self, error: Exception) -> CouldNotRun:
        return CouldNotRun(f"the stream {self._name} cannot be reached: {type(error).__name__}")


def open_stream(options: Mapping[str, Json], environment: Mapping[str, str]) -> SampleStream:
    """The stream of a configuration; raises ConfigError where its address is not set, CouldNotRun where nobody answers."""
    kind = options.get("type", "memory")
    if kind == "memory":
        return MemoryStream()
    variable = str(options.get("url_env") or "REDIS_URL")
    url = environment.get(variable, "").strip()
    if not url:
        raise ConfigError(Problem(f"the stream needs the environment variable {variable}, which is not set.", hint="It holds redis://host:port/0."))
    given = {name: options[name] for name in ("name", "group", "deliveries", "idle_seconds") if name in options}
    return RedisStream(url, **given)  # type: ignore[arg-type]  # the shape of the configuration has checked them


def _entry(name: str, fields: Mapping[str, str]) -> Entry:
    try:
        value: Json = json.loads(fields.get("sample", "null"))
    except ValueError:
        value = None
    return Entry(name, value)
