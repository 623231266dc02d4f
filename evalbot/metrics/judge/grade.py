"""A judge's reply read as a grade, strictly: what is not exactly a grade is none, and no number is ever guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.models import Reply
from evalbot.instruments.replies import (
    OBJECT_START,
    NoObjectError,
    UnreadableReplyError,
    read_object,
    text_at,
    text_of,
    texts_at,
    with_keys,
)
from evalbot.metrics.judge.rubric import Scale, levels

PARSER_VERSION = 1  # part of a judge's identity: bump it when a reply may be read differently

_KEYS = ("reasoning", "strengths", "weaknesses", "score")
_LONGEST_REPAIR = 20_000
_FENCED = re.compile(r"```(?:json)?[^\S\n]*\n(.*?)\n[^\S\n]*```", re.DOTALL | re.IGNORECASE)
_ANY_SCORE = re.compile(r"score\W{0,3}\s*[:=]", re.IGNORECASE)
_WRITTEN_SCORE = re.compile(r"""["']?\bscore\b["']?\s*:\s*(-?(?:0|[1-9]\d*)(?:\.\d+)?)\s*[,}]""")


@dataclass(frozen=True, slots=True)
class Grade:
    """One sample of a judge; `repaired` where the JSON around the score had to be mended."""

    score: float
    reasoning: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    repaired: bool = False


def read_reply(reply: Reply, scale: Scale) -> Grade:
    """The grade of a reply; raises UnreadableReplyError with the cause where the model did not end it by itself."""
    return read_grade(text_of(reply), scale)


def read_grade(text: str, scale: Scale) -> Grade:
    """The grade that a reply holds: one object with all keys (see `read_object`).

    Only where there is no complete object is broken JSON mended, and the score must then be written out, once, in the
    whole reply.

    Raises:
        UnreadableReplyError: Keys are missing, twice or too many, or a value is not of its type or not on the scale.
    """
    try:
        value = read_object(text, _KEYS)
    except NoObjectError:
        return _mended(text.strip().removeprefix("\ufeff").strip(), scale)
    return checked(value, scale)


def _mended(text: str, scale: Scale) -> Grade:
    """The grade of broken JSON. Quotes, commas and brackets may be mended; the score itself must stand there as it is."""
    written = _WRITTEN_SCORE.findall(text)
    if len(written) != 1 or len(_ANY_SCORE.findall(text)) != 1 or len(text) > _LONGEST_REPAIR:
        raise UnreadableReplyError("the judge's reply is not one JSON object")
    from json_repair import repair_json

    fenced = _FENCED.findall(text)
    start = OBJECT_START.search(text)
    broken = fenced[-1] if fenced else text[start.start() :] if start else ""
    try:
        value = json.loads(repair_json(broken, skip_json_loads=True))
    except (ValueError, RecursionError):
        raise UnreadableReplyError("the judge's reply is not one JSON object") from None
    grade = checked(value, scale)
    if grade.score != float(written[0]):
        raise UnreadableReplyError("the judge's reply is not one JSON object")
    return Grade(grade.score, grade.reasoning, grade.strengths, grade.weaknesses, repaired=True)


def checked(value: Json, scale: Scale) -> Grade:
    """The grade that a JSON value is; raises UnreadableReplyError where it is anything else."""
    found = with_keys(value, _KEYS)
    reasoning = text_at(found, "reasoning")
    score = _score(found["score"], scale)
    return Grade(score, reasoning, texts_at(found, "strengths"), texts_at(found, "weaknesses"))


def _score(score: Json, scale: Scale) -> float:
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise UnreadableReplyError(f"the judge's score is no number but {_short(score)}")
    low, high = scale
    # JSON Schema takes 4.0 for a whole number, and so do we.
    on_scale = score in levels(scale) if levels(scale) else low <= score <= high
    if not on_scale:
        raise UnreadableReplyError(f"the judge's score {_short(score)} is not on the scale {low:g} to {high:g}")
    return float(score)


def _short(value: Json) -> str:
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and abs(value) > 10**12:
        return "of many digits"
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:39] + "…"
