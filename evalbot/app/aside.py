"""Asks a question that may take long on a thread that nothing ever waits for, so that a run can end while it is open."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")

SLOWEST_LOOK = 0.05  # seconds


async def aside(ask: Callable[[], T]) -> T:
    """What `ask` returns or raises. asyncio's own threads are joined when a loop ends; this one is left behind.

    Raises:
        RuntimeError: The thread ended without an answer: whatever broke in it, nobody waits for it for ever.
    """
    answer: Future[T] = Future()

    def work() -> None:
        try:
            answer.set_result(ask())
        except BaseException as error:
            answer.set_exception(error)

    asking = threading.Thread(target=work, daemon=True)
    asking.start()
    pause = 0.001
    while not answer.done():
        if not asking.is_alive() and not answer.done():
            raise RuntimeError("a question on a thread of its own ended without an answer")
        await asyncio.sleep(pause)
        pause = min(2 * pause, SLOWEST_LOOK)
    return answer.result()
