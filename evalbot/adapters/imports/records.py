"""Datasets of other tools, a record at a time: Inspect, DeepEval, Langfuse and Braintrust, told apart by their keys.

Formats: Inspect's `Sample`, DeepEval's goldens and test cases, Langfuse's dataset items, Braintrust's dataset rows, as documented on 2026-11-26.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evalbot.adapters.imports.foreign import texts
from evalbot.domain.canonical import Json


@dataclass(frozen=True, slots=True)
class Kind:
    """One tool's names. A record is of this kind where it has `input` and `expected`; `unread` names what has no place in a row."""

    tool: str
    expected: str
    context: str = ""
    unread: tuple[str, ...] = ()


KINDS = (
    Kind("Inspect", "target", unread=("choices", "sandbox", "files", "setup")),
    Kind("DeepEval", "expected_output", "context", ("tools_called", "expected_tools", "custom_column_key_values")),
    Kind("Langfuse", "expectedOutput"),
    Kind("Braintrust", "expected"),
)


def kind_of(value: object) -> Kind | None:
    """Whose record it is; None where it is nobody's. A row of our own has a partition."""
    if not isinstance(value, dict) or "input" not in value or "partition" in value:
        return None
    return next((kind for kind in KINDS if kind.expected in value), None)


def sample_of(value: Mapping[str, Any], kind: Kind) -> dict[str, Any]:
    """The record with the names that OpenAI Evals has for the same, and what is beside it under `row`."""
    context = value.get(kind.context) or value.get("retrieval_context") if kind.context else None
    metadata = value.get("metadata") or value.get("additional_metadata")
    row: dict[str, Json] = {
        "context": list(texts(context)) if context else [], "tags": list(texts(value.get("tags"))) if value.get("tags") else [],
        "metadata": metadata if isinstance(metadata, dict) else {},
    }  # fmt: skip
    expected = value[kind.expected]
    ideal = [_text(one) for one in expected] if isinstance(expected, list) else [_text(expected)] if expected not in (None, "") else []
    return {"id": _text(value.get("id") or value.get("name") or ""), "row": row, "ideal": ideal, **_asked(value["input"])}


def unread(value: Mapping[str, Any], kind: Kind) -> list[str]:
    """Keys of a record that say something and have no place in a row."""
    return [key for key in kind.unread if value.get(key) not in (None, "", [], {})]


def _asked(given: Any) -> dict[str, Any]:
    """Messages and texts as they are; an object is the variables of the prompt."""
    if isinstance(given, dict) and isinstance(given.get("messages"), list):
        return {"input": given["messages"]}
    return {"item": given} if isinstance(given, dict) else {"input": given if isinstance(given, list | str) else _text(given)}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict)
