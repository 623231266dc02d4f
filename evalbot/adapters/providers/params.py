"""Params of the configuration as fields of a request body, and what becomes of those that a model rejects."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import cast

from evalbot.adapters.providers.wire import Wire
from evalbot.domain.canonical import Json, canonical
from evalbot.domain.models import Request

DEFAULT_OUTPUT_TOKENS = 1024

# Native names of the portable params, for prompt files that were written for one vendor.
_ALIASES = {"max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens", "stop_sequences": "stop"}

# What would change who answers, what is asked or where data goes. Head may set params, so these are never passed on.
NEVER_SENT = frozenset(
    {
        "model", "messages", "input", "system", "instructions", "prompt", "stream", "stream_options", "background", "n",
        "previous_response_id", "conversation", "mcp_servers", "container", "web_search_options",
    }
)  # fmt: skip

_REJECTION = re.compile(
    r"unsupported|not\s+supported|does\s+not\s+support|doesn't\s+support|unrecognized|unrecognised|unknown|unexpected"
    r"|not\s+permitted|not\s+allowed|deprecated|extra_forbidden|no\s+longer",
    re.IGNORECASE,
)


def compose(request: Request, wire: Wire, rejected: Collection[str]) -> tuple[dict[str, Json], tuple[str, ...]]:
    """The body of a request, and the params (in the configuration's words) that it leaves out.

    Args:
        request: What is asked.
        wire: The format.
        rejected: Marks (see `mark`) of what this model has rejected before.
    """
    body: dict[str, Json] = {"model": request.model.model, **wire.messages(request.messages)}
    if request.flex and "service_tier" not in request.model.params and "service_tier" not in rejected:
        body["service_tier"] = "flex"
    dropped = []
    for name, value in _portable(request.model.params).items():
        sent = _wire_name(name, value, wire, rejected)
        if sent is None:
            dropped.append(name)
        else:
            body[sent] = [value] if sent in wire.lists and isinstance(value, str) else value
    if request.schema is not None:
        if rejected and mark(wire.structure, request, wire) in rejected:
            dropped.append(wire.structure.partition(".")[0])
        else:
            _place(body, wire.structure, wire.structured(request))
    return body, tuple(dropped)


def mark(name: str, request: Request, wire: Wire) -> str:
    """How the rejection of a wire name is remembered: a schema can be wrong by itself, so each one is on its own."""
    return f"{name} {canonical(request.schema)}" if name == wire.structure else name


def rejected_name(body: Mapping[str, Json], wire: Wire, param: str, code: str, message: str) -> str | None:
    """The wire name of what a HTTP 400 or 422 objects to, where the request can go without it; else None.

    A value out of range is a mistake in the configuration, not a rejection of the param, and gives None.
    """
    if _structure_sent(body, wire) and _means_structure(wire, param, message):
        return wire.structure
    if not (_REJECTION.search(code) or _REJECTION.search(message)):
        return None
    required = {"model", *wire.messages(())}
    droppable = [name for name in body if name not in required]
    named = re.split(r"[.\[]", param)[0]
    if named:
        return named if named in droppable else None
    places = {name: match.start() for name in droppable if (match := re.search(rf"\b{re.escape(name)}\b", message))}
    return min(places, key=places.__getitem__) if places else None


def _portable(params: Mapping[str, Json]) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for name, value in params.items():
        portable = _ALIASES.get(name, name)
        if value is not None and (portable == name or portable not in params):
            found[portable] = value
    return {"max_output_tokens": DEFAULT_OUTPUT_TOKENS, **found}


def _wire_name(name: str, value: Json, wire: Wire, rejected: Collection[str]) -> str | None:
    if name in wire.absent or name in NEVER_SENT or (name == "tools" and not _passive(value)):
        return None
    return next((sent for sent in wire.names.get(name, (name,)) if sent not in rejected), None)


def _passive(tools: Json) -> bool:
    """Whether all tools are mere declarations, which nobody runs; a server-side tool reaches out to the world."""
    if not isinstance(tools, list):
        return False
    return all(isinstance(tool, Mapping) and tool.get("type", "custom") in ("function", "custom") for tool in tools)


def _place(body: dict[str, Json], dotted: str, value: Json) -> None:
    root, _, leaf = dotted.partition(".")
    if not leaf:
        body[root] = value
        return
    there = body.get(root)
    body[root] = {**(there if isinstance(there, Mapping) else {}), leaf: value}


def _structure_sent(body: Mapping[str, Json], wire: Wire) -> bool:
    root, _, leaf = wire.structure.partition(".")
    return root in body and (not leaf or leaf in cast("Mapping[str, Json]", body[root]))


def _means_structure(wire: Wire, param: str, message: str) -> bool:
    root = wire.structure.partition(".")[0]
    if param:
        return param in (root, wire.structure) or param.startswith(f"{wire.structure}.")
    # "text" is a word of many messages; the other places and the format's own name are not.
    words = [re.escape(word) for word in (wire.structure, root, "json_schema") if re.search(r"[._]", word)]
    return re.search(rf"\b(?:{'|'.join(words)})\b", message) is not None
