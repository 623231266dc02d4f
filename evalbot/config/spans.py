"""Spans of time as people write them: `90m`, `24h`, `7d`."""

from __future__ import annotations

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}


def seconds_of(span: str) -> float:
    """Seconds of a number with its unit, as the configuration's shape has checked it."""
    return float(int(span[:-1]) * _SECONDS[span[-1]])
