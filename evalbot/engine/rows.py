"""Rows as lines of `results.jsonl`, and back again: the names of the contract, strictly read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TypeVar, cast

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Partition
from evalbot.domain.models import Outcome, Usage
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import Score, ScoreStatus

# ASCII only: no line separator that another program splits at, and half a surrogate pair survives.
_encode = json.JSONEncoder(separators=(",", ":"), allow_nan=False, default=dict).encode


def to_line(row: Row) -> str:
    """One line of JSON without its line end (contract, section 9, `results.jsonl`).

    Beside the contract's names: `confirmation_index`, `part`, `reason`, `judge_usd`, `judge_calls`, `cached_calls`, `retried`, `graded_by`,
    `context` and `tool_calls` where the target gave them, `earlier` where it answered a conversation turn by turn, `leaked` where it said a key of ours,
    `answered_by` with the names under which models answered, and `error` and `detail` of a score where it has them.

    Raises:
        ValueError, TypeError: The row holds NaN, an infinity or something that is not JSON.
    """
    usage = row.usage
    said = {"context": row.context, "tool_calls": row.tool_calls, "earlier": row.earlier or None, "leaked": row.leaked or None, "answered_by": row.answered_by or None}
    return _encode(
        {
            "suite": row.suite, "prompt": row.prompt, "side": row.side, "example": row.example,
            "example_hash": row.example_hash, "partition": row.partition, "part": row.part, "epoch": row.epoch,
            "confirmation": row.confirmation > 0, "confirmation_index": row.confirmation,
            "request_hash": row.request_hash, "cached": row.cached, "shared": row.shared,
            "output": row.output, "outcome": row.outcome, "error": row.error, "reason": row.reason,
            "usage": usage and _usage_line(usage),
            "cost_usd": row.cost_usd, "latency_ms": row.latency_ms,
            "judge_usd": row.judge_usd, "judge_calls": row.judge_calls, "cached_calls": row.cached_calls, "retried": row.retried,
            "scores": {name: _score(score) for name, score in row.scores.items()}, "passed": row.passed,
            "graded_by": row.graded_by,
            **{name: value for name, value in said.items() if value is not None},
        }
    )  # fmt: skip


def from_line(text: str) -> Row:
    """The row of a line; what was a tuple in a score's `detail` comes back as a list.

    Raises:
        ValueError: It is not exactly what `to_line` writes: torn, a key missing or unknown, a value of the wrong type.
    """
    try:
        found = parse_json(text)
        return _row(_Fields(found))
    except (RecursionError, OverflowError) as error:
        raise ValueError(f"not a line of results.jsonl: {error}") from error


def _usage_line(usage: Usage) -> dict[str, int]:
    line = {"input": usage.input, "output": usage.output, "cached_input": usage.cached_input}
    return {**line, "written_input": usage.written_input} if usage.written_input else line


def _score(score: Score) -> dict[str, object]:
    line: dict[str, object] = {
        "status": score.status, "value": score.value, "passed": score.passed, "samples": score.samples, "reason": score.reason,
    }  # fmt: skip
    if score.error is not None:
        line["error"] = score.error
    if score.detail:
        line["detail"] = score.detail
    return line


E = TypeVar("E", bound=StrEnum)
T = TypeVar("T")


class _Fields:
    """An object of the line whose values are taken one by one, each as what it must be."""

    def __init__(self, found: object) -> None:
        if not isinstance(found, dict):
            raise ValueError(f"an object was expected, not {type(found).__name__}")
        self._left: dict[str, Json] = dict(found)

    def take(self, name: str) -> Json:
        if name not in self._left:
            raise ValueError(f"{name!r} is missing")
        return self._left.pop(name)

    def has(self, name: str) -> bool:
        return name in self._left

    def end(self) -> None:
        """Nothing may be left over."""
        if self._left:
            raise ValueError(f"unknown: {', '.join(sorted(self._left))}")

    def text(self, name: str) -> str:
        value = self.take(name)
        if not isinstance(value, str):
            raise ValueError(f"{name!r} must be a string")
        return value

    def flag(self, name: str) -> bool:
        value = self.take(name)
        if not isinstance(value, bool):
            raise ValueError(f"{name!r} must be true or false")
        return value

    def count(self, name: str) -> int:
        value = self.take(name)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise ValueError(f"{name!r} must be a whole number of at least 0")
        return value

    def number(self, name: str) -> float:
        return _number(name, self.take(name))

    def word(self, name: str, kind: type[E]) -> E:
        return kind(self.text(name))

    def or_none(self, read: Callable[[str], T], name: str) -> T | None:
        """What `read` makes of the value, or None for null."""
        if name in self._left and self._left[name] is None:
            return cast(None, self._left.pop(name))
        return read(name)


def _number(name: str, value: Json) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool):
        raise ValueError(f"{name!r} must be a number")
    return float(value)


def _row(line: _Fields) -> Row:
    row = Row(
        suite=line.text("suite"), prompt=line.text("prompt"), side=line.word("side", Side), example=line.text("example"),
        example_hash=line.text("example_hash"), partition=line.word("partition", Partition), part=line.word("part", Part),
        epoch=line.count("epoch"), confirmation=line.count("confirmation_index"), request_hash=line.text("request_hash"),
        cached=line.flag("cached"), shared=line.flag("shared"), output=line.or_none(line.text, "output"),
        outcome=line.or_none(lambda name: line.word(name, Outcome), "outcome"),
        error=line.or_none(lambda name: line.word(name, ErrorClass), "error"), reason=line.text("reason"),
        usage=line.or_none(lambda name: _usage(_Fields(line.take(name))), "usage"),
        cost_usd=line.or_none(line.number, "cost_usd"), latency_ms=line.or_none(line.number, "latency_ms"),
        judge_usd=line.or_none(line.number, "judge_usd"), judge_calls=line.count("judge_calls"),
        cached_calls=line.count("cached_calls"), retried=line.count("retried"),
        scores=_scores(line.take("scores")), passed=line.or_none(line.flag, "passed"),
        graded_by=line.text("graded_by"), context=_texts(line, "context"), tool_calls=_tool_calls(line),
        earlier=_texts(line, "earlier") or (), leaked=line.has("leaked") and line.flag("leaked"),
        answered_by=_names(line.take("answered_by")) if line.has("answered_by") else {},
    )  # fmt: skip
    if line.flag("confirmation") is not (row.confirmation > 0):
        raise ValueError("'confirmation' and 'confirmation_index' contradict each other")
    line.end()
    return row


def _texts(line: _Fields, name: str) -> tuple[str, ...] | None:
    found = line.take(name) if line.has(name) else None
    if found is None:
        return None
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise ValueError(f"{name!r} must be a list of strings")
    return tuple(str(text) for text in found)


def _names(found: Json) -> dict[str, str]:
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found.values()):
        raise ValueError("'answered_by' must be an object of strings")
    return cast("dict[str, str]", found)


def _tool_calls(line: _Fields) -> tuple[Mapping[str, Json], ...] | None:
    found = line.take("tool_calls") if line.has("tool_calls") else None
    if found is None:
        return None
    if not isinstance(found, list):
        raise ValueError("'tool_calls' must be a list of objects")
    calls = tuple(call for call in found if isinstance(call, Mapping))
    if len(calls) < len(found):
        raise ValueError("'tool_calls' must be a list of objects")
    return calls


def _usage(found: _Fields) -> Usage:
    written = found.count("written_input") if found.has("written_input") else 0
    usage = Usage(found.count("input"), found.count("output"), found.count("cached_input"), written)
    found.end()
    return usage


def _scores(found: Json) -> dict[str, Score]:
    if not isinstance(found, Mapping):
        raise ValueError("'scores' must be an object")
    return {name: _read_score(name, _Fields(value)) for name, value in found.items()}


def _read_score(name: str, found: _Fields) -> Score:
    samples = found.take("samples")
    if not isinstance(samples, list):
        raise ValueError("'samples' must be a list")
    score = Score(
        found.word("status", ScoreStatus), found.or_none(found.number, "value"), found.or_none(found.flag, "passed"),
        found.text("reason"), found.word("error", ErrorClass) if found.has("error") else None,
        tuple(_number("samples", sample) for sample in samples), _detail(found),
    )  # fmt: skip
    found.end()
    if (score.status is ScoreStatus.SCORED) is (score.value is None):
        raise ValueError(f"score {name!r} must have a value when it is scored, and only then")
    if (score.status is ScoreStatus.UNSCORED) is (score.error is None):
        raise ValueError(f"score {name!r} must have an error when it is unscored, and only then")
    return score


def _detail(found: _Fields) -> Mapping[str, Json]:
    detail = found.take("detail") if found.has("detail") else {}
    if not isinstance(detail, Mapping):
        raise ValueError("'detail' must be an object")
    return detail
