"""The `openai` provider: Chat Completions, and Responses where `api: responses` asks for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import MappingProxyType
from typing import cast

from evalbot.adapters.providers import PROVIDERS, embeddings
from evalbot.adapters.providers.federation import exchange_failed
from evalbot.adapters.providers.schemas import is_strict
from evalbot.adapters.providers.sdk import Client, Connection, SdkProvider, http_client
from evalbot.adapters.providers.wire import (
    Answer,
    Wire,
    as_text,
    ended,
    malformed,
    mapping,
    sequence,
    string,
    tokens,
    tool_calls,
)
from evalbot.domain.canonical import Json
from evalbot.domain.models import Message, Model, Outcome, Reply, Request, Usage


@PROVIDERS.register("openai")
class OpenAI(SdkProvider):
    """OpenAI, and every server that speaks its formats (`base_url`): vLLM, llama.cpp, Ollama, OpenRouter, Azure v1.

    Needs `OPENAI_API_KEY`, the variable that `api_key_env` names, or `auth: {type: oidc, …}`. Chat Completions unless the model has
    `api: responses`. `max_output_tokens` is sent as `max_completion_tokens` and, to a server that does not know it, as
    `max_tokens`. Responses have neither `stop` nor `seed`: both are dropped there and reported.
    """

    key_env = "OPENAI_API_KEY"
    base_url_env = "OPENAI_BASE_URL"
    default_base_url = "https://api.openai.com/v1"
    models_path = "/models"
    has_flex = True  # a tier at half the price for whoever can wait
    audience = "https://api.openai.com/v1"
    federation = MappingProxyType({"identity_provider_id": True, "service_account_id": True, "token_url": False})

    def _connect(self) -> Connection:
        import openai

        client = openai.AsyncOpenAI(
            api_key=self._exchanged(self._identity) if self._identity else self._key, base_url=self._base_url, max_retries=0, http_client=http_client(),
            admin_api_key="", webhook_secret="",
        )  # fmt: skip
        # What the SDK picked up from the environment by itself must not reach an endpoint that it was not meant for.
        client.organization = client.project = None
        client._custom_headers = {}
        return Connection(cast("Client", client), openai.APIStatusError, openai.APIConnectionError)

    async def embed(self, request: Request, seconds: float) -> Reply:
        """One vector for each of the request's texts, within `seconds` of wall-clock time.

        Raises:
            ProviderError: There is not one well-formed vector for each text.
        """
        return await self._in_time(request, seconds, embeddings.embed)

    def _exchanged(self, identity: Callable[[], str]) -> Callable[[], Awaitable[str]]:
        """A token of OpenAI's for GitHub's; the SDK keeps it and exchanges anew before it ends."""
        from openai.auth import WorkloadIdentity, WorkloadIdentityAuth

        workload: WorkloadIdentity = {
            "identity_provider_id": self._ids["identity_provider_id"], "service_account_id": self._ids["service_account_id"],
            "provider": {"token_type": "jwt", "get_token": identity},
        }  # fmt: skip
        auth = WorkloadIdentityAuth(workload_identity=workload)
        auth.token_exchange_url = self._ids.get("token_url", auth.token_exchange_url)

        async def token() -> str:
            try:
                return self._learnt(await auth.get_token_async())
            except Exception as error:
                raise exchange_failed(error) from None

        return token

    def _wire(self, model: Model) -> Wire:
        return RESPONSES if model.api == "responses" else CHAT


def _plain(messages: Sequence[Message]) -> list[Json]:
    return [{"role": message.role, "content": message.content} for message in messages]


# Chat Completions


def _json_schema(request: Request) -> dict[str, Json]:
    schema = request.schema or {}
    return {"name": request.schema_name, "strict": is_strict(schema), "schema": schema}


def _read_chat(body: Mapping[str, Json]) -> Answer:
    choices = sequence(body.get("choices"))
    choice = mapping(choices[0]) if choices else {}
    message = choice.get("message")
    broken = mapping(choice.get("error"))  # a gateway's upstream gave up in the middle
    if broken:
        raise malformed(f"with an error: {string(broken.get('message')) or broken.get('code')}")
    if not isinstance(message, dict):
        raise malformed("without choices")
    outcome = _CHAT_ENDS.get(string(choice.get("finish_reason")), Outcome.OK)
    functions = [mapping(mapping(call).get("function")) for call in sequence(message.get("tool_calls"))]
    calls = tool_calls([(string(function.get("name")), function.get("arguments")) for function in functions])
    text = _chat_text(message, calls)
    refusal = string(message.get("refusal"))
    if refusal:
        text, outcome = text or refusal, Outcome.REFUSAL
    if text is None:
        if outcome is Outcome.OK:
            raise malformed("with a message that has no content")
        text = ""
    usage, tier = _chat_usage(body.get("usage")), string(body.get("service_tier"))
    return Answer(text, ended(text, outcome), usage, string(body.get("model")), calls, tier)


_CHAT_ENDS = {"length": Outcome.TRUNCATED, "content_filter": Outcome.CONTENT_FILTER}


def _chat_text(message: Mapping[str, Json], calls: Sequence[Mapping[str, Json]] | None) -> str | None:
    content = message.get("content")
    if isinstance(content, str) and content:
        return content
    if isinstance(content, list):
        return "".join(string(mapping(part).get("text")) for part in content)
    if calls:
        return as_text(calls)
    return "" if content == "" else None


def _chat_usage(usage: Json) -> Usage | None:
    if not isinstance(usage, dict) or "prompt_tokens" not in usage:
        return None
    cached = tokens(mapping(usage.get("prompt_tokens_details")).get("cached_tokens"))
    return Usage(tokens(usage["prompt_tokens"]), tokens(usage.get("completion_tokens")), cached)


CHAT = Wire(
    path="/chat/completions",
    names={"max_output_tokens": ("max_completion_tokens", "max_tokens")},
    absent=frozenset(),
    messages=lambda messages: {"messages": _plain(messages)},
    structure="response_format",
    structured=lambda request: {"type": "json_schema", "json_schema": _json_schema(request)},
    read=_read_chat,
)


# Responses


def _read_responses(body: Mapping[str, Json]) -> Answer:
    output = body.get("output")
    status = body.get("status")
    if not isinstance(output, list) or status not in ("completed", "incomplete", None):
        raise malformed("without output")
    parts = [
        mapping(part)
        for item in output
        if mapping(item).get("type") == "message"
        for part in sequence(mapping(item).get("content"))
    ]
    text = "".join(string(part.get("text")) for part in parts if part.get("type") == "output_text")
    refusal = "".join(string(part.get("refusal")) for part in parts if part.get("type") == "refusal")
    functions = [mapping(item) for item in output if mapping(item).get("type") == "function_call"]
    calls = tool_calls([(string(call.get("name")), call.get("arguments")) for call in functions])
    if calls and not text:
        text = as_text(calls)
    if refusal:
        text, outcome = text or refusal, Outcome.REFUSAL
    else:
        outcome = _responses_end(body)
    usage, tier = _responses_usage(body.get("usage")), string(body.get("service_tier"))
    return Answer(text, ended(text, outcome), usage, string(body.get("model")), calls, tier)


def _responses_end(body: Mapping[str, Json]) -> Outcome:
    if body.get("status") != "incomplete":
        return Outcome.OK
    reason = mapping(body.get("incomplete_details")).get("reason")
    return Outcome.CONTENT_FILTER if reason == "content_filter" else Outcome.TRUNCATED


def _responses_usage(usage: Json) -> Usage | None:
    if not isinstance(usage, dict) or "input_tokens" not in usage:
        return None
    cached = tokens(mapping(usage.get("input_tokens_details")).get("cached_tokens"))
    return Usage(tokens(usage["input_tokens"]), tokens(usage.get("output_tokens")), cached)


RESPONSES = Wire(
    path="/responses",
    names={"max_output_tokens": ("max_output_tokens",)},
    absent=frozenset({"stop", "seed"}),
    messages=lambda messages: {"input": _plain(messages)},
    structure="text.format",
    structured=lambda request: {"type": "json_schema", **_json_schema(request)},
    read=_read_responses,
)
