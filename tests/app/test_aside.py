"""A question on a thread of its own: its answer, its error, and an end in any case."""

from __future__ import annotations

import asyncio
import sys
import threading
import time

import pytest

from evalbot.app.aside import aside


def test_what_is_answered_or_raised_arrives() -> None:
    assert asyncio.run(aside(lambda: 7)) == 7
    with pytest.raises(ZeroDivisionError):
        asyncio.run(aside(lambda: 1 // 0))
    with pytest.raises(SystemExit):
        asyncio.run(aside(sys.exit))


def test_nobody_waits_for_one_that_never_answers() -> None:
    over = threading.Event()

    async def impatient() -> None:
        await asyncio.wait_for(aside(over.wait), 0.05)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert time.monotonic() - began < 30
    over.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_thread_that_breaks_before_it_asks_is_an_error_and_no_wait() -> None:
    def breaks(*_: object) -> None:
        raise MemoryError

    threading.settrace(breaks)
    try:
        with pytest.raises(RuntimeError, match="without an answer"):
            asyncio.run(aside(lambda: 7))
    finally:
        threading.settrace(None)  # type: ignore[arg-type]
