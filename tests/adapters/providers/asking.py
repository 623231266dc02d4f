"""Asks the real SDKs, against a scripted server on loopback."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace

from evalbot.adapters.providers.open import open_provider
from evalbot.domain.errors import ProviderError
from evalbot.domain.models import Message, Model, Reply, Request
from tests.loopback import LoopbackModels, Script

CHAT = Model("openai", "gpt-5-mini")
RESPONSES = Model("openai", "gpt-5-mini", api="responses")
CLAUDE = Model("anthropic", "claude-sonnet-5")
WIRES = {"chat": CHAT, "responses": RESPONSES, "anthropic": CLAUDE}

GRADE = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "score": {"type": "integer", "enum": [1, 2, 3, 4, 5]}},
    "required": ["reasoning", "score"],
    "additionalProperties": False,
}


def request(
    model: Model, /, *messages: Message, schema: Mapping[str, object] | None = None, **params: object
) -> Request:
    said = messages or (Message("system", "Be brief."), Message("user", "How long do refunds take?"))
    return Request(replace(model, params={**model.params, **params}), said, schema)


def ask(server: LoopbackModels, *requests: Request, seconds: float = 20.0) -> list[Reply | ProviderError]:
    """The reply or the error of each request, asked one after the other through one provider."""

    async def run() -> list[Reply | ProviderError]:
        provider = open_provider(requests[0].model, server.env())
        found: list[Reply | ProviderError] = []
        try:
            for each in requests:
                try:
                    found.append(await provider.complete(each, seconds))
                except ProviderError as error:
                    found.append(error)
        finally:
            await provider.close()
        return found

    return asyncio.run(run())


def reply(script: Script, asked: Request) -> Reply:
    """The reply to one request; the error, if it is one, is raised."""
    with LoopbackModels(script) as server:
        (found,) = ask(server, asked)
    if isinstance(found, ProviderError):
        raise found
    return found


def error(script: Script, asked: Request, seconds: float = 20.0) -> ProviderError:
    """The error of one request that must have one."""
    with LoopbackModels(script) as server:
        (found,) = ask(server, asked, seconds=seconds)
    assert isinstance(found, ProviderError), found
    return found
