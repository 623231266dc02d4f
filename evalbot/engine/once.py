"""Work that several tasks want is done once: by the first who asks, while the others wait for it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

V = TypeVar("V")


class Once(Generic[V]):
    """Results by group and key, remembered for as long as somebody of the group is expected.

    Args:
        lasting: Whether a result may be given to others; one that was stopped may not, since they may have more time.
    """

    def __init__(self, lasting: Callable[[V], bool]) -> None:
        self._lasting = lasting
        self._expected: Counter[Hashable] = Counter()
        self._results: dict[Hashable, dict[Hashable, asyncio.Future[V | None]]] = {}

    def expect(self, group: Hashable) -> None:
        """One more task of the group will come."""
        self._expected[group] += 1

    def release(self, group: Hashable) -> None:
        """One task of the group is through; after the last one everything of it is forgotten."""
        self._expected[group] -= 1
        if self._expected[group] <= 0:
            del self._expected[group]
            self._results.pop(group, None)

    async def get(
        self, group: Hashable, key: Hashable, work: Callable[[], Awaitable[V]], seconds: float
    ) -> tuple[V, bool]:
        """The result, and whether somebody else had it made.

        Raises:
            TimeoutError: Somebody else is still at it after `seconds`.
        """
        results = self._results.setdefault(group, {})
        until = asyncio.get_running_loop().time() + seconds
        while (pending := results.get(key)) is not None:
            async with asyncio.timeout_at(until):
                shared = await asyncio.shield(pending)  # or our own cancellation would cancel it for everybody
            if shared is not None:
                return shared, True
        if self._expected[group] < 2 and not results:
            return await work(), False  # nobody to share with
        return await self._first(results, key, work), False

    async def _first(
        self, results: dict[Hashable, asyncio.Future[V | None]], key: Hashable, work: Callable[[], Awaitable[V]]
    ) -> V:
        results[key] = pending = asyncio.get_running_loop().create_future()
        found: V | None = None
        try:
            found = await work()
        finally:
            if found is not None and self._lasting(found):
                pending.set_result(found)
            else:
                del results[key]
                pending.set_result(None)  # whoever waits tries for itself
        return found
