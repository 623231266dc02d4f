"""The JSON Schema of `evalbot.yml`, for editors and `evalbot schema`."""

from __future__ import annotations

from typing import Any

from evalbot.config.shape import File


def schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of the configuration file; a metric's own options are checked by evalbot alone."""
    from evalbot.metrics import METRICS

    document = File.model_json_schema()
    kind = {"type": "string", "enum": METRICS.names(), "description": "What kind of metric it is."}
    document["properties"]["metrics"]["additionalProperties"] = {
        "type": "object", "required": ["type"], "properties": {"type": kind},
    }  # fmt: skip
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **document,
        "title": "evalbot configuration",
        "description": "evalbot.yml: what is evaluated, by what, and what decides.",
    }
