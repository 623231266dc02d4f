"""Picoschema, dotprompt's short form of JSON Schema: `name?: string, what it is`, `tags(array): string`, `(enum)`, `(object)`."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evalbot.domain.canonical import Json

_SCALARS = ("string", "integer", "number", "boolean", "null", "any")
_KEY = re.compile(r"(?P<name>[^(?]+)(?P<optional>\??)(?:\((?P<kind>array|object|enum)(?:,\s*(?P<about>[^)]*))?\))?\Z")


def json_schema(value: Json) -> Mapping[str, Json]:
    """The JSON Schema that a picoschema stands for; what is one already stays as it is."""
    if isinstance(value, Mapping) and ("type" in value or "properties" in value or "$ref" in value) and not isinstance(value.get("type"), Mapping):
        return value if value.get("type") in (*_SCALARS, "object", "array", None) else _object(value)
    return _object(value) if isinstance(value, Mapping) else _scalar(value)


def _object(value: Mapping[str, Json]) -> dict[str, Json]:
    properties: dict[str, Json] = {}
    required: list[Json] = []
    for key, inner in value.items():
        found = _KEY.match(key)
        name = found["name"].strip() if found else key
        properties[name] = _property(found["kind"] if found else None, inner, found["about"] if found else None)
        if not (found and found["optional"]):
            required.append(name)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def _property(kind: str | None, inner: Json, about: str | None) -> dict[str, Json]:
    if kind == "array":
        found: dict[str, Json] = {"type": "array", "items": dict(json_schema(inner))}
    elif kind == "enum":
        found = {"enum": list(inner) if isinstance(inner, list) else [inner]}
    else:
        found = dict(json_schema(inner))
    return found | ({"description": about.strip()} if about else {})


def _scalar(value: Json) -> dict[str, Json]:
    """ "string, what it is"."""
    kind, _, about = str(value).partition(",")
    known = kind.strip()
    found: dict[str, Json] = {} if known == "any" else {"type": known if known in _SCALARS else "string"}
    return found | ({"description": about.strip()} if about.strip() else {})
