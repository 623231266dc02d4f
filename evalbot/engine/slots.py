"""Slots: how many calls may be in flight at once; who finishes something goes before who begins something."""

from __future__ import annotations

import asyncio
from collections import deque


class Slots:
    """A semaphore that can be closed, so that whoever waits learns of it at once, and that can get more or fewer slots.

    Args:
        limit: Slots in all, at least 1.
    """

    def __init__(self, limit: int) -> None:
        self._limit = self._free = max(1, limit)  # free is below 0 while more are taken than there are to be
        self._finishing: deque[asyncio.Future[bool]] = deque()
        self._beginning: deque[asyncio.Future[bool]] = deque()
        self._closed = False

    @property
    def limit(self) -> int:
        """Slots in all."""
        return self._limit

    async def take(self, seconds: float, *, finishing: bool = False) -> bool:
        """Wait for a slot; False when the slots were closed meanwhile.

        Args:
            seconds: How long to wait at most.
            finishing: Goes before all that begin something: a grading completes a row, an answer opens one.

        Raises:
            TimeoutError: None came free within `seconds`.
        """
        if self._closed:
            return False
        if self._free > 0 and not (self._finishing or self._beginning):
            self._free -= 1
            return True
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[bool] = loop.create_future()
        (self._finishing if finishing else self._beginning).append(turn)
        timer = loop.call_later(seconds, _too_late, turn)  # asyncio.timeout does the same for three times the CPU
        try:
            return await turn
        except asyncio.CancelledError:
            # The slot may have been handed over in the very moment in which we gave up waiting.
            if turn.done() and not turn.cancelled() and turn.exception() is None and turn.result():
                self.give()
            raise
        finally:
            timer.cancel()

    def give(self) -> None:
        """Give a slot back: to the first who waits, if anybody does."""
        self._free += 1
        self._hand_out()

    def resize(self, limit: int) -> None:
        """So many slots in all from now on; whoever has one keeps it."""
        self._free += max(1, limit) - self._limit
        self._limit = max(1, limit)
        self._hand_out()

    def close(self) -> None:
        """No more slots for anybody; those that are taken stay taken."""
        self._closed = True
        while waiting := self._finishing or self._beginning:
            turn = waiting.popleft()
            if not turn.done():
                turn.set_result(False)

    def _hand_out(self) -> None:
        while self._free > 0 and (waiting := self._finishing or self._beginning):
            turn = waiting.popleft()
            if not turn.done():
                self._free -= 1
                turn.set_result(True)


def _too_late(turn: asyncio.Future[bool]) -> None:
    if not turn.done():
        turn.set_exception(TimeoutError())
