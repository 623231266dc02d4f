"""What the official SDKs have in common: one call within a deadline, and whatever comes of it."""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import count
from time import perf_counter
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import quote

from evalbot.adapters.prices import price
from evalbot.adapters.providers.faults import Failure, one_line, read_failure
from evalbot.adapters.providers.limits import room
from evalbot.adapters.providers.names import same_model
from evalbot.adapters.providers.params import compose, mark, rejected_name
from evalbot.adapters.providers.wire import Answer, Wire, malformed, mapping, string
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Model, Outcome, Reply, Request, Room, Usage
from evalbot.domain.redaction import Redactor

if TYPE_CHECKING:
    import ssl

    import httpx2

_CONNECT_SECONDS = 15.0
_KEPT_CONNECTIONS = 256


class Client(Protocol):
    """What both SDKs' asynchronous clients share, as far as it is used here."""

    async def post(self, path: str, *, cast_to: Any, content: Any) -> Any:
        """One POST, with the SDK's headers and authentication."""

    async def get(self, path: str, *, cast_to: Any) -> Any:
        """One GET, likewise."""

    async def close(self) -> None:
        """Give connections back."""


@dataclass(frozen=True, slots=True)
class Connection:
    """A client with the exceptions of its SDK: any HTTP status that is no success, and any failure to get a response."""

    client: Client
    status_error: type[Exception]
    network_error: type[Exception]


class SdkProvider(ABC):
    """One endpoint behind an official SDK.

    The SDK brings authentication, versions and transport. Its retries and redirects are off and its response models are
    not built: bodies are read here, since `{}` and web pages arrive with HTTP 200 too.

    Args:
        model: Any model of the endpoint, its `base_url` resolved.
        key: The key.
    """

    key_env: str
    base_url_env: str
    default_base_url: str
    models_path: str

    def __init__(self, model: Model, key: str | None) -> None:
        self._base_url = model.base_url or self.default_base_url
        self._key = key or ""
        self._ids = dict(model.federation.fields) if model.federation else {}
        self._identity: Callable[[], str] | None = None
        self._tokens: list[str] = []
        self._closers: list[Callable[[], None]] = []
        self._connection: Connection | None = None
        self._rejected: dict[tuple[str, str], set[str]] = {}

    def federate(self, identity: Callable[[], str]) -> None:
        """Use tokens that the provider gives for GitHub's, instead of a key."""

        def seen() -> str:
            return self._learnt(identity())

        self._identity = seen

    def _learnt(self, token: str) -> str:
        """A token, from now on kept out of messages."""
        if token not in self._tokens:
            self._tokens.append(token)
        return token

    @abstractmethod
    def _connect(self) -> Connection:
        """A fresh client; the only place where the SDK is imported."""

    @abstractmethod
    def _wire(self, model: Model) -> Wire:
        """The format that the model is spoken to in."""

    async def complete(self, request: Request, seconds: float) -> Reply:
        """One answer within `seconds` of wall-clock time, however slowly the server drips.

        A param that the model rejects is left out from then on, named in `Reply.dropped`, and the call repeated at once.

        Raises:
            ProviderError: Nothing that can be judged came back.
        """
        return await self._in_time(request, seconds, self._converse)

    async def _in_time(
        self, request: Request, seconds: float, talk: Callable[[Connection, Request], Awaitable[Reply]]
    ) -> Reply:
        connection = self._connection or self._connect()  # the first import of an SDK takes a while: not on the clock
        self._connection = connection
        try:
            async with asyncio.timeout(seconds):
                return await talk(connection, request)
        except TimeoutError:
            raise self._said(
                request, ProviderError(ProviderFault.TIMEOUT, f"gave no answer within {seconds:g} s")
            ) from None
        except ProviderError as error:
            raise self._said(request, error) from None

    async def describe(self, name: str, seconds: float) -> Mapping[str, Json]:
        """What the provider says of a model: OpenAI gives `shutdown_date`, Anthropic `lifecycle`, `deprecated_at`, `retires_at`.

        Raises:
            ProviderError: It does not know the model, does not take the key, or did not answer within `seconds`.
        """
        import httpx2

        self._connection = connection = self._connection or self._connect()
        try:
            async with asyncio.timeout(seconds):
                response = await connection.client.get(f"{self.models_path}/{quote(name, safe='')}", cast_to=httpx2.Response)
        except connection.status_error as error:
            failed: httpx2.Response = error.response  # type: ignore[attr-defined]  # both SDKs' status errors have it
            raise read_failure(failed.status_code, failed.headers, failed.text).error() from None
        except connection.network_error as error:
            raise _unreachable(error.__cause__ or error) from None
        except TimeoutError:
            raise ProviderError(ProviderFault.TIMEOUT, f"gave no answer within {seconds:g} s") from None
        return _object(response.content)

    def _mark_stable(self, body: dict[str, Json]) -> None:  # noqa: B027 - most vendors find out by themselves
        """Tell the vendor which part of a request others begin with as well, where it wants to be told."""

    async def close(self) -> None:
        """Gives the connections back; safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.client.close()
        while self._closers:
            self._closers.pop()()

    async def _converse(self, connection: Connection, request: Request) -> Reply:
        wire = self._wire(request.model)
        rejected = self._rejected.setdefault((request.model.model, wire.path), set())
        named: set[str] = set()  # by this call alone: the rest is learnt by others meanwhile
        for attempt in count(1):
            body, dropped = compose(request, wire, rejected)
            self._mark_stable(body)
            started = perf_counter()
            response, left = await post(connection, wire.path, body)
            latency_ms = (perf_counter() - started) * 1000
            if isinstance(response, Failure):
                name = _rejected(response, body, wire)
                if name is not None and name not in named:
                    named.add(name)
                    rejected.add(mark(name, request, wire))
                    continue
                answer = _answered_by_failing(response)
            else:
                answer = _read(wire, response, request.model)
            usage = answer.usage
            return Reply(
                text=answer.text, outcome=answer.outcome, usage=usage, model=answer.model, latency_ms=latency_ms,
                cost_usd=price(request.model, usage, answer.model, flex=answer.tier == "flex"), dropped=dropped, attempts=attempt,
                tool_calls=answer.tool_calls, room=left,
            )  # fmt: skip
        raise AssertionError("count() never ends")

    def _said(self, request: Request, error: ProviderError) -> ProviderError:
        message = one_line(f"{request.model.label} {error}")
        return ProviderError(error.fault, Redactor([self._key, *self._tokens]).redact(message), error.retry_after)


def http_client() -> httpx2.AsyncClient:
    """The transport: no redirects, no time limits but ours, and room for every call in flight.

    Proxies and certificates come from the process's environment, as the workflow set it.
    """
    import httpx2

    limits = httpx2.Limits(max_connections=None, max_keepalive_connections=_KEPT_CONNECTIONS, keepalive_expiry=20.0)
    timeout = httpx2.Timeout(None, connect=_CONNECT_SECONDS)
    return httpx2.AsyncClient(follow_redirects=False, timeout=timeout, limits=limits, verify=_certificates())


@cache
def _certificates() -> ssl.SSLContext:
    """The system's certificates, read once: that takes longer than everything else about a client."""
    import httpx2

    return httpx2.create_ssl_context()


async def post(
    connection: Connection, path: str, body: Mapping[str, Json]
) -> tuple[Mapping[str, Json] | Failure, Room | None]:
    """The JSON object that the server answers with, or its refusal, and how much more it takes; else raises ProviderError."""
    import httpx2

    try:
        response = await connection.client.post(path, cast_to=httpx2.Response, content=_encoded(body))
    except connection.status_error as error:
        failed: httpx2.Response = error.response  # type: ignore[attr-defined]  # both SDKs' status errors have it
        return read_failure(failed.status_code, failed.headers, failed.text), None
    except connection.network_error as error:
        cause = error.__cause__ or error
        raise (cause if isinstance(cause, ProviderError) else _unreachable(cause)) from None  # ours: no token to call with
    return _object(response.content), room(response.headers)


def _object(content: bytes) -> Mapping[str, Json]:
    try:
        parsed = json.loads(content)
    except (ValueError, RecursionError):
        page = content.lstrip()[:1] == b"<"
        raise malformed("with a web page instead of JSON" if page else "with a body that is no JSON") from None
    if not isinstance(parsed, dict):
        raise malformed("with a body that is no JSON object")
    return parsed


def _encoded(body: Mapping[str, Json]) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), default=dict).encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON can only escape
        return json.dumps(body, separators=(",", ":"), default=dict).encode()


def _unreachable(cause: BaseException) -> ProviderError:
    name = type(cause).__name__
    if "Timeout" in name:
        return ProviderError(ProviderFault.TIMEOUT, f"could not be reached within {_CONNECT_SECONDS:g} s")
    if name in ("UnsupportedProtocol", "LocalProtocolError", "InvalidURL"):
        return ProviderError(ProviderFault.BAD_REQUEST, f"cannot be called: {name}: {cause}")
    if name == "DecodingError":
        return ProviderError(ProviderFault.PROTOCOL, f"sent a body that cannot be decoded: {cause}")
    return ProviderError(ProviderFault.NETWORK, f"could not be reached ({name}): {cause}".rstrip(": "))


def _rejected(failure: Failure, body: Mapping[str, Json], wire: Wire) -> str | None:
    if failure.status not in (400, 422) or failure.overflow or failure.filtered:
        return None
    return rejected_name(body, wire, failure.param, f"{failure.code} {failure.kind}", failure.message)


def _answered_by_failing(failure: Failure) -> Answer:
    """Some errors are the model's answer to the prompt, given before a token was spent; all others are raised."""
    if failure.overflow:
        return Answer("", Outcome.CONTEXT_OVERFLOW, Usage(), "")
    if failure.filtered:
        return Answer("", Outcome.CONTENT_FILTER, Usage(), "")
    raise failure.error()


def _read(wire: Wire, body: Mapping[str, Json], model: Model) -> Answer:
    refuse_error(body)
    answer = wire.read(body)
    refuse_other(model, answer.model)
    return answer


def refuse_error(body: Mapping[str, Json]) -> None:
    """Raises where HTTP 200 brings an error."""
    error = mapping(body.get("error"))
    if error:
        raise malformed(f"with an error: {string(error.get('message')) or error.get('code')}")


def refuse_other(model: Model, answered_by: str) -> None:
    """Raises where another model answered than was asked; an endpoint of your own may call its models what it likes."""
    if answered_by and model.base_url is None and not same_model(model.model, answered_by):
        raise malformed(
            f"but another model answered: {answered_by!r}. If that is right, name it in the configuration, or give the "
            "model a `base_url` there: behind one, names are not compared."
        )
