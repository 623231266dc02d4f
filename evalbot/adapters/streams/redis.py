"""A Redis stream as the stream: a consumer group whose entries are acknowledged once they are kept."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping, Sequence
from typing import Any

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.streams import Entry

MOST_KEPT = 1_000_000  # entries: a worker that is away for long must not fill the server
IDLE_SECONDS = 60.0


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
        self._member = False

    def publish(self, values: Sequence[Json]) -> None:
        """Hand these over, in one round trip."""
        try:
            pipe = self._redis.pipeline(transaction=False)
            for value in values:
                pipe.execute_command("XADD", self._name, "*", "sample", json.dumps(value))
            pipe.xtrim(self._name, maxlen=MOST_KEPT, approximate=True)
            pipe.execute()
        except self._errors as error:
            raise self._lost(error) from error

    def read(self, most: int, seconds: float) -> Sequence[Entry]:
        """What others left first, now and again, one at a time: an entry that kills workers takes no other with it. Then what is new."""
        try:
            self._join()
            left = self._left_behind(most)
            if left:
                return left
            block = max(1, int(seconds * 1000))
            found = self._redis.xreadgroup(self._group, self._consumer, {self._name: ">"}, count=most, block=block)
        except self._errors as error:
            raise self._lost(error) from error
        return [_entry(*one) for _, entries in found or () for one in entries]

    def hold(self, ids: Sequence[str]) -> None:
        """Claim them again: that is no further delivery."""
        try:
            self._redis.xclaim(self._name, self._group, self._consumer, 0, list(ids), justid=True)
        except self._errors as error:
            raise self._lost(error) from error

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

    def drained(self) -> bool:
        """A read that found nothing has said so."""
        return True

    def _join(self) -> None:
        """Make the group, once: a service that only publishes needs none, and may begin before its server does."""
        if not self._member:
            try:
                self._redis.xgroup_create(self._name, self._group, id="0", mkstream=True)
            except self._errors as error:
                if "BUSYGROUP" not in str(error):
                    raise
            self._member = True

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
        left = [one["message_id"] for one in pending if one["message_id"] not in spent]
        if not left:
            return []
        claimed = self._redis.xclaim(self._name, self._group, self._consumer, self._idle, left[:1])
        self._looked = 0.0  # there may be more
        return [_entry(*one) for one in claimed if one and one[1]]

    def _lost(self, error: Exception) -> CouldNotRun:
        return CouldNotRun(f"the stream {self._name} cannot be reached: {type(error).__name__}")


def _entry(name: str, fields: Mapping[str, str]) -> Entry:
    try:
        value: Json = json.loads(fields.get("sample", "null"))
    except ValueError:
        value = None
    return Entry(name, value)
