from __future__ import annotations

import asyncio

import pytest

from evalbot.engine.slots import Slots
from tests.fakes import in_virtual_time, now


def test_slots_go_to_who_waits_longest() -> None:
    async def main() -> None:
        slots, order = Slots(1), []

        async def work(name: str) -> None:
            assert await slots.take(100)
            order.append(name)
            await asyncio.sleep(1)
            slots.give()

        await asyncio.gather(*(work(name) for name in "abcd"))
        assert (order, now()) == (list("abcd"), 4)

    in_virtual_time(main())


def test_a_slot_handed_over_in_the_moment_of_cancellation_is_not_lost() -> None:
    async def main() -> None:
        slots = Slots(1)
        assert await slots.take(100)
        waiting = asyncio.ensure_future(slots.take(100))
        await asyncio.sleep(1)
        slots.give()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert await slots.take(1)

    in_virtual_time(main())


def test_waiting_ends_with_the_time_and_leaves_the_queue() -> None:
    async def main() -> None:
        slots = Slots(1)
        assert await slots.take(100)
        with pytest.raises(TimeoutError):
            await slots.take(5)
        slots.give()
        assert await slots.take(5)
        assert now() == 5

    in_virtual_time(main())


def test_closed_slots_send_everybody_away() -> None:
    async def main() -> None:
        slots = Slots(1)
        assert await slots.take(100)
        waiting = asyncio.ensure_future(slots.take(100))
        await asyncio.sleep(1)
        slots.close()
        assert [await waiting, await slots.take(100), now()] == [False, False, 1]

    in_virtual_time(main())
