"""A stream in this process, for a service that watches itself."""

from __future__ import annotations

import queue
from collections.abc import Sequence
from contextlib import suppress

from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.streams import Entry


class MemoryStream:
    """A queue in this process: what is not read when it ends is gone."""

    def __init__(self, most: int = 100_000) -> None:
        self._waiting: queue.Queue[Entry] = queue.Queue(most)
        self._number = 0
        self._closed = False

    def publish(self, values: Sequence[Json]) -> None:
        """Hand these over; CouldNotRun where the queue is full, or nobody reads it any more."""
        if self._closed:
            raise CouldNotRun("the stream is closed")
        for value in values:
            self._number += 1
            try:
                self._waiting.put_nowait(Entry(str(self._number), value))
            except queue.Full:
                raise CouldNotRun("the stream is full") from None

    def read(self, most: int, seconds: float) -> Sequence[Entry]:
        """Up to `most` entries."""
        found: list[Entry] = []
        with suppress(queue.Empty):
            found.append(self._waiting.get(timeout=seconds) if seconds else self._waiting.get_nowait())
            while len(found) < most:
                found.append(self._waiting.get_nowait())
        return found

    def drained(self) -> bool:
        """Whether the queue is empty."""
        return self._waiting.empty()

    def hold(self, ids: Sequence[str]) -> None:
        """Nobody else could take them."""

    def done(self, ids: Sequence[str]) -> None:
        """They left the queue when they were read."""

    def dead(self) -> int:
        """Nothing is ever delivered twice here."""
        return 0

    def close(self) -> None:
        """Nobody reads it any more."""
        self._closed = True
