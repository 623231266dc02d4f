"""The source `otlp`: OpenTelemetry traces in JSON files, with the names of OpenInference and of the GenAI conventions, old and new."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from evalbot.adapters.sources import SOURCES
from evalbot.adapters.sources.jsonl import JsonLines
from evalbot.domain.canonical import Json
from evalbot.domain.samples import From, Window

_ERROR = ("STATUS_CODE_ERROR", 2, "2")
_INPUTS = ("input.value", "gen_ai.input.messages", "gen_ai.prompt", "traceloop.entity.input")
_OUTPUTS = ("output.value", "gen_ai.output.messages", "gen_ai.completion", "traceloop.entity.output")


@SOURCES.register("otlp")
@dataclass(frozen=True)
class Otlp:
    """OpenTelemetry traces as JSON, as the collector's file and S3 exporters write them: one export request a line.

    Spans with a recorded question and answer become records; those that have neither are passed over. Read are OpenInference
    (`input.value`, `llm.prompt_template.variables`), the GenAI conventions (`gen_ai.input.messages`, `gen_ai.output.messages`; before
    them the events `gen_ai.user.message` and `gen_ai.choice`), and `gen_ai.evaluation.result` as feedback.

    Args:
        url: Where they lie, as for `jsonl`.
        map: Over the names of a record: `id`, `trace_id`, `name`, `input`, `variables`, `output`, `timestamp`, `latency_ms`, `error`, `user`,
            `feedback`, `attributes`.
        roots: Only spans without a parent.
    """

    url: str
    map: Mapping[str, str] = field(
        default_factory=lambda: {
            "id": "id", "user_input": "input", "input": "variables", "output": "output", "timestamp": "timestamp",
            "latency_ms": "latency_ms", "had_error": "error", "user": "user", "feedback": "feedback",
        }
    )
    roots: bool = False

    def problems(self) -> list[str]:
        """What is wrong with the address."""
        return JsonLines(self.url).problems()

    def fetch(self, window: Window, here: From) -> Iterator[Json]:
        """A record for each span that holds an answer."""
        for request in JsonLines(self.url).fetch(window, here):
            for span in _spans(request):
                if (not self.roots or not span.get("parentSpanId")) and (record := _record(span)) is not None:
                    yield record


def _spans(request: Json) -> Iterator[dict[str, Any]]:
    for resource in _listed(request, "resourceSpans"):
        for scope in [*_listed(resource, "scopeSpans"), *_listed(resource, "instrumentationLibrarySpans")]:
            yield from _listed(scope, "spans")


def _listed(value: object, name: str) -> list[dict[str, Any]]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _record(span: Mapping[str, Any]) -> Json:
    attributes = _attributes(span.get("attributes"))
    events = [(str(event.get("name")), _attributes(event.get("attributes"))) for event in _listed(span, "events")]
    asked, answered = _first(attributes, _INPUTS), _first(attributes, _OUTPUTS)
    asked = asked if asked is not None else _said(events, ("gen_ai.user.message",))
    answered = answered if answered is not None else _said(events, ("gen_ai.choice", "gen_ai.assistant.message"))
    if asked is None and answered is None:
        return None
    start, end = _seconds(span.get("startTimeUnixNano")), _seconds(span.get("endTimeUnixNano"))
    status = span.get("status")
    return {
        "id": str(span.get("spanId", "")), "trace_id": str(span.get("traceId", "")), "name": str(span.get("name", "")),
        "input": _text(asked, last_of="user"), "variables": _json(attributes.get("llm.prompt_template.variables")),
        "output": _text(answered, last_of="assistant"), "timestamp": start,
        "latency_ms": (end - start) * 1000 if start is not None and end is not None else None,
        "error": (isinstance(status, Mapping) and status.get("code") in _ERROR) or "error.type" in attributes,
        "user": attributes.get("user.id") or attributes.get("enduser.id") or "",
        "feedback": _feedback(attributes, events), "attributes": attributes,
    }  # fmt: skip


def _attributes(found: object) -> dict[str, Json]:
    """OTLP's list of `{key, value: {stringValue: …}}` as an object."""
    pairs = found if isinstance(found, list) else []
    return {str(pair["key"]): _value(pair.get("value")) for pair in pairs if isinstance(pair, Mapping) and "key" in pair}


def _value(found: object) -> Json:
    if not isinstance(found, Mapping):
        return None
    for kind, value in found.items():
        if kind == "intValue":
            return int(value)
        if kind == "arrayValue":
            return [_value(one) for one in _listed(found, "arrayValue") or value.get("values", [])]
        if kind == "kvlistValue":
            return cast(Json, _attributes(value.get("values")))
        return cast(Json, value)
    return None


def _first(attributes: Mapping[str, Json], names: Sequence[str]) -> Json:
    return next((attributes[name] for name in names if attributes.get(name) not in (None, "")), None)


def _said(events: Sequence[tuple[str, Mapping[str, Json]]], names: Sequence[str]) -> Json:
    for name, attributes in reversed(events):
        if name in names:
            return attributes.get("content") or attributes.get("message") or attributes.get("gen_ai.event.content")
    return None


def _text(value: Json, *, last_of: str) -> str | None:
    """The words of a message list (its last of a role), of a message, or of plain text."""
    value = _json(value)
    if isinstance(value, list):
        told = [one for one in value if isinstance(one, Mapping) and one.get("role", last_of) == last_of]
        return _text(cast(Json, told[-1]), last_of=last_of) if told else None
    if isinstance(value, Mapping):
        if isinstance(value.get("parts"), list):
            return "\n".join(str(part.get("content", "")) for part in _listed(value, "parts") if part.get("type") == "text")
        inner = next((value[name] for name in ("content", "message", "text") if value.get(name) is not None), None)
        return _text(inner, last_of=last_of) if inner is not None else json.dumps(value, ensure_ascii=False, default=dict)
    return None if value is None else str(value)


def _json(value: Json) -> Json:
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return cast(Json, json.loads(value))
        except ValueError:
            return value
    return value


def _feedback(attributes: Mapping[str, Json], events: Sequence[tuple[str, Mapping[str, Json]]]) -> Json:
    found: dict[str, Json] = {}
    for _, told in [("", attributes), *((name, told) for name, told in events if name == "gen_ai.evaluation.result")]:
        name = told.get("gen_ai.evaluation.name") or told.get("evaluation.name")
        if name:
            label = told.get("gen_ai.evaluation.score.label", told.get("evaluation.label"))
            found[str(name)] = label if label is not None else told.get("gen_ai.evaluation.score.value", told.get("evaluation.score"))
    return found or None


def _seconds(nanoseconds: object) -> float | None:
    try:
        return int(str(nanoseconds)) / 1e9
    except ValueError:
        return None
