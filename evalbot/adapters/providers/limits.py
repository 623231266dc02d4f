"""What a server says of its limits in the headers of an answer, where it is near them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Mapping
from datetime import datetime

from evalbot.domain.models import Room

_NEAR = 256
"""More calls left than this limit nobody here: `run.concurrency` hardly goes beyond."""

# Remaining, and when that is renewed: OpenAI's names and Anthropic's, calls first and then tokens.
_CALLS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
)
_TOKENS = (
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
)
_SPAN = re.compile(r"(\d+(?:\.\d+)?)(ms|h|m|s)")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


def room(headers: Mapping[str, str]) -> Room | None:
    """How many more calls the server takes, and for how long that holds; None where it does not say or there are plenty.

    Tokens that have run out are no more calls; how many calls some tokens are good for nobody knows.
    """
    for remaining, reset in _CALLS:
        left = _count(headers.get(remaining))
        if left is not None and left <= _NEAR:
            return Room(left, seconds_of(headers.get(reset)))
    for remaining, reset in _TOKENS:
        if _count(headers.get(remaining)) == 0:
            return Room(0, seconds_of(headers.get(reset)))
    return None


def seconds_of(text: str | None) -> float:
    """Seconds from now of "6m0s", "12ms", "1.5" or a time in ISO 8601; 0 where it is none of these."""
    if not text:
        return 0.0
    parts = _SPAN.findall(text)
    if parts and "".join(number + unit for number, unit in parts) == text:
        return sum(float(number) * _SECONDS[unit] for number, unit in parts)
    try:
        value = float(text)
        return value if math.isfinite(value) and value > 0 else 0.0
    except ValueError:
        pass
    try:
        then = datetime.fromisoformat(text)
    except ValueError:
        return 0.0
    return max(0.0, then.timestamp() - time.time()) if then.tzinfo else 0.0


def _count(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 16 else None
