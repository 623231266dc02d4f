"""How long a test is: a fixed sample in `make test`, the whole of it in `make campaign`."""

from __future__ import annotations

import os
from typing import TypeVar

T = TypeVar("T")
FULL = os.environ.get("EVALBOT_CAMPAIGN") == "full"


def sized(sample: T, whole: T) -> T:
    """The sample, or under `make campaign` the whole."""
    return whole if FULL else sample
