"""OpenAI's flex tier on the wire: asked for by name, priced by what the answer says."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from evalbot.adapters.prices import price
from evalbot.adapters.providers.open import open_provider
from evalbot.domain.models import Message, Model, Reply, Request, Usage
from tests.loopback import LoopbackModels, rejects_param

MODEL = Model("openai", "gpt-5-mini")


def ask(server: LoopbackModels, model: Model, *, flex: bool) -> Reply:
    async def main() -> Reply:
        provider = open_provider(model, server.env())
        try:
            return await provider.complete(Request(model, (Message("user", "Hello?"),), flex=flex), 20)
        finally:
            await provider.close()

    return asyncio.run(main())


@pytest.mark.parametrize("api", ["chat", "responses"])
def test_the_tier_is_named_in_the_request_and_only_then(api: str) -> None:
    model = replace(MODEL, api=api)
    with LoopbackModels() as server:
        ask(server, model, flex=True)
        ask(server, model, flex=False)
        ask(server, replace(model, params={"service_tier": "priority"}), flex=True)
        assert [call.body.get("service_tier") for call in server.calls] == ["flex", None, "priority"]


def test_a_model_that_does_not_know_the_tier_is_asked_without() -> None:
    def answer(call):
        return rejects_param("service_tier") if "service_tier" in call.body else "fine"

    with LoopbackModels(answer) as server:
        assert ask(server, MODEL, flex=True).text == "fine"


def test_flex_costs_half_by_the_vendors_table_and_a_price_of_ones_own_knows_no_tiers() -> None:
    usage = Usage(1000, 1000)
    assert price(MODEL, usage, flex=True) == pytest.approx(price(MODEL, usage) / 2)
    own = replace(MODEL, price=None)
    assert price(own, None, flex=True) is None
