"""The rubric of a judge: its scale in words, its criteria, and the shape of its reply."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from string import Template
from typing import TypeAlias

from evalbot.domain.canonical import Json

Scale: TypeAlias = tuple[float, float]
Anchors: TypeAlias = Mapping[int | float | str, str]

MOST_LEVELS = 101
_WORDS = ("Poor", "Below average", "Average", "Good", "Excellent")
_DEFAULT_CRITERIA = ("answers what was asked", "says nothing that is wrong or made up", "is clear and to the point")


def levels(scale: Scale) -> tuple[int, ...]:
    """Every grade there is, lowest first, where both ends are whole numbers; none where any number between them is one."""
    low, high = scale
    whole = float(low).is_integer() and float(high).is_integer()
    return tuple(range(int(low), int(high) + 1)) if whole else ()


def described_grades(scale: Scale, given: Anchors | None) -> dict[float, str]:
    """Grade → what it means, lowest first: as given, else five words at the quarters of the scale.

    Of the five words those are used whose place is a grade: all on 1 to 5, the ends and the middle on 1 to 3.
    """
    if given is not None:
        return dict(sorted((float(level), text) for level, text in given.items()))
    low, high = scale
    places = [(low + (high - low) * quarter / 4, word) for quarter, word in enumerate(_WORDS)]
    grades = levels(scale)
    return {float(place): word for place, word in places if not grades or place in grades}


def scale_problems(scale: Scale) -> list[str]:
    """What is wrong with a scale, one line each."""
    low, high = scale
    if not low < high:
        return [f"scale must go from a lower to a higher number, not from {low:g} to {high:g}."]
    if high - low >= MOST_LEVELS:
        return [f"scale {low:g} to {high:g} is too wide; no judge tells that many grades apart. Use 1 to 5."]
    return []


def anchor_problems(scale: Scale, given: Anchors) -> list[str]:
    """What is wrong with the anchors of a scale that is right, one line each."""
    try:
        named = [float(level) for level in given]
    except ValueError:
        return [f"anchors must name grades, not {', '.join(repr(level) for level in given if not _is_number(level))}."]
    low, high = scale
    grades = levels(scale)
    found = [f"anchors name {level:g}, which is no grade of the scale {low:g} to {high:g}." for level in named
             if (level not in grades if grades else not low <= level <= high)]  # fmt: skip
    found += [f"anchors name {level:g} twice." for level in sorted({x for x in named if named.count(x) > 1})]
    holes = [level for level in grades if level not in named]
    if holes:
        found.append(f"anchors leave out {', '.join(map(str, holes))}; describe every grade of the scale, or none.")
    return found + [f"anchors.{level} is empty." for level, text in given.items() if not text.strip()]


def _is_number(level: object) -> bool:
    try:
        float(str(level))
    except ValueError:
        return False
    return True


def reply_schema(scale: Scale) -> dict[str, Json]:
    """The JSON Schema of a reply, for providers that can enforce one; the reasoning comes before the score."""
    low, high = scale
    grades = levels(scale)
    score: dict[str, Json] = (
        {"type": "integer", "enum": list(grades)} if grades else {"type": "number", "minimum": low, "maximum": high}
    )
    phrases: Json = {"type": "array", "items": {"type": "string"}}
    properties: dict[str, Json] = {
        "reasoning": {"type": "string"}, "strengths": phrases, "weaknesses": phrases, "score": score,
    }  # fmt: skip
    return {"type": "object", "properties": properties, "required": list(properties), "additionalProperties": False}


@lru_cache(maxsize=1)
def template() -> str:
    """The text of prompt.md, which is part of a judge's identity."""
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")


def system_text(task: str, criteria: Sequence[str], scale: Scale, given: Anchors | None) -> str:
    """The system message: the same for every response, so that providers can keep it in their prompt cache."""
    low, high = scale
    described = described_grades(scale, given)
    return Template(template()).substitute(
        task=f"\nThe assistant's task: {task.strip()}\n" if task.strip() else "",
        criteria="A good response:\n\n" + "".join(f"- {line.strip()}\n" for line in criteria or _DEFAULT_CRITERIA),
        steps=f"in whole numbers from {low:g} to {high:g}" if levels(scale) else f"any number from {low:g} to {high:g}",
        anchors="\n".join(f"- {level:g}: {text.strip()}" for level, text in described.items()),
    )
