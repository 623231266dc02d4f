"""The wire formats that the loopback server speaks: requests in, bodies out."""

from __future__ import annotations

import base64
import json
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

Json = Any

PATHS = {
    "/chat/completions": "chat", "/responses": "responses", "/messages": "anthropic", "/embeddings": "embeddings",
    "/models": "models",
}  # fmt: skip


@dataclass(frozen=True)
class Call:
    """One request as a test sees it; `n` counts from 1, `wire` is "chat", "responses", "anthropic" or "embeddings".

    `messages` are (role, text) pairs with the system message first, whatever the wire. `headers` have lower-case names.
    """

    n: int
    wire: str
    path: str
    headers: Mapping[str, str]
    raw: bytes

    @cached_property
    def body(self) -> Json:
        return json.loads(self.raw)

    @property
    def model(self) -> str:
        return str(self.body.get("model", ""))

    @cached_property
    def messages(self) -> list[tuple[str, str]]:
        first = self.body.get("system") if self.wire == "anthropic" else self.body.get("instructions")
        rest = self.body.get("input" if self.wire == "responses" else "messages", [])
        if isinstance(rest, str):
            rest = [{"role": "user", "content": rest}]
        return ([("system", _text(first))] if first else []) + [(m["role"], _text(m["content"])) for m in rest]

    @property
    def system(self) -> str:
        """All system messages, joined by blank lines."""
        return "\n\n".join(text for role, text in self.messages if role in ("system", "developer"))

    @property
    def user(self) -> str:
        """The last user message."""
        return next((text for role, text in reversed(self.messages) if role == "user"), "")

    @property
    def text(self) -> str:
        """Everything that was said."""
        return "\n\n".join(text for _, text in self.messages)

    @property
    def schema(self) -> Json:
        """The JSON Schema of the structured output that was asked for, or None."""
        body = self.body
        if self.wire == "chat":
            return ((body.get("response_format") or {}).get("json_schema") or {}).get("schema")
        asked = body.get("text") if self.wire == "responses" else body.get("output_config")
        return ((asked or {}).get("format") or {}).get("schema")


@dataclass(frozen=True)
class Answer:
    """What the model says and how it ends: `finish` is "stop", "length", "refusal" or "content_filter".

    `usage` is (input, output, cached input), input counted in full, or None for a server that does not say. `model` is
    the name that answers, by default the one that was asked.
    """

    text: str = ""
    finish: str = "stop"
    usage: tuple[int, int, int] | None = (20, 10, 0)
    model: str | None = None
    seconds: float = 0.0


def read_call(wire: str, n: int, path: str, headers: Mapping[str, str], raw: bytes) -> Call:
    return Call(n, wire, path, headers, raw)


def render(call: Call, answer: Answer) -> Json:
    """The body of a good response."""
    name = call.model if answer.model is None else answer.model
    return {"chat": _chat, "responses": _responses, "anthropic": _anthropic}[call.wire](call, answer, name)


def embeddings(call: Call, dimensions: int = 64) -> Json:
    """Vectors of hashed words: texts that share words are close."""
    texts = call.body["input"]
    data = []
    for index, text in enumerate([texts] if isinstance(texts, str) else texts):
        vector = [0.0] * dimensions
        for word in text.lower().split():
            vector[zlib.crc32(word.encode()) % dimensions] += 1.0
        size = sum(x * x for x in vector) ** 0.5 or 1.0
        unit = [x / size for x in vector]
        packed = base64.b64encode(struct.pack(f"<{dimensions}f", *unit)).decode()
        data.append(
            {
                "object": "embedding",
                "index": index,
                "embedding": packed if call.body.get("encoding_format") == "base64" else unit,
            }
        )
    return {"object": "list", "model": call.model, "data": data, "usage": {"prompt_tokens": 8, "total_tokens": 8}}


def fill(schema: Json) -> Json:
    """A value that fits a simple JSON Schema: 4 where it may, the last of an enum, empty lists unless more are asked for."""
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return 4 if 4 in schema["enum"] else schema["enum"][-1]
    if "anyOf" in schema or "oneOf" in schema:
        return fill((schema.get("anyOf") or schema["oneOf"])[0])
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {name: fill(part) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [fill(schema.get("items", {"type": "string"}))] * schema.get("minItems", 0)
    if kind in ("integer", "number"):
        return max(schema.get("minimum", 4), min(4, schema.get("maximum", 4)))
    return {"string": "because it is so", "boolean": True}.get(kind)


def _text(content: Json) -> str:
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content)
    return content or ""


def _chat(call: Call, answer: Answer, name: str) -> Json:
    refused = answer.finish == "refusal"
    message = {
        "role": "assistant",
        "content": None if refused else answer.text,
        "refusal": answer.text if refused else None,
    }
    finish = "stop" if refused else answer.finish
    body: Json = {
        "id": f"chatcmpl-{call.n}", "object": "chat.completion", "created": 1700000000, "model": name,
        "choices": [{"index": 0, "message": message, "finish_reason": finish, "logprobs": None}],
    }  # fmt: skip
    if answer.usage is not None:
        sent, made, cached = answer.usage
        body["usage"] = {
            "prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made,
            "prompt_tokens_details": {"cached_tokens": cached},
        }  # fmt: skip
    return body


def _responses(call: Call, answer: Answer, name: str) -> Json:
    part = (
        {"type": "refusal", "refusal": answer.text}
        if answer.finish == "refusal"
        else {"type": "output_text", "text": answer.text, "annotations": []}
    )
    why = {"length": "max_output_tokens", "content_filter": "content_filter"}.get(answer.finish)
    body: Json = {
        "id": f"resp_{call.n}", "object": "response", "created_at": 1700000000, "model": name,
        "status": "incomplete" if why else "completed", "incomplete_details": {"reason": why} if why else None, "error": None,
        "output": [
            {"type": "reasoning", "id": "rs_1", "summary": []},
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]},
        ],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
    }  # fmt: skip
    if answer.usage is not None:
        sent, made, cached = answer.usage
        body["usage"] = {
            "input_tokens": sent, "output_tokens": made, "total_tokens": sent + made,
            "input_tokens_details": {"cached_tokens": cached}, "output_tokens_details": {"reasoning_tokens": 0},
        }  # fmt: skip
    return body


def _anthropic(call: Call, answer: Answer, name: str) -> Json:
    stop = {"stop": "end_turn", "length": "max_tokens", "content_filter": "refusal"}.get(answer.finish, answer.finish)
    body: Json = {
        "id": f"msg_{call.n}", "type": "message", "role": "assistant", "model": name,
        "content": [{"type": "text", "text": answer.text}] if answer.text else [],
        "stop_reason": stop, "stop_sequence": None,
    }  # fmt: skip
    if answer.usage is not None:
        sent, made, cached = answer.usage
        body["usage"] = {
            "input_tokens": sent - cached, "output_tokens": made,
            "cache_read_input_tokens": cached, "cache_creation_input_tokens": 0,
        }  # fmt: skip
    return body
