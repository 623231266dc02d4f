"""The JSON Schema of `evalbot.yml`, for editors and `evalbot schema`."""

from __future__ import annotations

from typing import Any

from evalbot.adapters.targets import TARGETS
from evalbot.config.options import option_names
from evalbot.config.shape import File
from evalbot.domain.registry import Registry
from evalbot.metrics import METRICS


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the configuration file. Of metrics and targets it knows the options' names; evalbot checks the rest.

    Raises:
        ConfigError: A metric or a target of another package cannot be imported.
    """
    document = File.model_json_schema()
    document["properties"]["metrics"]["additionalProperties"] = _typed(METRICS, "What kind of metric it is.")
    target = document["$defs"]["SuitePart"]["properties"]["target"]
    target["anyOf"] = [_typed(TARGETS, "What kind of target it is."), {"type": "null"}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "evalbot configuration",
        "description": "evalbot.yml: what is evaluated, by what, and what decides.",
    }


def _typed(parts: Registry[Any], description: str) -> dict[str, Any]:
    """An object whose `type` says which other keys it may have."""
    kinds = parts.names()
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "enum": kinds, "description": description}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": kind}}},
                "then": {"propertyNames": {"enum": ["type", *option_names(parts.get(kind))]}},
            }
            for kind in kinds
        ],
    }
