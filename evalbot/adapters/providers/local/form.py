"""A grade written as JSON in the shape that a schema asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from evalbot.adapters.providers.local.rubric import Grade
from evalbot.domain.canonical import Json

_DEEPEST = 20


def fill(schema: Mapping[str, Json], grade: Grade) -> str:
    """JSON text that fits the schema.

    Numbers and ordered lists of choices take the grade's place between lowest and highest, booleans are true from one
    half on, lists named after strengths or weaknesses hold those, and strings hold the reasoning.
    """
    return json.dumps(_value("", schema, schema, grade, 0), ensure_ascii=False)


def _value(name: str, schema: Mapping[str, Json], root: Mapping[str, Json], grade: Grade, depth: int) -> Json:
    schema = _resolved(schema, root)
    kind = _kind(schema)
    choices = schema.get("enum")
    if "const" in schema:
        return schema["const"]
    if isinstance(choices, list) and choices:
        return _choice([choice for choice in choices if choice is not None] or choices, grade.share)
    if kind == "object" and depth < _DEEPEST:
        properties = schema.get("properties")
        known = properties if isinstance(properties, Mapping) else {}
        return {
            key: _value(key, inner, root, grade, depth + 1)
            for key, inner in known.items()
            if isinstance(inner, Mapping)
        }
    if kind == "array":
        return _items(name, schema, root, grade, depth)
    if kind in ("integer", "number"):
        return _number(schema, grade.share, whole=kind == "integer")
    return {"boolean": grade.share >= 0.5, "null": None}.get(kind, _words(name, grade))


def _resolved(schema: Mapping[str, Json], root: Mapping[str, Json]) -> Mapping[str, Json]:
    for _ in range(_DEEPEST):
        reference, choices = schema.get("$ref"), schema.get("anyOf") or schema.get("oneOf")
        found: Json = None
        if isinstance(reference, str) and reference.startswith("#/"):
            found = root
            for key in reference[2:].split("/"):
                found = found.get(key) if isinstance(found, Mapping) else None
        elif isinstance(choices, list):
            found = next((one for one in choices if isinstance(one, Mapping) and one.get("type") != "null"), None)
        if not isinstance(found, Mapping):
            break
        schema = found
    return schema


def _kind(schema: Mapping[str, Json]) -> str:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    return str(kind) if kind else "object" if "properties" in schema else "string"


def _choice(choices: Sequence[Json], share: float) -> Json:
    numbers = [choice for choice in choices if isinstance(choice, int | float) and not isinstance(choice, bool)]
    ordered: Sequence[Json] = sorted(numbers) if len(numbers) == len(choices) else choices
    return ordered[_place(share, len(ordered))]


def _place(share: float, steps: int) -> int:
    """Which of so many equally wide steps a share falls on, 0 for the lowest."""
    return min(steps - 1, int(share * steps + 1e-9))


def _number(schema: Mapping[str, Json], share: float, *, whole: bool) -> Json:
    low, high = _limit(schema, "minimum", 0.0), _limit(schema, "maximum", 1.0)
    if whole:
        return int(low) + _place(share, int(high) - int(low) + 1)
    return low + share * (high - low)


def _limit(schema: Mapping[str, Json], key: str, default: float) -> float:
    value = schema.get(key)
    return float(value) if isinstance(value, int | float) else default


def _items(name: str, schema: Mapping[str, Json], root: Mapping[str, Json], grade: Grade, depth: int) -> Json:
    said = {"strengths": grade.strengths, "weaknesses": grade.weaknesses}.get(name)
    if said is not None:
        return list(said)
    item, least = schema.get("items"), schema.get("minItems")
    count = int(least) if isinstance(least, int) else 0
    shape = item if isinstance(item, Mapping) else {}
    return (
        [_value(name, shape, root, grade, depth + 1) for _ in range(min(count, _DEEPEST))] if depth < _DEEPEST else []
    )


def _words(name: str, grade: Grade) -> str:
    said = {"strengths": grade.strengths, "weaknesses": grade.weaknesses}.get(name)
    return " ".join(said) if said is not None else grade.reasoning
