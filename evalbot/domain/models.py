"""What is asked of a model and what it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeAlias

from evalbot.domain.canonical import Json, digest

Role = Literal["system", "user", "assistant"]
Vector: TypeAlias = tuple[float, ...]
"""An embedding of a text, as the model gives it; not of any particular length."""

_DATED = re.compile(r"20\d{2}-?[01]\d-?[0-3]\d(?!\d)")


@dataclass(frozen=True, slots=True)
class Message:
    """One chat message."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars per million tokens; `cached_input` are those read from the vendor's prompt cache, like any other where None."""

    input: float
    output: float
    cached_input: float | None = None


@dataclass(frozen=True, slots=True)
class Federation:
    """Stands in for a key: GitHub's OIDC token of this job is exchanged for a short-lived one of the provider.

    `audience` is what GitHub's token is made out to; `fields` are the provider's own ids, sorted by name.
    """

    audience: str
    fields: tuple[tuple[str, str], ...]


Endpoint = tuple[str, str | None, str | None, Federation | None]
"""What one client serves: provider, base URL, key variable, federation."""


@dataclass(frozen=True)
class Model:
    """A model with everything that decides where a call goes and what it may change.

    `params` are the portable ones (`max_output_tokens`, `temperature`, `stop`, `seed`) and any others, passed through.
    `base_url`, `api_key_env`, `federation` and `price` come from policy only (contract, section 3). A target that is no
    prompt is one too: `provider` is its type, `model` its label, `base_url` its identity. `seconds` is how long one call may
    take where that is not the usual.
    """

    provider: str
    model: str
    params: Mapping[str, Json] = field(default_factory=dict)
    base_url: str | None = None
    api_key_env: str | None = None
    api: Literal["chat", "responses"] = "chat"
    price: Price | None = None
    seconds: float | None = None
    federation: Federation | None = None

    @property
    def label(self) -> str:
        """`provider/model`, as written in the configuration and shown in reports."""
        return f"{self.provider}/{self.model}"

    @property
    def endpoint(self) -> Endpoint:
        """What one client serves."""
        return (self.provider, self.base_url, self.api_key_env, self.federation)

    @property
    def pinned(self) -> bool:
        """Whether its name carries a date: a name without one may mean another model tomorrow."""
        return _DATED.search(self.model) is not None


@dataclass(frozen=True, slots=True)
class Request:
    """One call: the whole of it is its identity, so nothing that can change an answer may live elsewhere.

    `schema` asks for structured output: a JSON Schema object; `schema_name` is its name on the wire. `texts` ask for their
    embeddings and for nothing else: there are no messages then. `flex` asks for the vendor's cheaper and slower tier, which
    changes no answer. A request that is put by has its messages elsewhere and reads them whenever they are asked for.
    """

    model: Model
    messages: tuple[Message, ...]
    schema: Mapping[str, Json] | None = None
    schema_name: str = "answer"
    flex: bool = field(default=False, compare=False)
    texts: tuple[str, ...] = ()
    _hash: str | None = field(default=None, init=False, repr=False, compare=False)
    _read: Callable[[], tuple[Message, ...]] | None = field(default=None, init=False, repr=False, compare=False)

    @property
    def hash(self) -> str:
        """64 hex digits over everything that can change the answer (price and key name cannot)."""
        if self._hash is None:
            object.__setattr__(self, "_hash", self._digest())  # worked out once: it is asked for many times
        return self._hash or ""

    def _digest(self) -> str:
        m = self.model
        return digest(
            {
                "provider": m.provider, "model": m.model, "params": m.params, "base_url": m.base_url, "api": m.api,
                "messages": [[x.role, x.content] for x in self.messages], "schema": self.schema, "schema_name": self.schema_name,
                **({"texts": self.texts} if self.texts else {}),
            }
        )  # fmt: skip

    def put_by(self, messages: Callable[[], tuple[Message, ...]]) -> Request:
        """The same request without its messages in memory; `messages` reads them."""
        request = object.__new__(Request)
        known = {"_hash": self.hash, "_read": messages}
        for name in _KEPT:
            object.__setattr__(request, name, known[name] if name in known else getattr(self, name))
        return request

    if not TYPE_CHECKING:  # to a type checker the field is simply there

        def __getattr__(self, name: str) -> object:
            """Messages that are elsewhere: Python asks here where a slot is empty."""
            if name == "messages":
                return self._read()
            raise AttributeError(name)


_KEPT = tuple(one.name for one in fields(Request) if one.name != "messages")


class Outcome(StrEnum):
    """How the model ended its answer. All of these are the model's own doing and are judged as answers."""

    OK = "ok"
    EMPTY = "empty"
    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    CONTENT_FILTER = "content_filter"
    CONTEXT_OVERFLOW = "context_overflow"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens of one call. `input` counts all input tokens; `cached_input` is the part read from the vendor's prompt cache, `written_input` the part that was written to it."""

    input: int = 0
    output: int = 0
    cached_input: int = 0
    written_input: int = 0


@dataclass(frozen=True, slots=True)
class Room:
    """What a server says of its limits: so many more calls within so many seconds."""

    calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Reply:
    """A model's answer to a request.

    `model` is the name that the provider says answered. `dropped` names the params that it rejected.
    `cost_usd` is None when the price is unknown: unknown is never zero. `attempts` counts calls made, retries included.
    `recorded_ms` is the latency where the provider knows it better than a clock around it: of a recorded answer, or of a system
    without the wait until it was free. `context` are the passages that a whole
    system retrieved, `tool_calls` the calls that a model or an agent made, each an object with its `name` and `arguments`; None
    where it says nothing of them. A model that said nothing beside its calls has them, as JSON, for its `text` too.
    `room` is what the server said of its limits, where they are near.
    `cached` marks a reply that was paid for earlier: what it cost then is in `cost_usd`, and nobody was asked now.
    `vectors` are the embeddings of the request's `texts`, in their order. `earlier` are the answers to the earlier turns of a
    conversation; cost, tokens and time are then those of all turns.
    """

    text: str
    outcome: Outcome = Outcome.OK
    usage: Usage | None = None
    model: str = ""
    latency_ms: float = 0.0
    cost_usd: float | None = None
    dropped: tuple[str, ...] = ()
    attempts: int = 1
    recorded_ms: float | None = None
    context: tuple[str, ...] | None = None
    tool_calls: tuple[Mapping[str, Json], ...] | None = None
    room: Room | None = None
    cached: bool = False
    vectors: tuple[Vector, ...] = ()
    earlier: tuple[str, ...] = ()
