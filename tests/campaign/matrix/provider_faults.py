"""Everything that a provider was seen to do instead of answering. Each fault repeats the key that it was sent, as some servers do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from enum import Enum
from typing import Any

from tests.loopback import Answer, Call, Fault, drip, hang, reset, status, verdict


class Kind(Enum):
    """What the contract makes of a fault."""

    TRANSIENT = "asked again later it may be gone"
    MALFORMED = "no answer, and no word on whether it is worth asking again"
    DENIED = "asking again is in vain"
    SAID = "the model's own answer: a refusal, an end before the end"


Make = Callable[[Call], Any]


def key_of(call: Call) -> str:
    return call.headers.get("x-api-key") or call.headers["authorization"].removeprefix("Bearer ")


def error(number: int, kind: str = "server_error", **more: Any) -> Make:
    headers = {"retry-after": more.pop("after")} if "after" in more else {}
    return lambda call: replace(status(number, f"not with {key_of(call)}, that is {key_of(call)[::-1]}", kind, **more), headers=headers)


def body(content: Any, code: int = 200, kind: str = "application/json") -> Make:
    def make(call: Call) -> Fault:
        filled = content(call) if callable(content) else content
        return Fault(code, filled, {"content-type": kind})

    return make


def page(code: int) -> Make:
    return body(lambda call: f"<html><body>Sign in as {key_of(call)}</body></html>", code, "text/html")


def no_choices(call: Call) -> Any:
    return {"id": "x", "type": "message", "model": call.model, {"chat": "choices", "responses": "output"}.get(call.wire, "content"): None}


SERVER: dict[str, tuple[Kind, Make]] = {
    "429": (Kind.TRANSIENT, error(429, "rate_limit_error", code="rate_limit_exceeded")),
    "429 with a time": (Kind.TRANSIENT, error(429, "rate_limit_error", code="rate_limit_exceeded", after="1")),
    "500": (Kind.TRANSIENT, error(500)),
    "502 page": (Kind.TRANSIENT, page(502)),
    "503": (Kind.TRANSIENT, error(503)),
    "504": (Kind.TRANSIENT, error(504)),
    "529": (Kind.TRANSIENT, error(529, "overloaded_error")),
    "reset": (Kind.TRANSIENT, lambda call: reset()),
    "cut off": (Kind.TRANSIENT, lambda call: Fault(200, {"choices": key_of(call) * 20}, cut=True)),
    "timeout": (Kind.TRANSIENT, lambda call: hang()),
    "drip": (Kind.TRANSIENT, lambda call: drip(0.1)),
    "{}": (Kind.MALFORMED, body({})),
    "[]": (Kind.MALFORMED, body([])),
    "no JSON": (Kind.MALFORMED, body('{"choices": [')),
    "null": (Kind.MALFORMED, body(no_choices)),
    "page": (Kind.MALFORMED, page(200)),
    "redirect": (Kind.MALFORMED, lambda call: Fault(307, b"", {"location": f"https://evil.example/{key_of(call)}"})),
    "quota": (Kind.DENIED, error(429, "insufficient_quota", code="insufficient_quota")),
    "400": (Kind.DENIED, error(400, "invalid_request_error")),
    "401": (Kind.DENIED, error(401, "authentication_error", code="invalid_api_key")),
    "402": (Kind.DENIED, error(402, "billing_error")),
    "403": (Kind.DENIED, error(403, "permission_error")),
    "404": (Kind.DENIED, error(404, "not_found_error")),
}
SLOW = ("timeout", "drip")
ANSWER: dict[str, tuple[Kind, Make]] = {
    "wrong model": (Kind.MALFORMED, lambda call: Answer("fine", model="some-other-model")),
    "refusal": (Kind.SAID, lambda call: Answer(f"I can't help with that, {call.n}.", finish="refusal")),
    "content filter": (Kind.SAID, lambda call: Answer("", finish="content_filter")),
    "empty": (Kind.SAID, lambda call: Answer("")),
    "overflow": (Kind.SAID, lambda call: status(400, "This model's maximum context length is 128000 tokens.", "invalid_request_error", code="context_length_exceeded", param="messages")),
}
JUDGE: dict[str, tuple[Kind, Make]] = {
    "wrong model": (Kind.MALFORMED, lambda call: Answer(verdict(call, score=5), model="some-other-model")),
    "refusal": (Kind.MALFORMED, lambda call: Answer("I can't grade that.", finish="refusal")),
    "truncated": (Kind.MALFORMED, lambda call: Answer(verdict(call, score=5)[:-9], finish="length")),
    "empty": (Kind.MALFORMED, lambda call: Answer("")),
    "off the scale": (Kind.MALFORMED, lambda call: verdict(call, score=9)),
    "prose": (Kind.MALFORMED, lambda call: f"I would say five out of five, {key_of(call)}."),
    "a grade twice": (Kind.MALFORMED, lambda call: verdict(call, score=5).replace('"score": 5', '"score": 5, "score": 1')),
    "NaN": (Kind.MALFORMED, lambda call: verdict(call, score=5).replace('"score": 5', '"score": NaN')),
}


def vectors(call: Call, vector: Any, count: int | None = None) -> Any:
    texts = call.body["input"]
    many = len(texts) if count is None else count
    data = [{"object": "embedding", "index": index, "embedding": vector} for index in range(many)]
    return {"object": "list", "model": call.model, "data": data, "usage": {"prompt_tokens": 8, "total_tokens": 8}}


EMBEDDING: dict[str, tuple[Kind, Make]] = {
    "too few": (Kind.MALFORMED, body(lambda call: vectors(call, [1.0, 0.0], 0))),
    "null vectors": (Kind.MALFORMED, body(lambda call: vectors(call, None))),
    "words for numbers": (Kind.MALFORMED, body(lambda call: vectors(call, ["a", "b"]))),
    "an infinite vector": (Kind.MALFORMED, body(lambda call: vectors(call, [1e400, 0.0]))),
    "zeros": (Kind.MALFORMED, body(lambda call: vectors(call, [0.0, 0.0]))),
}
QUICK = {name: SERVER[name] for name in SERVER if name not in SLOW}
OF = {
    "answer": SERVER | ANSWER, "judge": SERVER | JUDGE, "embedding": QUICK | EMBEDDING, "responses": QUICK | ANSWER, "juror": QUICK | JUDGE,
    "pair": QUICK | {name: JUDGE[name] for name in JUDGE if name != "off the scale"},
}  # fmt: skip


def kind_of(boundary: str, fault: str) -> Kind:
    return OF[boundary][fault][0]
