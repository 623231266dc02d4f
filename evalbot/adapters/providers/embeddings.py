"""Embeddings over the format that OpenAI's endpoint and everything compatible with it speak."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from collections.abc import Mapping

from evalbot.adapters.prices import price
from evalbot.adapters.providers.faults import Failure
from evalbot.adapters.providers.params import NEVER_SENT
from evalbot.adapters.providers.sdk import Connection, post, refuse_error, refuse_other
from evalbot.adapters.providers.wire import malformed, mapping, sequence, string, tokens
from evalbot.domain.canonical import Json
from evalbot.domain.models import Reply, Request, Usage, Vector

PATH = "/embeddings"
_OF_ANSWERS = frozenset({"max_output_tokens", "temperature", "stop", "seed"})  # portable, and without meaning here


async def embed(connection: Connection, request: Request) -> Reply:
    """One vector for each of the request's texts; raises ProviderError where there is not one for each."""
    response, left = await post(connection, PATH, _body(request))
    if isinstance(response, Failure):
        raise response.error()
    refuse_error(response)
    vectors = _vectors(response, len(request.texts))
    answered_by, usage = string(response.get("model")), _usage(response.get("usage"))
    refuse_other(request.model, answered_by)
    cost = price(request.model, usage, answered_by)
    return Reply("", usage=usage, model=answered_by, cost_usd=cost, vectors=vectors, room=left)


def _body(request: Request) -> dict[str, Json]:
    """The model's own params, such as `dimensions`, go along; those of answers have no meaning here."""
    own = {name: value for name, value in request.model.params.items() if name not in _OF_ANSWERS | NEVER_SENT}
    return {**own, "model": request.model.model, "input": list(request.texts)}


def _vectors(body: Mapping[str, Json], count: int) -> tuple[Vector, ...]:
    by_index: dict[int, Vector] = {}
    for place, item in enumerate(map(mapping, sequence(body.get("data")))):
        index = item.get("index", place)
        if not isinstance(index, int) or isinstance(index, bool) or index in by_index:
            raise malformed("with embeddings whose numbers are wrong")
        by_index[index] = _vector(item.get("embedding"))
    if sorted(by_index) != list(range(count)):
        raise malformed(f"with {len(by_index)} embeddings for {count} texts")
    if len({len(vector) for vector in by_index.values()}) > 1:
        raise malformed("with embeddings of different lengths")
    return tuple(by_index[index] for index in range(count))


def _vector(value: Json) -> Vector:
    """A list of finite numbers, or the little-endian 32-bit floats of `encoding_format: base64`."""
    if isinstance(value, str):
        value = _unpacked(value)
    if not isinstance(value, list) or not value:
        raise malformed("with an embedding that is no list of numbers")
    if not all(isinstance(number, float | int) and not isinstance(number, bool) and math.isfinite(number) for number in value):
        raise malformed("with an embedding that is no list of finite numbers")
    return tuple(float(number) for number in value)


def _unpacked(packed: str) -> list[Json]:
    try:
        raw = base64.b64decode(packed, validate=True)
        return list(struct.unpack(f"<{len(raw) // 4}f", raw))
    except (binascii.Error, struct.error):
        raise malformed("with an embedding that is neither numbers nor base64") from None


def _usage(usage: Json) -> Usage | None:
    if not isinstance(usage, dict) or "prompt_tokens" not in usage:
        return None
    return Usage(tokens(usage["prompt_tokens"]))
