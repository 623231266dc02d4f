"""Records of a source → samples, by the configuration's map."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from evalbot.adapters.sources.paths import finder
from evalbot.domain.canonical import Json
from evalbot.domain.samples import Sample

OWN = ("id", "input", "output", "timestamp", "ended", "latency_ms", "had_error", "user", "feedback", "expected", "context", "metadata", "url")
"""What a map may name beside the variables of the prompt: every other name is one of those."""

_MILLISECONDS, _MICROSECONDS, _NANOSECONDS = 1e11, 1e14, 1e17  # above these, a count of seconds since 1970 lies after the year 5000


class Unusable(ValueError):  # noqa: N818 - reads as what it is
    """A record that is no sample; the message says why, without a word of it."""


def mapper(paths: Mapping[str, str]) -> Callable[[Json], Sample]:
    """A function from a record to its sample.

    Args:
        paths: Name → JMESPath. `id`, `output` and `timestamp` are needed, and `input` (an object of variables) or at least one variable.

    Returns:
        Raises Unusable for a record without id, time or input.
    """
    find = {name: finder(path).of for name, path in paths.items()}
    variables = [(name, of) for name, of in find.items() if name not in OWN]
    nothing: Callable[[Json], Json] = lambda _: None  # noqa: E731 - a default in a table of functions
    own = {name: find.get(name, nothing) for name in OWN}

    def mapped(record: Json) -> Sample:
        name, when = own["id"](record), _seconds(own["timestamp"](record))
        if name is None or name == "":
            raise Unusable("it has no id")
        if when is None:
            raise Unusable("it has no time that can be read")
        asked = _variables(own["input"](record)) | {key: value for key, of in variables if (value := of(record)) is not None}
        if not asked:
            raise Unusable("it has no input")
        feedback = own["feedback"](record)
        return Sample(
            str(name), asked, _text(own["output"](record)), when, _latency(own, record, when), bool(own["had_error"](record)),
            str(own["user"](record) or ""), feedback, _text(own["expected"](record)), _passages(own["context"](record)),
            _object(own["metadata"](record)), str(own["url"](record) or ""),
        )  # fmt: skip

    return mapped


def _variables(value: Json) -> dict[str, Json]:
    if isinstance(value, str) and value.startswith("{"):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return dict(value) if isinstance(value, Mapping) else {}


def _text(value: Json) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=dict)


def _passages(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return tuple(text for one in value if (text := _text(one))) if isinstance(value, list | tuple) else ()


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _latency(own: Mapping[str, Callable[[Json], Json]], record: Json, start: float) -> float | None:
    """As recorded in milliseconds, else from the time at which it ended."""
    found = own["latency_ms"](record)
    if isinstance(found, str):
        found = _number(found.removesuffix("ms").removesuffix("s"))
    if isinstance(found, int | float) and not isinstance(found, bool):
        return float(found) if found >= 0 else None
    ended = _seconds(own["ended"](record))
    return (ended - start) * 1000 if ended is not None and ended >= start else None


def _seconds(value: Json) -> float | None:
    """Seconds since 1970 from ISO 8601 (without a zone: UTC), or from a number of seconds, milli-, micro- or nanoseconds."""
    if isinstance(value, bool) or value is None:
        return None
    number = float(value) if isinstance(value, int | float) else _number(value) if isinstance(value, str) else None
    if number is not None:
        scale = 1e9 if number >= _NANOSECONDS else 1e6 if number >= _MICROSECONDS else 1e3 if number >= _MILLISECONDS else 1.0
        return number / scale if number >= 0 else None
    try:
        when = datetime.fromisoformat(str(value))
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def _number(text: str) -> float | None:
    try:
        return float(text) if text.isascii() and text[:1].isdigit() and text.replace(".", "", 1).isdigit() else None
    except ValueError:
        return None
