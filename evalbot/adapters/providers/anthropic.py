"""The `anthropic` provider: the Messages API."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

from evalbot.adapters.providers import PROVIDERS
from evalbot.adapters.providers.federation import exchange_failed
from evalbot.adapters.providers.sdk import Client, Connection, SdkProvider, http_client
from evalbot.adapters.providers.wire import (
    Answer,
    Wire,
    as_text,
    ended,
    malformed,
    mapping,
    string,
    tokens,
    tool_calls,
)
from evalbot.domain.canonical import Json, canonical
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Message, Model, Outcome, Request, Usage

if TYPE_CHECKING:
    from anthropic.lib.credentials import AsyncAccessTokenProvider

_CACHEABLE_CHARACTERS = 4800


@PROVIDERS.register("anthropic")
class Anthropic(SdkProvider):
    """Anthropic's Messages API, and servers that speak it (`base_url`).

    Needs `ANTHROPIC_API_KEY`, the variable that `api_key_env` names, or `auth: {type: oidc, …}`. The API no longer has `temperature`, `top_p` or
    `top_k`, and never had `seed`: they are dropped and reported. `stop` is sent as `stop_sequences`.
    """

    key_env = "ANTHROPIC_API_KEY"
    base_url_env = "ANTHROPIC_BASE_URL"
    default_base_url = "https://api.anthropic.com"
    models_path = "/v1/models"
    audience = "https://api.anthropic.com"
    federation = MappingProxyType(
        {"federation_rule_id": True, "organization_id": True, "service_account_id": False, "workspace_id": False}
    )

    def _mark_stable(self, body: dict[str, Json]) -> None:
        """A long system message that was sent before is read from the prompt cache, at a tenth of the price.

        Not the first time: writing to that cache costs a quarter more, and a message with an example's words in it never
        comes again. Below the vendor's smallest size, about a thousand tokens, the mark would do nothing.
        """
        system = body.get("system")
        if isinstance(system, str) and len(system) >= _CACHEABLE_CHARACTERS:
            seen = hash(system)
            if seen in self._sent:
                body["system"] = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
            self._sent.add(seen)

    @cached_property
    def _sent(self) -> set[int]:
        return set()

    def _connect(self) -> Connection:
        import anthropic

        address = self._base_url.rstrip("/").removesuffix("/v1")
        client = anthropic.AsyncAnthropic(
            api_key=None if self._identity else self._key, credentials=self._exchanged(self._identity, address) if self._identity else None,
            base_url=address, max_retries=0, http_client=http_client(), open_telemetry=False, webhook_key="",
        )  # fmt: skip
        # What the SDK picked up from the environment by itself must not reach an endpoint that it was not meant for.
        client._custom_headers = {}
        return Connection(cast("Client", client), anthropic.APIStatusError, anthropic.APIConnectionError)

    def _exchanged(self, identity: Callable[[], str], address: str) -> AsyncAccessTokenProvider:
        """A token of Anthropic's for GitHub's, from the deployment that the calls go to; the SDK keeps it until it ends."""
        from anthropic.lib.credentials import AccessToken, WorkloadIdentityCredentials

        credentials = WorkloadIdentityCredentials(
            identity_token_provider=identity, federation_rule_id=self._ids["federation_rule_id"],
            organization_id=self._ids["organization_id"], service_account_id=self._ids.get("service_account_id"),
            workspace_id=self._ids.get("workspace_id"),
        )  # fmt: skip
        credentials.bind_base_url(address)
        self._closers.append(credentials.close)

        async def token(*, force_refresh: bool = False) -> AccessToken:  # noqa: ARG001 - there is no cache of ours to pass by
            try:
                found = await asyncio.to_thread(credentials)
            except Exception as error:
                raise exchange_failed(error) from None
            if not found.token:
                raise ProviderError(ProviderFault.AUTH, "gave an empty token for GitHub's")
            self._learnt(found.token)
            return found

        return token

    def _wire(self, model: Model) -> Wire:  # noqa: ARG002 - there is one only
        return MESSAGES


def _conversation(messages: Sequence[Message]) -> dict[str, Json]:
    system = "\n\n".join(message.content for message in messages if message.role == "system")
    talk: list[Json] = [
        {"role": message.role, "content": message.content} for message in messages if message.role != "system"
    ]
    return {"system": system, "messages": talk} if system else {"messages": talk}


def _format(request: Request) -> Json:
    return {"type": "json_schema", "schema": _taken(canonical(request.schema))}


@lru_cache(maxsize=256)
def _taken(schema: str) -> Json:
    """The schema with what the API refuses (`minimum`, `maxItems`, …) turned into descriptions, by the SDK's own rules."""
    from anthropic import transform_schema

    plain: dict[str, Json] = json.loads(schema)
    try:
        return cast("dict[str, Json]", transform_schema(plain))
    except (AssertionError, AttributeError, TypeError, ValueError):  # beyond those rules: the API will say
        return plain


def _read(body: Mapping[str, Json]) -> Answer:
    content = body.get("content")
    if not isinstance(content, list):
        raise malformed("without content")
    blocks = [mapping(block) for block in content]
    text = "".join(string(block.get("text")) for block in blocks if block.get("type") == "text")
    used = [(string(block.get("name")), block.get("input")) for block in blocks if block.get("type") == "tool_use"]
    calls = tool_calls(used)
    if calls and not text:
        text = as_text(calls)
    outcome = _ENDS.get(string(body.get("stop_reason")), Outcome.OK)
    return Answer(text, ended(text, outcome), _usage(body.get("usage")), string(body.get("model")), calls)


_ENDS = {
    "max_tokens": Outcome.TRUNCATED,
    "refusal": Outcome.REFUSAL,
    "model_context_window_exceeded": Outcome.CONTEXT_OVERFLOW,
}


def _usage(usage: Json) -> Usage | None:
    if not isinstance(usage, dict) or "input_tokens" not in usage:
        return None
    cached = tokens(usage.get("cache_read_input_tokens"))
    written = tokens(usage.get("cache_creation_input_tokens"))
    return Usage(tokens(usage["input_tokens"]) + cached + written, tokens(usage.get("output_tokens")), cached, written)


MESSAGES = Wire(
    path="/v1/messages",
    names={"max_output_tokens": ("max_tokens",), "stop": ("stop_sequences",)},
    absent=frozenset({"temperature", "top_p", "top_k", "seed"}),
    messages=_conversation,
    structure="output_config.format",
    structured=_format,
    read=_read,
    lists=frozenset({"stop_sequences"}),
)
