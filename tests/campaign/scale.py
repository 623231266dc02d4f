"""How much of the campaign is run: a sample in `make test`, all of it in `make campaign`."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")


def scaled(few: T, many: T) -> T:
    """`few` in the suite, `many` in the campaign."""
    return many if os.environ.get("EVALBOT_CAMPAIGN") else few
