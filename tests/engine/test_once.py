from __future__ import annotations

import asyncio

import pytest

from evalbot.engine.once import Once
from tests.fakes import in_virtual_time


class Work:
    """Takes ten seconds and gives the number of times that it was done."""

    done = 0

    async def __call__(self) -> int:
        await asyncio.sleep(10)
        self.done += 1
        return self.done


def expecting(count: int, group: str = "group") -> Once[int]:
    once: Once[int] = Once(lasting=lambda value: value != 1)
    for _ in range(count):
        once.expect(group)
    return once


def lasting(count: int) -> Once[int]:
    once: Once[int] = Once(lasting=lambda value: True)
    for _ in range(count):
        once.expect("group")
    return once


def test_the_first_does_the_work_and_the_others_wait_for_it() -> None:
    async def main() -> None:
        once, work = lasting(3), Work()
        results = await asyncio.gather(*(once.get("group", "key", work, 100) for _ in range(3)))
        assert results == [(1, False), (1, True), (1, True)]

    in_virtual_time(main())


def test_another_key_is_another_work() -> None:
    async def main() -> None:
        once, work = lasting(2), Work()
        assert [await once.get("group", key, work, 100) for key in ("a", "b", "a")] == [
            (1, False),
            (2, False),
            (1, True),
        ]

    in_virtual_time(main())


def test_a_result_that_does_not_last_is_tried_again_by_who_waited_for_it() -> None:
    async def main() -> None:
        once, work = expecting(2), Work()
        results = await asyncio.gather(*(once.get("group", "key", work, 100) for _ in range(2)))
        assert results == [(1, False), (2, False)]

    in_virtual_time(main())


def test_who_is_cancelled_while_waiting_takes_nothing_from_the_others() -> None:
    async def main() -> None:
        once, work = lasting(3), Work()
        first, second, third = (asyncio.ensure_future(once.get("group", "key", work, 100)) for _ in range(3))
        await asyncio.sleep(1)
        second.cancel()
        assert await asyncio.gather(first, third) == [(1, False), (1, True)]
        assert second.cancelled()

    in_virtual_time(main())


def test_when_who_works_is_cancelled_another_takes_over() -> None:
    async def main() -> None:
        once, work = lasting(2), Work()
        first, second = (asyncio.ensure_future(once.get("group", "key", work, 100)) for _ in range(2))
        await asyncio.sleep(1)
        first.cancel()
        assert await second == (1, False)

    in_virtual_time(main())


def test_waiting_ends_with_the_time() -> None:
    async def main() -> None:
        once, work = lasting(2), Work()
        first = asyncio.ensure_future(once.get("group", "key", work, 100))
        await asyncio.sleep(0)
        with pytest.raises(TimeoutError):
            await once.get("group", "key", work, 5)
        assert await first == (1, False)

    in_virtual_time(main())


def test_everything_is_forgotten_when_nobody_is_expected_any_more() -> None:
    async def main() -> None:
        once, work = lasting(2), Work()
        await once.get("group", "key", work, 100)
        once.release("group")
        assert await once.get("group", "key", work, 100) == (1, True)
        once.release("group")
        once.expect("group")
        assert await once.get("group", "key", work, 100) == (2, False)

    in_virtual_time(main())
