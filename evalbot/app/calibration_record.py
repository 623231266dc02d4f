"""The record of `evalbot calibrate`: a JSON file beside the labels, committed with them and cited by every later comment."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.judges import Attacked, Calibrated, Told

SCHEMA = "evalbot.calibration/1"
_REMEDY = "Write it again with `evalbot calibrate`."


def read_record(content: bytes, path: str) -> dict[str, Calibrated]:
    """What is known of each metric's judge; raises ConfigError where the file is no such record."""
    try:
        found = parse_json(content.decode("utf-8-sig"))
        if not isinstance(found, Mapping) or found.get("schema") != SCHEMA:
            raise ValueError(f"its schema is not {SCHEMA!r}")
        judges = found.get("judges")
        if not isinstance(judges, Mapping):
            raise ValueError("'judges' is no object")
        return {name: _calibrated(entry) for name, entry in judges.items()}
    except (ValueError, RecursionError) as error:
        raise ConfigError(Problem(f"this is no record of `evalbot calibrate`: {error}.", path, None, _REMEDY)) from None


def merged(before: bytes | None, path: str, entries: Mapping[str, Mapping[str, Any]]) -> str:
    """The file with these metrics' entries in place of their earlier ones; raises ConfigError where what is there is no record."""
    kept: dict[str, Any] = {}
    if before is not None:
        read_record(before, path)
        kept = json.loads(before.decode("utf-8-sig"))["judges"]
    document = {"schema": SCHEMA, "judges": dict(sorted({**kept, **entries}.items()))}
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _calibrated(entry: Json) -> Calibrated:
    if not isinstance(entry, Mapping):
        raise ValueError("an entry is no object")
    kappa = entry.get("kappa")
    if kappa is not None and not isinstance(kappa, Mapping):
        raise ValueError("'kappa' is no object")
    return Calibrated(
        _text(entry, "date"), _text(entry, "judge_id"), _count(entry, "labels"), _count(entry, "raters"),
        None if kappa is None else _number(kappa, "value"), None if kappa is None else _interval(kappa.get("ci")),
        None if entry.get("bias") is None else _number(entry, "bias"), _text(entry, "labelled"), _attacked(entry.get("attack")),
        _told(entry.get("verdicts")),
    )  # fmt: skip


def _attacked(entry: Json) -> Attacked | None:
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise ValueError("'attack' is no object")
    return Attacked(_count(entry, "tried"), _count(entry, "talked_round"), _text(entry, "worst"))


def _told(entry: Json) -> Told | None:
    if entry is None:
        return None
    if not isinstance(entry, Mapping):
        raise ValueError("'verdicts' is no object")
    told = Told(*(_count(entry, key) for key in ("good", "passes", "bad", "fails")))
    if told.passes > told.good or told.fails > told.bad:
        raise ValueError("'verdicts' has parts that are larger than the whole")
    return told


def _text(entry: Mapping[str, Json], key: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str):
        raise ValueError(f"{key!r} is no text")
    return value


def _count(entry: Mapping[str, Json], key: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{key!r} is no count")
    return value


def _number(entry: Mapping[str, Json], key: str) -> float:
    value = entry.get(key)
    if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
        raise ValueError(f"{key!r} is no number")
    return float(value)


def _interval(value: Json) -> tuple[float, float] | None:
    if value is None:
        return None
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError("'ci' is no interval")
    low, high = (_number({"ci": end}, "ci") for end in value)
    return low, high
