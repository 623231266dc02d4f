"""Whatever a server does, a call ends in a reply that can be judged or in one classed error; never in a made-up answer."""

from __future__ import annotations

import asyncio
import json
import time
from email.utils import formatdate

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from evalbot.adapters.providers.faults import one_line, read_failure, wait_asked
from evalbot.adapters.providers.open import open_provider
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Model, Outcome, Reply, Usage
from tests import loopback as lb
from tests.adapters.providers.asking import CHAT, RESPONSES, WIRES, ask, error, reply, request

wire = pytest.mark.parametrize("model", WIRES.values(), ids=WIRES.keys())


@wire
@pytest.mark.parametrize(
    ("fault", "kind", "retryable"),
    [
        (lb.unauthorized(), ProviderFault.AUTH, False),
        (lb.forbidden(), ProviderFault.AUTH, False),
        (lb.payment_required(), ProviderFault.AUTH, False),
        (lb.quota(), ProviderFault.AUTH, False),
        (lb.status(400, "Your credit balance is too low to access the API", "invalid_request_error"), ProviderFault.AUTH, False),
        (lb.rate_limited(), ProviderFault.RATE_LIMIT, True),
        (lb.status(408), ProviderFault.TIMEOUT, True),
        (lb.status(409), ProviderFault.SERVER, True),
        (lb.server_error(500), ProviderFault.SERVER, True),
        (lb.server_error(503), ProviderFault.SERVER, True),
        (lb.overloaded(), ProviderFault.SERVER, True),
        (lb.html(502), ProviderFault.SERVER, True),
        (lb.bad_request(), ProviderFault.BAD_REQUEST, False),
        (lb.status(404, "The model does not exist", "not_found_error"), ProviderFault.BAD_REQUEST, False),
        (lb.status(422, "no", "invalid"), ProviderFault.BAD_REQUEST, False),
        (lb.nothing(), ProviderFault.PROTOCOL, True),
        (lb.html(), ProviderFault.PROTOCOL, True),
        (lb.Fault(200, b""), ProviderFault.PROTOCOL, True),
        (lb.Fault(200, b"\xff\xfe\x00"), ProviderFault.PROTOCOL, True),
        (lb.Fault(200, []), ProviderFault.PROTOCOL, True),
        (lb.Fault(200, "[" * 100_000), ProviderFault.PROTOCOL, True),
        (lb.Fault(200, {"error": {"message": "upstream is down", "code": 502}}), ProviderFault.PROTOCOL, True),
        (lb.reset(), ProviderFault.NETWORK, True),
        (lb.cut(), ProviderFault.NETWORK, True),
    ],
    ids=lambda value: f"{value.status}-{value.payload[:40]!r}" if isinstance(value, lb.Fault) else str(value),
)  # fmt: skip
def test_each_fault_of_a_server_has_its_kind(
    model: Model, fault: lb.Fault, kind: ProviderFault, retryable: bool
) -> None:
    found = error(lambda call: fault, request(model))
    assert (found.fault, found.retryable) == (kind, retryable)
    assert str(found).startswith(model.label)


@wire
def test_a_response_whose_answer_is_null_is_no_answer(model: Model) -> None:
    assert error(lb.no_choices, request(model)).fault is ProviderFault.PROTOCOL


@pytest.mark.parametrize("message", [{}, {"content": None}, {"content": None, "refusal": None}, None, "hello"])
def test_a_chat_message_without_content_is_no_answer(message: object) -> None:
    body = {"model": "gpt-5-mini", "choices": [{"message": message, "finish_reason": "stop"}]}
    assert error(lambda call: lb.Fault(200, body), request(CHAT)).fault is ProviderFault.PROTOCOL


@pytest.mark.parametrize("status", ["failed", "in_progress", "cancelled"])
def test_a_response_that_did_not_complete_is_no_answer(status: str) -> None:
    body = {"model": "gpt-5-mini", "status": status, "output": []}
    assert error(lambda call: lb.Fault(200, body), request(RESPONSES)).fault is ProviderFault.PROTOCOL


@wire
def test_a_refused_connection_is_a_network_error(model: Model) -> None:
    server = lb.LoopbackModels()
    with server:
        pass
    (found,) = ask(server, request(model))
    assert isinstance(found, ProviderError)
    assert found.fault is ProviderFault.NETWORK


@wire
def test_a_drip_that_defeats_read_timeouts_ends_at_the_deadline(model: Model) -> None:
    started = time.monotonic()
    found = error(lambda call: lb.drip(0.02), request(model), seconds=0.4)
    assert found.fault is ProviderFault.TIMEOUT
    assert "0.4 s" in str(found)
    assert time.monotonic() - started < 10  # the body itself would take half an hour


@wire
def test_silence_ends_at_the_deadline(model: Model) -> None:
    assert error(lambda call: lb.hang(), request(model), seconds=0.3).fault is ProviderFault.TIMEOUT


@wire
@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(model: Model, code: int) -> None:
    with (
        lb.LoopbackModels() as elsewhere,
        lb.LoopbackModels(lambda call: lb.redirect(elsewhere.url + call.path, code)) as server,
    ):
        (found,) = ask(server, request(model))
    assert isinstance(found, ProviderError)
    assert found.fault is ProviderFault.PROTOCOL
    assert elsewhere.paths == []
    assert elsewhere.connected == 0


@wire
def test_the_sdk_retries_nothing_by_itself(model: Model) -> None:
    for fault in (lb.rate_limited(0), lb.server_error(), lb.reset()):
        with lb.LoopbackModels(lambda call, fault=fault: fault) as server:
            ask(server, request(model))
        assert len(server.calls) == 1


@wire
def test_no_error_repeats_the_key(model: Model) -> None:
    def tells(call: lb.Call) -> lb.Fault:
        key = call.headers["authorization"].removeprefix("Bearer ")
        return lb.status(401, f"{key} is wrong; so is {key[7:]}; reversed {key[::-1]}", "invalid_api_key")

    said = str(error(tells, request(model)))
    for key in (lb.LoopbackModels.OPENAI_KEY, lb.LoopbackModels.ANTHROPIC_KEY):
        for start in range(len(key) - 12):
            assert key[start : start + 12] not in said
    assert "[redacted]" in said


@wire
def test_another_model_that_answers_is_an_error(model: Model) -> None:
    found = error(lambda call: lb.wrong_model("gpt-4o"), request(model))
    assert found.fault is ProviderFault.PROTOCOL
    assert "'gpt-4o'" in str(found)


@wire
def test_a_dated_name_is_the_same_model(model: Model) -> None:
    assert reply(lambda call: lb.wrong_model(f"{call.model}-2026-08-07"), request(model)).text == "hello"


def test_behind_a_base_url_of_its_own_a_server_may_call_models_what_it_likes() -> None:
    with lb.LoopbackModels(lambda call: lb.wrong_model("the-llama")) as server:
        (found,) = ask(server, request(Model("openai", "qwen3", base_url=f"{server.url}/v1")))
    assert isinstance(found, Reply)
    assert found.model == "the-llama"


@wire
def test_a_prompt_that_is_too_long_is_an_answer(model: Model) -> None:
    found = reply(lb.over_length, request(model))
    assert (found.outcome, found.text, found.usage) == (Outcome.CONTEXT_OVERFLOW, "", Usage())
    assert found.cost_usd == 0.0  # refused before a token was spent


@pytest.mark.parametrize(
    "fault",
    [
        lb.bad_request("The response was filtered", code="content_filter", param="prompt"),  # Azure
        lb.bad_request("The response was filtered", code=None, innererror={"code": "ResponsibleAIPolicyViolation"}),
        lb.bad_request(
            "Invalid prompt: your prompt was flagged as potentially violating our usage policy", code="invalid_prompt"
        ),
        lb.bad_request("Output blocked by content filtering policy"),  # Anthropic
    ],
)
def test_a_filter_that_refuses_with_an_error_is_an_answer(fault: lb.Fault) -> None:
    assert reply(lambda call: fault, request(CHAT)).outcome is Outcome.CONTENT_FILTER


def test_a_limit_per_minute_that_speaks_of_quota_is_no_empty_account() -> None:
    # Gemini's compatible endpoint words its rate limit this way.
    said = lb.status(
        429, "You exceeded your current quota, please check your plan. Please retry in 31.5s.", "RESOURCE_EXHAUSTED"
    )
    assert error(lambda call: said, request(CHAT)).fault is ProviderFault.RATE_LIMIT


def test_an_address_that_cannot_be_called_is_not_retried() -> None:
    async def run() -> ProviderError:
        from evalbot.adapters.providers.openai import OpenAI

        provider = OpenAI(Model("openai", "x", base_url="ftp://127.0.0.1/v1"), "sk-test-0123456789")
        with pytest.raises(ProviderError) as caught:
            await provider.complete(request(CHAT), 5)
        await provider.close()
        return caught.value

    assert asyncio.run(run()).fault is ProviderFault.BAD_REQUEST


def test_one_client_keeps_32_calls_in_flight_and_a_cancelled_one_disturbs_no_other() -> None:
    async def run(server: lb.LoopbackModels) -> list[object]:
        provider = open_provider(CHAT, server.env())
        calls = [asyncio.create_task(provider.complete(request(CHAT), 20)) for _ in range(32)]
        while server.max_in_flight < 32:
            await asyncio.sleep(0.005)
        calls[0].cancel()
        found = await asyncio.gather(*calls, return_exceptions=True)
        await provider.close()
        await provider.close()  # twice does no harm
        return list(found)

    with lb.LoopbackModels(lambda call: lb.later(1.0)) as server:
        cancelled, *others = asyncio.run(run(server))
    assert isinstance(cancelled, asyncio.CancelledError)
    assert all(isinstance(found, Reply) and found.text == "at last" for found in others)
    assert server.max_in_flight == 32


# Reading what a server wrote


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "x", "retry-after": "2"}, 2.0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0.0),
    ],
)
def test_the_wait_that_a_server_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    assert wait_asked(headers) == seconds


def test_a_wait_may_be_given_as_a_date() -> None:
    asked = wait_asked({"retry-after": formatdate(time.time() + 60, usegmt=True)})
    assert asked is not None
    assert 50 < asked <= 60


@wire
def test_the_wait_travels_with_the_error(model: Model) -> None:
    assert error(lambda call: lb.rate_limited(7), request(model)).retry_after == 7.0


_ERRORS = ["error", "message", "code", "type", "param", "detail", "loc", "msg", "innererror"]
_ANSWERS = [
    "choices", "message", "content", "output", "type", "text", "usage", "finish_reason", "model", "status", "prompt_tokens",
    "input_tokens", "refusal", "tool_calls", "function", "stop_reason", "error",
]  # fmt: skip


def nested(keys: list[str]) -> st.SearchStrategy[object]:
    """Any JSON whose objects have these keys."""
    leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
    return st.recursive(
        leaves,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(keys), inner, max_size=4),
    )


@given(st.text() | nested(_ERRORS).map(json.dumps))
@settings(max_examples=150)
def test_any_error_body_can_be_read(body: str) -> None:
    assert read_failure(400, {}, body).error().fault in ProviderFault


@wire
@given(st.lists(st.binary(max_size=60) | nested(_ANSWERS), min_size=10, max_size=20))
@settings(max_examples=4, suppress_health_check=list(HealthCheck))
def test_any_body_is_a_reply_or_a_classed_error(model: Model, bodies: list[object]) -> None:
    with lb.LoopbackModels(lambda call: lb.Fault(200, bodies[call.n - 1])) as server:
        found = ask(server, *[request(model)] * len(bodies))
    assert all(isinstance(each, Reply | ProviderError) for each in found)
    assert len(server.calls) == len(bodies)


def test_a_message_is_one_short_line() -> None:
    assert one_line("a\n\tb\x00c\x1b[31m" + "d" * 1000) == "a b?c?[31m" + "d" * 289 + "…"
    assert one_line("") == ""
