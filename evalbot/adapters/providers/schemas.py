"""JSON Schemas as the vendors' structured outputs take them."""

from __future__ import annotations

from collections.abc import Mapping

from evalbot.domain.canonical import Json


def is_strict(schema: Json) -> bool:
    """Whether every object of a schema lists all its properties as required and allows no others.

    OpenAI's `strict` mode refuses any other schema; such a one is sent without it.
    """
    if isinstance(schema, list | tuple):
        return all(is_strict(part) for part in schema)
    if not isinstance(schema, Mapping):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, Mapping):
        named = set(properties) if isinstance(properties, Mapping) else set()
        required = schema.get("required")
        listed = {name for name in required if isinstance(name, str)} if isinstance(required, list | tuple) else set()
        if schema.get("additionalProperties") is not False or named != listed:
            return False
    return all(is_strict(part) for part in schema.values())
