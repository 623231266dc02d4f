"""The monitor's hand-over in a user's own service: it never blocks, and what it cannot take is counted."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from collections import deque
from collections.abc import Mapping
from typing import Any

from evalbot.domain.streams import SampleStream

MOST_WAITING = 10_000
# A thread that works holds up the service's own, by the interpreter's lock and by waking up: it wakes seldom, and does little at a time.
_BATCH = 50
_GATHER_SECONDS = 0.05
_PAUSE_SECONDS = 0.001
_log = logging.getLogger("evalbot")


class Handover:
    """Takes samples from a service and publishes them in the background.

    `give` appends to a bounded queue and returns at once: with the queue full, or the stream away, samples are dropped and counted,
    and the service feels nothing. It works on in processes that are forked from this one. A sample is what the configuration's `monitor`
    maps: at least `id`, an input and `output`.

    Args:
        stream: Where samples go, such as `open_stream({"type": "redis"}, os.environ)`.
        most: So many samples may wait.

    Example:
        >>> handover = Handover(open_stream({"type": "redis", "url_env": "REDIS_URL"}, os.environ))
        >>> handover.give({"id": request_id, "user_input": question, "output": answer})
    """

    def __init__(self, stream: SampleStream, most: int = MOST_WAITING) -> None:
        self._stream, self._most = stream, most
        self._begin()
        atexit.register(self.stop)
        if hasattr(os, "register_at_fork"):
            begin = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: None if (found := begin()) is None else found())

    def _begin(self) -> None:
        """Also in a forked child: threads stay behind, and what waits is the parent's."""
        self._waiting: deque[Mapping[str, Any]] = deque()
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._dropped = self._published = 0
        self._thread = threading.Thread(target=self._work, name="evalbot-handover", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Samples that were not taken, or could not be published."""
        return self._dropped

    @property
    def published(self) -> int:
        """Samples that the stream has."""
        return self._published

    def give(self, sample: Mapping[str, Any]) -> bool:
        """Hand one over; whether it was taken. Never blocks and never raises."""
        if len(self._waiting) >= self._most or self._stopping.is_set():
            self._dropped += 1
            return False
        self._waiting.append(sample)
        if not self._wake.is_set():
            self._wake.set()
        return True

    def stop(self, seconds: float = 5.0) -> None:
        """Publish what waits, for so long at most, and end. Called at exit by itself."""
        self._stopping.set()
        self._wake.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        while not (self._stopping.is_set() and not self._waiting):
            self._wake.wait()
            self._wake.clear()  # what is given from here on sets it again
            self._stopping.wait(_GATHER_SECONDS)
            while batch := self._taken():
                self._publish(batch)
                self._stopping.wait(_PAUSE_SECONDS)

    def _taken(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        while self._waiting and len(found) < _BATCH:
            found.append(self._waiting.popleft())
        return found

    def _publish(self, batch: list[Mapping[str, Any]]) -> None:
        try:
            self._stream.publish([dict(sample) for sample in batch])
            self._published += len(batch)
        except Exception as error:  # whatever the stream does, the service goes on
            self._dropped += len(batch)
            _log.warning("evalbot: %d samples were not handed over: %s", len(batch), type(error).__name__)
