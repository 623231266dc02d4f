"""What is sent to each API, and what is read from its answers."""

from __future__ import annotations

import json

import pytest

from evalbot.adapters.providers.schemas import is_strict
from evalbot.domain.models import Message, Model, Outcome, Reply, Usage
from tests import loopback as lb
from tests.adapters.providers.asking import CHAT, CLAUDE, GRADE, RESPONSES, WIRES, ask, reply, request

wire = pytest.mark.parametrize("model", WIRES.values(), ids=WIRES.keys())


def sent(model: Model, *messages: Message, schema: object = None, **params: object) -> lb.Call:
    with lb.LoopbackModels() as server:
        ask(server, request(model, *messages, schema=schema, **params))  # type: ignore[arg-type]
    return server.calls[0]


@wire
def test_a_plain_question_gets_its_answer_with_tokens_name_and_time(model: Model) -> None:
    found = reply(lambda call: lb.Answer(call.user.upper(), usage=(100, 10, 40)), request(model))
    assert found.text == "HOW LONG DO REFUNDS TAKE?"
    assert (found.outcome, found.model, found.attempts, found.dropped) == (Outcome.OK, model.model, 1, ())
    assert found.usage == Usage(input=100, output=10, cached_input=40)
    assert found.latency_ms > 0
    assert found.cost_usd


@wire
def test_the_messages_arrive_as_they_are(model: Model) -> None:
    call = sent(
        model,
        Message("system", "Be brief."),
        Message("user", "Hi é 中 \U0001f600"),
        Message("assistant", "Yes?"),
        Message("user", "Why?"),
    )
    assert call.messages == [
        ("system", "Be brief."),
        ("user", "Hi é 中 \U0001f600"),
        ("assistant", "Yes?"),
        ("user", "Why?"),
    ]
    assert call.model == model.model


def test_claude_gets_all_system_messages_as_one() -> None:
    call = sent(CLAUDE, Message("system", "One."), Message("user", "Hi"), Message("system", "Two."))
    assert call.body["system"] == "One.\n\nTwo."
    assert call.body["messages"] == [{"role": "user", "content": "Hi"}]


def test_claude_gets_no_system_message_where_there_is_none() -> None:
    assert "system" not in sent(CLAUDE, Message("user", "Hi")).body


@wire
def test_a_lone_surrogate_is_sent_escaped(model: Model) -> None:
    assert b"\\ud800" in sent(model, Message("user", "x\ud800")).raw


@wire
@pytest.mark.parametrize(
    ("said", "outcome", "text"),
    [
        (lb.truncated("half"), Outcome.TRUNCATED, "half"),
        (lb.Answer("", finish="length"), Outcome.TRUNCATED, ""),
        (lb.refusal("No."), Outcome.REFUSAL, "No."),
        (lb.empty(), Outcome.EMPTY, ""),
        (lb.Answer(" \n"), Outcome.EMPTY, " \n"),
    ],
)
def test_how_a_model_ends_is_an_outcome_and_its_text_is_kept(
    model: Model, said: lb.Answer, outcome: Outcome, text: str
) -> None:
    found = reply(lambda call: said, request(model))
    assert (found.outcome, found.text) == (outcome, text)


@pytest.mark.parametrize("model", [CHAT, RESPONSES])
def test_a_content_filter_is_an_outcome(model: Model) -> None:
    assert reply(lambda call: lb.content_filter("so f"), request(model)).outcome is Outcome.CONTENT_FILTER


def test_a_chat_that_was_cut_before_its_first_word_is_truncated() -> None:
    body = {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}
    assert reply(lambda call: lb.Fault(200, body), request(CHAT)).outcome is Outcome.TRUNCATED


def test_claude_that_fills_its_context_window_overflows() -> None:
    body = {"content": [{"type": "text", "text": "so far"}], "stop_reason": "model_context_window_exceeded"}
    found = reply(lambda call: lb.Fault(200, body), request(CLAUDE))
    assert (found.outcome, found.text) == (Outcome.CONTEXT_OVERFLOW, "so far")


def test_claudes_thinking_is_no_part_of_its_answer() -> None:
    body = {
        "content": [
            {"type": "thinking", "thinking": "hmm"},
            {"type": "text", "text": "A"},
            {"type": "text", "text": "B"},
        ]
    }
    assert reply(lambda call: lb.Fault(200, body), request(CLAUDE)).text == "AB"


def test_claudes_input_counts_what_was_read_from_and_written_to_its_cache() -> None:
    usage = {"input_tokens": 5, "cache_read_input_tokens": 30, "cache_creation_input_tokens": 7, "output_tokens": 2}
    body = {"content": [{"type": "text", "text": "x"}], "usage": usage}
    assert reply(lambda call: lb.Fault(200, body), request(CLAUDE)).usage == Usage(input=42, output=2, cached_input=30, written_input=7)


@wire
def test_a_server_that_does_not_count_tokens_leaves_the_cost_unknown(model: Model) -> None:
    found = reply(lambda call: lb.Answer("x", usage=None), request(model))
    assert (found.usage, found.cost_usd) == (None, None)


@wire
def test_a_schema_asks_for_structured_output(model: Model) -> None:
    with lb.LoopbackModels(lambda call: lb.verdict(call, score=2)) as server:
        (found,) = ask(server, request(model, schema=GRADE))
    assert isinstance(found, Reply)
    assert json.loads(found.text) == {"reasoning": "because it is so", "score": 2}
    asked = server.calls[0].schema
    assert asked["properties"]["score"]["enum"] == [1, 2, 3, 4, 5]
    assert asked["additionalProperties"] is False


def test_structured_output_is_asked_for_in_each_apis_own_way() -> None:
    chat = sent(CHAT, schema=GRADE).body["response_format"]
    assert chat == {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": GRADE}}
    responses = sent(RESPONSES, schema=GRADE, text={"verbosity": "low"}).body["text"]
    assert responses == {
        "verbosity": "low",
        "format": {"type": "json_schema", "name": "answer", "strict": True, "schema": GRADE},
    }
    claude = sent(CLAUDE, schema=GRADE, output_config={"effort": "low"}).body["output_config"]
    assert (claude["effort"], claude["format"]["type"]) == ("low", "json_schema")


def test_a_limit_that_claude_would_refuse_in_a_schema_becomes_a_description() -> None:
    schema = {"type": "object", "properties": {"p": {"type": "number", "minimum": 0, "maximum": 1}}, "required": ["p"]}
    asked = sent(CLAUDE, schema=schema).schema["properties"]["p"]
    assert "minimum" not in asked
    assert "minimum: 0" in asked["description"]


def test_a_schema_that_is_none_is_sent_as_it_is() -> None:
    assert sent(CLAUDE, schema={"properties": {"a": {}}}).schema == {"properties": {"a": {}}}


def test_only_a_closed_schema_is_sent_as_strict() -> None:
    assert is_strict(GRADE)
    assert not is_strict({**GRADE, "required": ["score"]})
    assert not is_strict({**GRADE, "additionalProperties": True})
    assert not is_strict({"type": "object"})
    assert not is_strict({"type": "array", "items": {"type": "object", "properties": {}}})
    assert is_strict({"type": "string"})
    assert is_strict({})


@pytest.mark.parametrize(
    ("model", "body"),
    [
        (
            CHAT,
            {
                "choices": [
                    {"message": {"content": None, "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}}
                ]
            },
        ),
        (
            RESPONSES,
            {"status": "completed", "output": [{"type": "function_call", "name": "f", "arguments": '{"a": 1}'}]},
        ),
        (CLAUDE, {"content": [{"type": "tool_use", "name": "f", "input": {"a": 1}}], "stop_reason": "tool_use"}),
    ],
)
def test_calls_of_declared_functions_stand_for_the_answer(model: Model, body: object) -> None:
    found = reply(lambda call: lb.Fault(200, body), request(model))
    assert json.loads(found.text) == {"tool_calls": [{"name": "f", "arguments": {"a": 1}}]}
    assert found.tool_calls == ({"name": "f", "arguments": {"a": 1}},)
    assert found.outcome is Outcome.OK
