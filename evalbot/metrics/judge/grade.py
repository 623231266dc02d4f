"""A judge's reply read as a grade, strictly: what is not exactly a grade is none, and no number is ever guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.models import Outcome, Reply
from evalbot.metrics.judge.rubric import Scale, levels

PARSER_VERSION = 1  # part of a judge's identity: bump it when a reply may be read differently

_KEYS = ("reasoning", "strengths", "weaknesses", "score")
_LONGEST_REPLY = 200_000  # characters
_LONGEST_REPAIR = 20_000
_CAUSES = {
    Outcome.REFUSAL: "the judge refused to grade",
    Outcome.TRUNCATED: "the judge's reply was cut off by its length limit",
    Outcome.CONTENT_FILTER: "the judge's reply was stopped by a content filter",
    Outcome.CONTEXT_OVERFLOW: "the request was longer than the judge's context",
    Outcome.EMPTY: "the judge's reply was empty",
}

_OBJECT_START = re.compile(r"""\{(?=\s*(?:["'“”]|\w+["'“”]?\s*:))""")
_FENCED = re.compile(r"```(?:json)?[^\S\n]*\n(.*?)\n[^\S\n]*```", re.DOTALL | re.IGNORECASE)
_ANY_SCORE = re.compile(r"score\W{0,3}\s*[:=]", re.IGNORECASE)
_WRITTEN_SCORE = re.compile(r"""["']?\bscore\b["']?\s*:\s*(-?(?:0|[1-9]\d*)(?:\.\d+)?)\s*[,}]""")


class UnreadableGradeError(ValueError):
    """Why a reply holds no grade."""


@dataclass(frozen=True, slots=True)
class Grade:
    """One sample of a judge; `repaired` where the JSON around the score had to be mended."""

    score: float
    reasoning: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    repaired: bool = False


def read_reply(reply: Reply, scale: Scale) -> Grade:
    """The grade of a reply; raises UnreadableGradeError with the cause where the model did not end it by itself."""
    if reply.outcome in _CAUSES:
        raise UnreadableGradeError(_CAUSES[reply.outcome])
    return read_grade(reply.text, scale)


def read_grade(text: str, scale: Scale) -> Grade:
    """The grade that a reply holds.

    A reply that is one JSON object must be a grade as it stands. For endpoints that cannot enforce a schema the grade may
    be surrounded by other text: then the last complete object with all keys counts, and an earlier one (which the judge
    may have quoted) does not. Only where there is no complete object is broken JSON mended, and the score must then be
    written out, once, in the whole reply.

    Raises:
        UnreadableGradeError: Keys are missing, twice or too many, or a value is not of its type or not on the scale.
    """
    bare = text.strip().removeprefix("\ufeff").strip()
    if not bare:
        raise UnreadableGradeError(_CAUSES[Outcome.EMPTY])
    if len(bare) > _LONGEST_REPLY:
        raise UnreadableGradeError(f"the judge's reply has {len(bare)} characters")
    try:
        return checked(parse_json(bare), scale)
    except json.JSONDecodeError:
        pass
    except RecursionError:
        raise UnreadableGradeError("the judge's reply nests too deeply") from None
    except UnreadableGradeError:
        raise
    except ValueError as error:  # a duplicate key, NaN or an infinity
        raise UnreadableGradeError(f"the judge's reply is no strict JSON: {error}") from None
    return _within(bare, scale)


def _within(text: str, scale: Scale) -> Grade:
    """The grade of a reply that is more, or less, than one JSON object."""
    whole, complete = _objects(text)
    if not complete:
        return _mended(text, scale)
    grades = [value for value in whole if isinstance(value, Mapping) and all(key in value for key in _KEYS)]
    if not grades:
        raise UnreadableGradeError("the judge's reply holds no JSON object with all of " + ", ".join(_KEYS))
    return checked(grades[-1], scale)


def _objects(text: str) -> tuple[list[Json], bool]:
    """The complete objects of a text, outermost only, and whether it has some and none that is broken.

    Nothing inside or after a broken object is looked at: it may be a text that the judge quotes.
    """
    found: list[Json] = []
    decoder = json.JSONDecoder()
    start = _OBJECT_START.search(text)
    while start is not None:
        try:
            _, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            return found, False
        try:
            found.append(parse_json(text[start.start() : end]))
        except (ValueError, RecursionError) as error:
            raise UnreadableGradeError(f"the judge's reply is no strict JSON: {error}") from None
        start = _OBJECT_START.search(text, end)
    return found, bool(found)


def _mended(text: str, scale: Scale) -> Grade:
    """The grade of broken JSON. Quotes, commas and brackets may be mended; the score itself must stand there as it is."""
    written = _WRITTEN_SCORE.findall(text)
    if len(written) != 1 or len(_ANY_SCORE.findall(text)) != 1 or len(text) > _LONGEST_REPAIR:
        raise UnreadableGradeError("the judge's reply is not one JSON object")
    from json_repair import repair_json

    fenced = _FENCED.findall(text)
    start = _OBJECT_START.search(text)
    broken = fenced[-1] if fenced else text[start.start() :] if start else ""
    try:
        value = json.loads(repair_json(broken, skip_json_loads=True))
    except (ValueError, RecursionError):
        raise UnreadableGradeError("the judge's reply is not one JSON object") from None
    grade = checked(value, scale)
    if grade.score != float(written[0]):
        raise UnreadableGradeError("the judge's reply is not one JSON object")
    return Grade(grade.score, grade.reasoning, grade.strengths, grade.weaknesses, repaired=True)


def checked(value: Json, scale: Scale) -> Grade:
    """The grade that a JSON value is; raises UnreadableGradeError where it is anything else."""
    if not isinstance(value, Mapping):
        raise UnreadableGradeError("the judge's reply is no JSON object")
    if set(value) != set(_KEYS):
        wrong = sorted(set(value) ^ set(_KEYS))
        raise UnreadableGradeError(f"the judge's reply has missing or unknown keys: {', '.join(map(repr, wrong[:5]))}")
    reasoning = value["reasoning"]
    if not isinstance(reasoning, str):
        raise UnreadableGradeError("the judge's reasoning is no text")
    return Grade(_score(value["score"], scale), reasoning, _phrases(value, "strengths"), _phrases(value, "weaknesses"))


def _score(score: Json, scale: Scale) -> float:
    if isinstance(score, bool) or not isinstance(score, int | float):
        raise UnreadableGradeError(f"the judge's score is no number but {_short(score)}")
    low, high = scale
    # JSON Schema takes 4.0 for a whole number, and so do we.
    on_scale = score in levels(scale) if levels(scale) else low <= score <= high
    if not on_scale:
        raise UnreadableGradeError(f"the judge's score {_short(score)} is not on the scale {low:g} to {high:g}")
    return float(score)


def _phrases(value: Mapping[str, Json], key: str) -> tuple[str, ...]:
    phrases = value[key]
    if not isinstance(phrases, list) or not all(isinstance(phrase, str) for phrase in phrases):
        raise UnreadableGradeError(f"the judge's {key} are no list of texts")
    return tuple(str(phrase) for phrase in phrases)


def _short(value: Json) -> str:
    if isinstance(value, list | Mapping):
        return "a list" if isinstance(value, list) else "an object"
    if isinstance(value, int) and abs(value) > 10**12:
        return "of many digits"
    text = json.dumps(value)
    return text if len(text) <= 40 else text[:39] + "…"
