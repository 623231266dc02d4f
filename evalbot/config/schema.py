"""The JSON Schema of `evalbot.yml`, for editors and `evalbot schema`."""

from __future__ import annotations

from typing import Any

from evalbot.config.options import option_names
from evalbot.config.shape import File
from evalbot.metrics import METRICS


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the configuration file. Of a metric it knows the options' names; evalbot checks the rest.

    Raises:
        ConfigError: A metric of another package cannot be imported.
    """
    document = File.model_json_schema()
    document["properties"]["metrics"]["additionalProperties"] = _metric()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "evalbot configuration",
        "description": "evalbot.yml: what is evaluated, by what, and what decides.",
    }


def _metric() -> dict[str, Any]:
    kinds = METRICS.names()
    return {
        "type": "object",
        "required": ["type"],
        "properties": {"type": {"type": "string", "enum": kinds, "description": "What kind of metric it is."}},
        "allOf": [
            {
                "if": {"properties": {"type": {"const": kind}}},
                "then": {"propertyNames": {"enum": ["type", *option_names(METRICS.get(kind))]}},
            }
            for kind in kinds
        ],
    }
