"""What a whole system answered: its JSON read strictly, as the reply that metrics see."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from evalbot.domain.canonical import Json, canonical
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Outcome, Reply, Usage
from evalbot.domain.redaction import Redactor, redacted

_SHOWN = 200
_COUNTS = ("input", "output", "cached_input")


def failed(message: str) -> ProviderError:
    """The target's own failure: asking again would be no better."""
    return ProviderError(ProviderFault.TARGET, message)


def read_answer(answer: Json) -> Reply:
    """The reply of an answer object, or of a bare text.

    `output` is text, or an object or list whose JSON is then the text; `error` in its place says why there is none. Beside
    it may stand `context` (a list of texts), `tool_calls` (objects with a `name`), `usage` (`input`, `output` and
    `cached_input` tokens), `cost_usd` and `outcome`. Other keys are the system's own.

    Raises:
        ProviderError: It says `error`, or it is no such object.
    """
    if isinstance(answer, str):
        answer = {"output": answer}
    if not isinstance(answer, Mapping):
        raise failed(f"it answered with {_kind(answer)}, not with an object")
    if answer.get("error") is not None:
        raise failed(f"it reports an error: {_shown(answer['error'])}")
    text = _text(answer)
    return Reply(
        text, _outcome(answer, text), _usage(answer.get("usage")), cost_usd=amount(answer, "cost_usd"),
        context=_context(answer.get("context")), tool_calls=_tool_calls(answer.get("tool_calls")),
    )  # fmt: skip


def without(reply: Reply, redactor: Redactor) -> Reply:
    """The reply without what the target was given in confidence: it may well repeat it."""
    return replace(
        reply, text=redactor.redact(reply.text), context=reply.context and tuple(map(redactor.redact, reply.context)),
        tool_calls=reply.tool_calls and tuple(redacted(call, redactor.redact) for call in reply.tool_calls),
    )  # fmt: skip


def amount(answer: Mapping[str, Json], name: str) -> float | None:
    """A number of at least 0 among the answer's keys, None where it is absent; raises ProviderError for anything else."""
    found = answer.get(name)
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not 0 <= found < math.inf:
        raise failed(f"its '{name}' must be a number of at least 0, not {_shown(found)}")
    return float(found)


def _text(answer: Mapping[str, Json]) -> str:
    if "output" not in answer:
        raise failed("its answer has no 'output'")
    output = answer["output"]
    if isinstance(output, str):
        return output
    if isinstance(output, Mapping | list):
        return canonical(output)
    raise failed(f"its 'output' is {_kind(output)}, not text")


def _outcome(answer: Mapping[str, Json], text: str) -> Outcome:
    given = answer.get("outcome")
    if given is None:
        return Outcome.OK if text.strip() else Outcome.EMPTY
    try:
        return Outcome(str(given))
    except ValueError:
        raise failed(f"its 'outcome' is {_shown(given)}; known: {', '.join(Outcome)}") from None


def _usage(found: Json) -> Usage | None:
    if found is None:
        return None
    counts = [found.get(name, 0) for name in _COUNTS] if isinstance(found, Mapping) else []
    whole = [count for count in counts if isinstance(count, int) and not isinstance(count, bool) and count >= 0]
    if len(whole) < len(_COUNTS):
        raise failed("its 'usage' must be an object of token counts: input, output, cached_input")
    return Usage(*whole)


def _context(found: Json) -> tuple[str, ...] | None:
    if found is None:
        return None
    passages = [passage for passage in found if isinstance(passage, str)] if isinstance(found, list | tuple) else []
    if not isinstance(found, list | tuple) or len(passages) < len(found):
        raise failed("its 'context' must be a list of texts")
    return tuple(passages)


def _tool_calls(found: Json) -> tuple[Mapping[str, Json], ...] | None:
    if found is None:
        return None
    calls = [call for call in found if isinstance(call, Mapping)] if isinstance(found, list | tuple) else []
    named = [call for call in calls if isinstance(call.get("name"), str)]
    if not isinstance(found, list | tuple) or len(named) < len(found):
        raise failed("its 'tool_calls' must be a list of objects, each with a 'name'")
    return tuple(named)


def _kind(value: Json) -> str:
    return {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}.get(type(value), "a number")


def _shown(value: Json) -> str:
    text = value if isinstance(value, str) else canonical(value)
    return " ".join(text.split())[:_SHOWN]
