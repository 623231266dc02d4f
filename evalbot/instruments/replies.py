"""A model's reply read as one JSON object, strictly: what is not exactly that is no reply, and nothing is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.models import Outcome, Reply

LONGEST_REPLY = 200_000  # characters
CAUSES = {
    Outcome.REFUSAL: "the judge refused to grade",
    Outcome.TRUNCATED: "the judge's reply was cut off by its length limit",
    Outcome.CONTENT_FILTER: "the judge's reply was stopped by a content filter",
    Outcome.CONTEXT_OVERFLOW: "the request was longer than the judge's context",
    Outcome.EMPTY: "the judge's reply was empty",
}
OBJECT_START = re.compile(r"""\{(?=\s*(?:["'“”]|\w+["'“”]?\s*:))""")


class UnreadableReplyError(ValueError):
    """Why a reply is not what was asked for."""


class NoObjectError(UnreadableReplyError):
    """The reply holds no complete JSON object, or one that is broken."""


def text_of(reply: Reply) -> str:
    """The reply's text; raises UnreadableReplyError with the cause where the model did not end it by itself."""
    if reply.outcome in CAUSES:
        raise UnreadableReplyError(CAUSES[reply.outcome])
    return reply.text


def read_object(text: str, keys: Sequence[str]) -> Mapping[str, Json]:
    """The object that a reply is, with exactly these keys.

    For endpoints that cannot enforce a schema the object may be surrounded by other text: then the last one with any of the
    keys counts and must have all; an earlier one, which the judge may have quoted, never does.

    Raises:
        NoObjectError: There is no complete object in it, or a broken one.
        UnreadableReplyError: Keys are missing, twice or too many.
    """
    bare = text.strip().removeprefix("\ufeff").strip()
    if not bare:
        raise UnreadableReplyError(CAUSES[Outcome.EMPTY])
    if len(bare) > LONGEST_REPLY:
        raise UnreadableReplyError(f"the judge's reply has {len(bare)} characters")
    try:
        return with_keys(parse_json(bare), keys)
    except json.JSONDecodeError:
        pass
    except RecursionError:
        raise UnreadableReplyError("the judge's reply nests too deeply") from None
    except UnreadableReplyError:
        raise
    except ValueError as error:  # a duplicate key, NaN or an infinity
        raise UnreadableReplyError(f"the judge's reply is no strict JSON: {error}") from None
    return _within(bare, keys)


def with_keys(value: Json, keys: Sequence[str]) -> Mapping[str, Json]:
    """The value, which must be an object with exactly these keys; raises UnreadableReplyError where it is anything else."""
    if not isinstance(value, Mapping):
        raise UnreadableReplyError("the judge's reply is no JSON object")
    if set(value) != set(keys):
        wrong = sorted(set(value) ^ set(keys))
        raise UnreadableReplyError(f"the judge's reply has missing or unknown keys: {', '.join(map(repr, wrong[:5]))}")
    return value


def text_at(value: Mapping[str, Json], key: str) -> str:
    """A text; raises UnreadableReplyError where the value is anything else."""
    found = value[key]
    if not isinstance(found, str):
        raise UnreadableReplyError(f"the judge's {key} is no text")
    return found


def texts_at(value: Mapping[str, Json], key: str) -> tuple[str, ...]:
    """A list of texts; raises UnreadableReplyError where the value is anything else."""
    found = value[key]
    if not isinstance(found, list) or not all(isinstance(text, str) for text in found):
        raise UnreadableReplyError(f"the judge's {key} are no list of texts")
    return tuple(str(text) for text in found)


def objects_at(value: Mapping[str, Json], key: str, keys: Sequence[str]) -> list[Mapping[str, Json]]:
    """A list of objects with exactly these keys; raises UnreadableReplyError where the value is anything else."""
    found = value[key]
    if not isinstance(found, list):
        raise UnreadableReplyError(f"the judge's {key} are no list")
    return [with_keys(each, keys) for each in found]


def shortened(text: str, longest: int) -> str:
    """On one line, at most so long, and without halves of surrogate pairs, which no file can hold."""
    line = " ".join(text.encode("utf-8", "replace").decode().split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


def _within(text: str, keys: Sequence[str]) -> Mapping[str, Json]:
    """The object of a reply that is more, or less, than one JSON object."""
    whole, complete = _objects(text)
    if not complete:
        raise NoObjectError("the judge's reply is not one JSON object")
    found = [value for value in whole if isinstance(value, Mapping) and any(key in value for key in keys)]
    if not found:
        raise UnreadableReplyError("the judge's reply holds no JSON object with all of " + ", ".join(keys))
    return with_keys(found[-1], keys)


def _objects(text: str) -> tuple[list[Json], bool]:
    """The complete objects of a text, outermost only, and whether it has some and none that is broken.

    Nothing inside or after a broken object is looked at: it may be a text that the judge quotes.
    """
    found: list[Json] = []
    decoder = json.JSONDecoder()
    start = OBJECT_START.search(text)
    while start is not None:
        try:
            _, end = decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            return found, False
        try:
            found.append(parse_json(text[start.start() : end]))
        except (ValueError, RecursionError) as error:
            raise UnreadableReplyError(f"the judge's reply is no strict JSON: {error}") from None
        start = OBJECT_START.search(text, end)
    return found, bool(found)
