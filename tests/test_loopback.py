"""The scripted model server is what everyone's tests stand on, so it is tested itself."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import Any

import pytest

from tests import loopback as lb


def post(server: lb.LoopbackModels, path: str, body: object) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    connection.request("POST", path, json.dumps(body), {"Authorization": "Bearer x"})
    response = connection.getresponse()
    try:
        return response.status, json.loads(response.read() or b"null")
    finally:
        connection.close()


def test_a_call_shows_system_user_schema_and_headers_whatever_the_wire() -> None:
    schema = {"type": "object", "properties": {"score": {"type": "integer"}}}
    said = [{"role": "system", "content": "S"}, {"role": "user", "content": [{"type": "text", "text": "U"}]}]
    asked = {"type": "json_schema", "schema": schema}
    with lb.LoopbackModels() as server:
        chat = {
            "model": "m",
            "messages": said,
            "response_format": {"type": "json_schema", "json_schema": {"schema": schema}},
        }
        post(server, "/v1/chat/completions", chat)
        post(server, "/v1/responses", {"model": "m", "input": said, "text": {"format": asked}})
        post(
            server,
            "/v1/messages",
            {"model": "m", "system": "S", "messages": said[1:], "output_config": {"format": asked}},
        )
    assert [call.wire for call in server.calls] == ["chat", "responses", "anthropic"]
    for call in server.calls:
        assert (call.model, call.system, call.user, call.schema) == ("m", "S", "U", schema)
        assert call.headers["authorization"] == "Bearer x"


def test_a_script_that_fails_fails_its_test() -> None:
    def broken(call: lb.Call) -> str:
        raise ValueError("a bug in the test")

    with pytest.raises(ValueError, match="a bug in the test"), lb.LoopbackModels(broken) as server:
        assert post(server, "/v1/responses", {"model": "m", "input": "x"})[0] == 500


def test_an_unknown_path_is_404_and_seen() -> None:
    with lb.LoopbackModels() as server:
        assert post(server, "/v1/nonesuch", {})[0] == 404
    assert server.paths == ["/v1/nonesuch"]
    assert server.calls == []


def test_it_counts_what_is_in_flight() -> None:
    async def run(server: lb.LoopbackModels) -> None:
        await asyncio.gather(
            *[asyncio.to_thread(post, server, "/v1/responses", {"model": "m", "input": "x"}) for _ in range(4)]
        )

    with lb.LoopbackModels(lambda call: lb.later(0.5)) as server:
        asyncio.run(run(server))
    assert server.max_in_flight == 4
    assert server.in_flight == 0


def test_embeddings_of_texts_that_share_words_are_close() -> None:
    with lb.LoopbackModels() as server:
        _, body = post(server, "/v1/embeddings", {"model": "e", "input": ["a big dog", "a big cat", "quite other"]})
    one, two, three = (item["embedding"] for item in body["data"])
    assert sum(a * b for a, b in zip(one, two, strict=True)) > sum(a * b for a, b in zip(one, three, strict=True))


def test_the_schema_of_a_verdict_is_filled_in() -> None:
    schema = {
        "type": "object",
        "properties": {
            "grade": {"enum": [1, 2, 3, 4, 5]},
            "winner": {"enum": ["A", "B", "tie"]},
            "share": {"type": "number", "minimum": 0, "maximum": 1},
            "claims": {
                "type": "array",
                "items": {"type": "object", "properties": {"ok": {"type": "boolean"}}},
                "minItems": 2,
            },
            "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
        },
    }
    assert lb.fill(schema) == {
        "grade": 4, "winner": "tie", "share": 1, "claims": [{"ok": True}, {"ok": True}], "note": "because it is so",
    }  # fmt: skip
