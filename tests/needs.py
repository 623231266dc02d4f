"""Tests that need more than Python: they skip where the part is missing, and fail where EVALBOT_REQUIRE names it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

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


def pip() -> list[str]:
    """The pip of this environment: its own, or the wheel that `make setup` has fetched where Python came without one."""
    wheels = sorted(Path(sys.prefix).glob("pip-*.whl"))
    return [sys.executable, f"{wheels[-1]}/pip"] if wheels else [sys.executable, "-m", "pip"]
