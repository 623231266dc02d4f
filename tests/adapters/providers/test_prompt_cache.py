"""What is the same in every request comes first, and Anthropic is told so from the second time on."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from evalbot.adapters.providers.open import open_provider
from evalbot.domain.models import Message, Model, Request
from tests.loopback import LoopbackModels

LONG = "Grade carefully. " * 300


def systems(*asked: Sequence[str]) -> list[object]:
    """What stood at the place of the system message in each call."""

    async def main(server: LoopbackModels) -> None:
        model = Model("anthropic", "claude-sonnet-5")
        provider = open_provider(model, server.env())
        for system, user in asked:
            await provider.complete(Request(model, (Message("system", system), Message("user", user))), 20)
        await provider.close()

    with LoopbackModels() as server:
        asyncio.run(main(server))
        return [call.body.get("system") for call in server.calls]


def test_a_long_system_message_is_marked_from_the_second_time_on() -> None:
    marked = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
    assert systems((LONG, "one"), (LONG, "two"), (LONG, "three")) == [LONG, marked, marked]


@pytest.mark.parametrize("texts", [("Be brief.", "Be brief."), (LONG + "for g-01", LONG + "for g-02")], ids=["short", "never twice"])
def test_what_the_vendor_would_not_keep_or_never_sees_again_is_not_marked(texts: tuple[str, str]) -> None:
    assert systems(*((text, "hello") for text in texts)) == list(texts)
