"""Asks a question that may take long on a thread that nothing ever waits for, so that a run can end while it is open."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def aside(ask: Callable[[], T]) -> T:
    """What `ask` returns or raises. asyncio's own threads are joined when a loop ends; this one is left behind."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[T] = loop.create_future()

    def settle(result: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended: nobody wants to know any more
            loop.call_soon_threadsafe(lambda: None if answer.done() else result())

    def work() -> None:
        try:
            found = ask()
        except Exception as error:
            caught = error
            settle(lambda: answer.set_exception(caught))
        else:
            settle(lambda: answer.set_result(found))

    threading.Thread(target=work, daemon=True).start()
    return await answer
