"""Graded examples that show a judge how to grade: at most four, as earlier turns of its conversation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.models import Message
from evalbot.instruments.fences import Section, input_text, user_text
from evalbot.instruments.replies import UnreadableReplyError
from evalbot.metrics.judge.grade import Grade, checked
from evalbot.metrics.judge.rubric import Scale

Graded: TypeAlias = Mapping[str, object]
"""`input`, `response`, `score`, `reasoning`, and where wanted `context`, `reference`, `strengths`, `weaknesses`."""

MOST = 4
_REQUIRED = ("input", "response", "score", "reasoning")
_OPTIONAL = ("context", "reference", "strengths", "weaknesses")


def read_graded(content: bytes, path: str, scale: Scale, most: int = MOST) -> tuple[Graded, ...]:
    """The graded examples of a JSON Lines file; raises ConfigError with every fault and its line."""
    found: list[Graded] = []
    problems: list[Problem] = []
    for number, line in enumerate(_lines(content, path), start=1):
        if not line.strip():
            continue
        try:
            row = parse_json(line)
        except (ValueError, RecursionError) as error:
            problems.append(Problem(f"this is not a JSON object: {error}.", path, number))
            continue
        fault = _fault(row, scale)
        if fault:
            problems.append(Problem(f"this is no graded example: {fault}.", path, number))
        found.append(cast(Graded, row))
    problems += [Problem(problem, path) for problem in _amount(found, most)]
    if problems:
        raise ConfigError(problems)
    return tuple(found)


def graded_problems(rows: Sequence[Graded], scale: Scale, option: str = "examples", most: int = MOST) -> list[str]:
    """What is wrong with graded examples, one line each."""
    faults = ((number, _fault(row, scale)) for number, row in enumerate(rows, start=1))
    return _amount(rows, most, option) + [
        f"{option}: number {number} is no graded example: {fault}." for number, fault in faults if fault
    ]


def turns(rows: Sequence[Graded], scale: Scale) -> list[Message]:
    """Two messages for each example: what the judge was given and what it replied."""
    found: list[Message] = []
    for row in rows:
        grade = _grade(row, scale)
        reply = {
            "reasoning": grade.reasoning, "strengths": list(grade.strengths), "weaknesses": list(grade.weaknesses),
            "score": int(grade.score) if grade.score.is_integer() else grade.score,
        }  # fmt: skip
        found += [
            Message("user", user_text(_sections(row))),
            Message("assistant", json.dumps(reply, ensure_ascii=False)),
        ]
    return found


def _lines(content: bytes, path: str) -> list[str]:
    try:
        return content.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise ConfigError(Problem(f"the file is no UTF-8 text: {error}.", path)) from None


def _amount(rows: Sequence[Graded], most: int, option: str = "examples") -> list[str]:
    return [f"{option}: {len(rows)} are given; a judge takes at most {most}."] if len(rows) > most else []


def _fault(row: object, scale: Scale) -> str:
    if not isinstance(row, Mapping):
        return "it is no JSON object"
    for key in row:
        if key not in _REQUIRED and key not in _OPTIONAL:
            return f"it has no field {key!r}. {nearest(str(key), (*_REQUIRED, *_OPTIONAL))}".rstrip(".")
    missing = [key for key in _REQUIRED if key not in row]
    if missing:
        return f"it lacks {', '.join(missing)}"
    if not isinstance(row["input"], str | Mapping) or not isinstance(row["response"], str):
        return "input must be a text or an object, and response a text"
    if not all(isinstance(text, str) for key in ("context", "reference") for text in _texts(row, key)):
        return "context and reference must be a text or a list of texts"
    try:
        _grade(row, scale)
    except UnreadableReplyError as error:
        return str(error).replace("the judge's ", "its ")
    return ""


def _grade(row: Graded, scale: Scale) -> Grade:
    value = {
        "reasoning": row["reasoning"], "strengths": row.get("strengths", []), "weaknesses": row.get("weaknesses", []),
        "score": row["score"],
    }  # fmt: skip
    return checked(cast(Json, value), scale)


def _sections(row: Graded) -> list[Section]:
    given = row["input"]
    asked = given if isinstance(given, str) else input_text(cast("Mapping[str, Json]", given))
    beside = [(key, str(text)) for key in ("context", "reference") for text in _texts(row, key)]
    return [("input", asked), *beside, ("response", str(row["response"]))]


def _texts(row: Graded, key: str) -> Sequence[object]:
    value = row.get(key, ())
    return value if isinstance(value, list | tuple) else (value,)
