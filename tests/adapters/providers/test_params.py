"""Portable params under each API's names, and params that a model rejects: dropped once, remembered and reported."""

from __future__ import annotations

import pytest

from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Model, Reply
from tests import loopback as lb
from tests.adapters.providers.asking import CHAT, CLAUDE, GRADE, RESPONSES, WIRES, ask, request

wire = pytest.mark.parametrize("model", WIRES.values(), ids=WIRES.keys())
ALL = {"max_output_tokens": 800, "temperature": 0.2, "stop": ["END"], "seed": 7}


def told(model: Model, /, **params: object) -> tuple[dict[str, object], Reply]:
    """The body without model, messages and system, and the reply."""
    with lb.LoopbackModels() as server:
        (found,) = ask(server, request(model, **params))
    assert isinstance(found, Reply)
    body = server.calls[0].body
    return {key: value for key, value in body.items() if key not in ("model", "messages", "input", "system")}, found


def test_each_api_gets_the_params_it_has_under_its_own_names() -> None:
    chat, found = told(CHAT, **ALL)
    assert chat == {"max_completion_tokens": 800, "temperature": 0.2, "stop": ["END"], "seed": 7}
    assert found.dropped == ()
    responses, found = told(RESPONSES, **ALL)
    assert responses == {"max_output_tokens": 800, "temperature": 0.2}
    assert set(found.dropped) == {"stop", "seed"}
    claude, found = told(CLAUDE, **ALL, top_p=1, top_k=5)
    assert claude == {"max_tokens": 800, "stop_sequences": ["END"]}
    assert set(found.dropped) == {"temperature", "seed", "top_p", "top_k"}


def test_one_stop_sequence_may_be_a_string() -> None:
    assert told(CLAUDE, stop="END")[0]["stop_sequences"] == ["END"]


@wire
def test_an_answer_has_1024_tokens_unless_told_otherwise(model: Model) -> None:
    assert list(told(model)[0].values()) == [1024]
    assert list(told(model, max_output_tokens=None)[0].values()) == [1024]


@wire
@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_a_vendors_own_name_for_the_limit_is_understood_everywhere(model: Model, name: str) -> None:
    assert list(told(model, **{name: 50})[0].values()) == [50]


@wire
def test_other_params_pass_through(model: Model) -> None:
    assert (
        told(model, service_tier="flex", invented={"a": [1]})[0].items()
        >= {"service_tier": "flex", "invented": {"a": [1]}}.items()
    )


@wire
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model", "gpt-6-ultra"), ("messages", []), ("input", "x"), ("system", "x"), ("instructions", "x"), ("stream", True), ("n", 9),
        ("mcp_servers", [{"url": "https://elsewhere.example"}]), ("tools", [{"type": "mcp", "server_url": "https://elsewhere.example"}]),
        ("tools", [{"type": "web_search_20250305", "name": "web_search"}]), ("tools", "x"), ("previous_response_id", "r"),
    ],
)  # fmt: skip
def test_no_param_changes_who_is_asked_or_lets_a_server_reach_out(model: Model, name: str, value: object) -> None:
    plain = told(model)[0]
    body, found = told(model, **{name: value})
    assert body == plain
    assert found.dropped == (name,)
    assert found.model == model.model


def test_declared_functions_are_passed_on() -> None:
    tools = [{"type": "function", "function": {"name": "f"}}]
    assert told(CHAT, tools=tools)[0]["tools"] == tools
    assert told(CLAUDE, tools=[{"name": "f", "input_schema": {}}])[0]["tools"] == [{"name": "f", "input_schema": {}}]


def rejecting(*names: str, make: object = None) -> lb.Script:
    """A server that rejects the first of these params that it sees."""

    def answer(call: lb.Call) -> str | lb.Fault:
        for name in names:
            if name in call.body:
                return make(name) if callable(make) else lb.rejects_param(name)
        return lb.default_answer(call)

    return answer


@pytest.mark.parametrize(
    "make",
    [
        lb.rejects_param,
        lambda name: lb.bad_request(f"Unsupported value: '{name}' does not support 0.2 with this model.", param=name, code="unsupported_value"),
        lambda name: lb.bad_request(f"Unrecognized request argument supplied: {name}"),
        lambda name: lb.bad_request(f"{name}: Extra inputs are not permitted"),
        lambda name: lb.Fault(422, {"detail": [{"type": "extra_forbidden", "loc": ["body", name], "msg": "Extra inputs are not permitted"}]}),
    ],
)  # fmt: skip
def test_a_rejected_param_is_dropped_remembered_and_reported(make: object) -> None:
    with lb.LoopbackModels(rejecting("temperature", make=make)) as server:
        first, second = ask(server, request(CHAT, temperature=0.2), request(CHAT, temperature=0.2))
    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert first.dropped == second.dropped == ("temperature",)
    assert (first.attempts, second.attempts) == (2, 1)
    assert [("temperature" in call.body) for call in server.calls] == [True, False, False]


def test_a_reply_to_a_request_without_the_param_reports_nothing() -> None:
    with lb.LoopbackModels(rejecting("temperature")) as server:
        _, second = ask(server, request(CHAT, temperature=0.2), request(CHAT))
    assert isinstance(second, Reply)
    assert second.dropped == ()


def test_what_one_model_rejects_another_still_gets() -> None:
    with lb.LoopbackModels(
        lambda call: lb.rejects_param("seed") if call.model == "o9" and "seed" in call.body else "x"
    ) as server:
        ask(server, request(Model("openai", "o9"), seed=1), request(CHAT, seed=1))
    assert server.calls[-1].body["seed"] == 1


def test_several_rejected_params_go_one_after_the_other() -> None:
    with lb.LoopbackModels(rejecting("temperature", "seed", "top_p")) as server:
        (found,) = ask(server, request(CHAT, temperature=1, seed=1, top_p=1))
    assert isinstance(found, Reply)
    assert set(found.dropped) == {"temperature", "seed", "top_p"}
    assert found.attempts == 4


def test_an_older_server_gets_the_limit_under_its_older_name() -> None:
    with lb.LoopbackModels(rejecting("max_completion_tokens")) as server:
        (found,) = ask(server, request(CHAT, max_output_tokens=9))
    assert isinstance(found, Reply)
    assert server.calls[-1].body["max_tokens"] == 9
    assert found.dropped == ()


@pytest.mark.parametrize(
    "fault",
    [
        lb.bad_request("temperature must be at most 2", param="temperature", code="decimal_above_max_value"),
        lb.bad_request("Unsupported parameter: 'nonesuch'", param="nonesuch", code="unsupported_parameter"),
        lb.bad_request("Unsupported parameter: 'model'", param="model", code="unsupported_parameter"),
        lb.bad_request("Invalid 'messages'", param="messages", code="unsupported_value"),
        lb.bad_request("the weather is not supported"),
    ],
)
def test_a_mistake_is_no_rejection(fault: lb.Fault) -> None:
    with lb.LoopbackModels(lambda call: fault) as server:
        (found,) = ask(server, request(CHAT, temperature=5))
    assert isinstance(found, ProviderError)
    assert found.fault is ProviderFault.BAD_REQUEST
    assert len(server.calls) == 1


@wire
def test_a_server_that_rejects_everything_forever_comes_to_an_end(model: Model) -> None:
    with lb.LoopbackModels(lambda call: lb.rejects_param(list(call.body)[-1])) as server:
        (found,) = ask(server, request(model, schema=GRADE, seed=1, stop="x", temperature=1))
    assert isinstance(found, ProviderError)
    assert len(server.calls) < 10


@pytest.mark.parametrize(
    ("model", "key", "fault"),
    [
        (
            CHAT,
            "response_format",
            lb.bad_request("Invalid parameter: 'response_format' of type 'json_schema'", param="response_format"),
        ),
        (CHAT, "response_format", lb.bad_request("response_format is not available on this server")),
        (RESPONSES, "text", lb.bad_request("Unsupported", param="text.format", code="unsupported_value")),
        (CLAUDE, "output_config", lb.bad_request("output_config: Extra inputs are not permitted")),
        (CLAUDE, "output_config", lb.bad_request("output_config.format.schema: 'oneOf' is not supported")),
    ],
)
def test_a_server_without_structured_output_is_asked_for_plain_text(model: Model, key: str, fault: lb.Fault) -> None:
    with lb.LoopbackModels(lambda call: fault if key in call.body else "Score: 4") as server:
        first, second = ask(server, request(model, schema=GRADE), request(model, schema=GRADE))
    assert isinstance(first, Reply)
    assert isinstance(second, Reply)
    assert (first.text, first.dropped, first.attempts) == ("Score: 4", (key,), 2)
    assert (second.dropped, second.attempts) == ((key,), 1)


def test_a_schema_that_is_refused_says_nothing_about_another() -> None:
    odd = {"type": "object", "properties": {"odd": {}}}
    script = lambda call: lb.bad_request("Invalid schema", param="response_format") if call.schema == odd else "ok"  # noqa: E731
    with lb.LoopbackModels(script) as server:
        _, second = ask(server, request(CHAT, schema=odd), request(CHAT, schema=GRADE))
    assert isinstance(second, Reply)
    assert second.dropped == ()
    assert server.calls[-1].schema == GRADE
