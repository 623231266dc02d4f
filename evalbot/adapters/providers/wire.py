"""A wire format: where a request goes, what its params are called there, and how an answer is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Message, Outcome, Request, Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """What a well-formed response says; `model` is empty where the server does not say who answered, `tier` where not how."""

    text: str
    outcome: Outcome
    usage: Usage | None
    model: str
    tool_calls: tuple[Mapping[str, Json], ...] | None = None
    tier: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """One wire format.

    `names` gives a portable param's names on the wire, best first; a param that is not in it keeps its own name.
    `absent` are portable names that the API does not have. `structure` is the dotted place of the structured-output
    request within the body, `structured` its value.
    """

    path: str
    names: Mapping[str, tuple[str, ...]]
    absent: frozenset[str]
    messages: Callable[[Sequence[Message]], dict[str, Json]]
    structure: str
    structured: Callable[[Request], Json]
    read: Callable[[Mapping[str, Json]], Answer]
    lists: frozenset[str] = field(default_factory=frozenset)  # wire names whose value must be a list


def malformed(what: str) -> ProviderError:
    """HTTP 200 with something that is no answer: an error of the server, never an empty answer of the model."""
    return ProviderError(ProviderFault.PROTOCOL, f"answered HTTP 200 {what}")


def mapping(value: object) -> Mapping[str, Json]:
    """The value if it is an object, else an empty one: half-formed responses are read without ceremony."""
    return value if isinstance(value, dict) else {}


def sequence(value: object) -> Sequence[Json]:
    """The value if it is a list, else an empty one."""
    return value if isinstance(value, list) else ()


def string(value: object) -> str:
    """The value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def tokens(value: object) -> int:
    """A token count; whatever is not a whole number from 0 counts as 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def ended(text: str, outcome: Outcome) -> Outcome:
    """An answer that ended well and says nothing is `empty`."""
    return Outcome.EMPTY if outcome is Outcome.OK and not text.strip() else outcome


def tool_calls(calls: Sequence[tuple[str, Json]]) -> tuple[Mapping[str, Json], ...] | None:
    """Calls of functions that the prompt's own params declared, from their names and arguments (JSON, or its text).

    Each is `{"name": …, "arguments": …}`, whatever the vendor calls them; None where there are none.
    """
    return tuple({"name": name, "arguments": _parsed(arguments)} for name, arguments in calls) or None


def as_text(calls: Sequence[Mapping[str, Json]]) -> str:
    """Calls as the JSON text that stands for the answer where the model said nothing beside them."""
    return json.dumps({"tool_calls": list(calls)}, ensure_ascii=False)


def _parsed(arguments: Json) -> Json:
    if not isinstance(arguments, str):
        return arguments
    try:
        value: Json = json.loads(arguments)
    except ValueError:
        return arguments
    return value
