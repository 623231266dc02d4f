"""Tests that need more than Python: they skip where the part is missing, and fail where EVALBOT_REQUIRE names it."""

from __future__ import annotations

import os

import pytest


def need(part: str, found: object, how: str) -> None:
    """Go on where the part is here.

    Args:
        part: Its name in EVALBOT_REQUIRE, such as "chromium".
        found: Whether it is here.
        how: How to get it, for the reason of the skip.
    """
    if found:
        return
    reason = f"{part} is not here: {how}"
    if part in os.environ.get("EVALBOT_REQUIRE", "").replace(",", " ").split():
        pytest.fail(reason)
    pytest.skip(reason)
