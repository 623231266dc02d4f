"""The kinds of values that a row's fields can have, each read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import StrEnum
from typing import TypeVar

from evalbot.domain.canonical import Json
from evalbot.domain.errors import nearest

ROLES = ("system", "user", "assistant", "tool")

Member = TypeVar("Member", bound=StrEnum)


class WrongError(ValueError):
    """What a field is instead of what it should be, to be read after the field's name; `hint` says what to write."""

    def __init__(self, message: str, hint: str = "") -> None:
        self.hint = hint
        super().__init__(message)


def kind(value: object) -> str:
    """The name of a JSON value's kind, with an article."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"a bare {str(value).lower()}"
    if isinstance(value, int | float):
        return f"a bare number ({value!r:.40})"
    kinds = ((str, "a string"), (dict, "an object"), (list, "a list"))
    return next((words for known, words in kinds if isinstance(value, known)), f"a {type(value).__name__}")


def text(value: Json) -> str:
    """A string."""
    if isinstance(value, str):
        return value
    raise WrongError(f"must be a string, not {kind(value)}", _quotes(value))


def answer(value: Json) -> str:
    """An expected output: a string; a list or an object becomes compact JSON text in the order it was written."""
    if isinstance(value, list | dict):
        return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text(value)


def texts(value: Json) -> tuple[str, ...]:
    """A list of strings."""
    if not isinstance(value, list):
        raise WrongError(
            f"must be a list of strings, not {kind(value)}", "Put it in [ ]." if isinstance(value, str) else ""
        )
    for index, item in enumerate(value):
        if not isinstance(item, str):
            raise WrongError(f"must be a list of strings, but item {index + 1} is {kind(item)}", _quotes(item))
    return tuple(value)


def mapping(value: Json) -> Mapping[str, Json]:
    """An object."""
    if isinstance(value, dict):
        return value
    raise WrongError(f"must be an object, not {kind(value)}")


def mappings(value: Json) -> tuple[Mapping[str, Json], ...]:
    """A list of objects."""
    if not isinstance(value, list):
        raise WrongError(f"must be a list of objects, not {kind(value)}")
    for index, item in enumerate(value):
        if not isinstance(item, dict):
            raise WrongError(f"must be a list of objects, but item {index + 1} is {kind(item)}")
    return tuple(value)


def items(value: Json) -> tuple[Json, ...]:
    """A list of anything."""
    if isinstance(value, list):
        return tuple(value)
    raise WrongError(f"must be a list, not {kind(value)}")


def member(words: type[Member], value: Json) -> Member:
    """One of a few words."""
    try:
        return words(text(value))
    except WrongError:
        raise
    except ValueError:
        raise WrongError(
            f"is {str(value)[:40]!r}, which is none of {', '.join(words)}", nearest(str(value), words)
        ) from None


def _quotes(value: Json) -> str:
    if isinstance(value, bool | int | float):
        return f'If these are the words you mean, put them in quotes: "{str(value).lower() if isinstance(value, bool) else value}".'
    return ""
