"""Tests of an answer that may take too long: a moment on the spot, the rest of a second in a thread, and no longer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

Test: TypeAlias = Callable[[str, float], str]
"""An answer and seconds → why it does not pass, or nothing. Raises TimeoutError where the seconds are not enough."""

AT_MOST_SECONDS = 1.0
_AT_ONCE_SECONDS = 0.02  # nearly every test is done by then; what is not goes on in a thread, so that calls go on too


async def outcome(test: Test, text: str) -> str:
    """Why a text does not pass, or nothing; raises TimeoutError where it took longer than a second."""
    try:
        return test(text, _AT_ONCE_SECONDS)
    except TimeoutError:
        return await asyncio.to_thread(test, text, AT_MOST_SECONDS)
