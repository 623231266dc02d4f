"""What pydantic found wrong, said for the person who wrote the file: where it stands, what it must be, the nearest key."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from evalbot.adapters.located import Located
from evalbot.domain.canonical import canonical
from evalbot.domain.errors import Problem, nearest

Keys = tuple[str | int, ...]

_KEY = "[key]"

_KINDS: dict[str, str] = {
    "int_type": "a whole number", "int_parsing": "a whole number", "float_parsing": "a number", "int_from_float": "a whole number", "float_type": "a number", "finite_number": "a finite number",
    "string_type": "a string", "bool_type": "true or false", "list_type": "a list", "tuple_type": "a list", "dict_type": "a mapping",
    "mapping_type": "a mapping", "model_type": "a mapping", "model_attributes_type": "a mapping", "dataclass_type": "a mapping",
    "set_type": "a list", "frozen_set_type": "a list", "none_required": "absent", "is_instance_of": "something else",
}  # fmt: skip
_BOUNDS = {
    "greater_than": ("more than", "gt"), "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"), "less_than_equal": ("at most", "le"),
}  # fmt: skip


def problems(error: ValidationError, model: type[BaseModel], located: Located) -> Iterator[Problem]:
    """Every problem at its line.

    Args:
        error: What validating `located.value` as `model` raised.
        model: The pydantic model, for the keys that it knows.
        located: The file.
    """
    for found in error.errors(include_url=False):
        *parents, last = keys_of(found)
        if found["type"] == "extra_forbidden":
            known = _known(model, parents)
            where = f" in {dotted(parents)}" if parents else ""
            yield located.problem(
                f"unknown key {str(last)!r:.80}{where}.", *parents, last, hint=nearest(str(last), known)
            )
        elif found["type"] == "missing":
            owner = dotted(parents) if parents else "the file"
            hint = "Begin with `version: 1` and `suites:`." if not parents else ""
            yield located.problem(f"{owner} has no '{last}'.", *parents, hint=hint)
        else:
            must, hint = told(found)
            yield located.problem(f"{named([*parents, last], found)} {must}.", *parents, last, hint=hint)


def told(found: ErrorDetails) -> tuple[str, str]:
    """What one value must be, to be read after its name, and a hint: ("must be at least 0, not -1", "")."""
    kind, context, value = found["type"], found.get("ctx", {}), found["input"]
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return f"must be {words} {context[name]:g}, not {shown(value)}", ""
    if kind in ("literal_error", "enum"):
        return f"must be {context['expected']}, not {shown(value)}", _close(str(context["expected"]), value)
    if kind in ("too_short", "string_too_short"):
        return "must not be empty", ""
    if kind in ("missing", "missing_argument"):
        return "is missing", ""
    if kind == "string_pattern_mismatch":
        return f"must be the name of an environment variable, not {shown(value)}", "Letters, digits and underscores."
    if kind in _KINDS:
        return f"must be {_KINDS[kind]}, not {shown(value)}", _quoted(kind, value)
    return f"is wrong: {found['msg'][:1].lower()}{found['msg'][1:]} (it is {shown(value)})", ""


def keys_of(found: ErrorDetails) -> Keys:
    """Where the value stands; pydantic marks a mapping's key itself with "[key]"."""
    return tuple(key for key in found["loc"] if key != _KEY)


def named(keys: Sequence[str | int], found: ErrorDetails) -> str:
    """How a message calls the value: by its path, or as a key of its mapping."""
    return f"the key {str(keys[-1])!r:.80} of {dotted(keys[:-1])}" if _is_key(found) else dotted(keys)


def _is_key(found: ErrorDetails) -> bool:
    return bool(found["loc"]) and found["loc"][-1] == _KEY


def dotted(keys: Sequence[str | int]) -> str:
    """A path as people write it: `suites.support.metrics[1]`."""
    text = ""
    for key in keys:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def shown(value: object, most: int = 60) -> str:
    """A value as compact JSON in at most so many characters; `nothing` for null."""
    if value is None:
        return "nothing"
    try:
        text = repr(value) if isinstance(value, str) else canonical(value)
    except (TypeError, ValueError):
        text = type(value).__name__
    return text if len(text) <= most else f"{text[: most - 1]}…"


def wanted(hint: Any) -> str:
    """What a type annotation asks for, in words: "a number or a mapping"."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return wanted(inner[0])
    if origin in (Union, types.UnionType):
        return " or ".join(dict.fromkeys(wanted(each) for each in inner if each is not type(None)))
    if origin is Literal:
        return " or ".join(map(repr, inner))
    kind = origin or hint
    if isinstance(kind, type):
        if issubclass(kind, StrEnum):
            return " or ".join(repr(str(member)) for member in kind)
        for known, words in _WORDS:
            if issubclass(kind, known):
                return words
    return "a value"


_WORDS: tuple[tuple[type, str], ...] = (
    (bool, "true or false"), (int, "a whole number"), (float, "a number"), (str, "a string"),
    (Mapping, "a mapping"), (BaseModel, "a mapping"), (Sequence, "a list"), (frozenset, "a list"), (set, "a list"),
)  # fmt: skip


def _close(expected: str, value: object) -> str:
    allowed = [word.strip("'") for word in expected.replace(" or ", ", ").split(", ")]
    if not isinstance(value, str):
        return ""
    hint = nearest(value, allowed)
    return "Write it without quotes." if value in allowed else hint if hint.startswith("Did") else ""


def _quoted(kind: str, value: object) -> str:
    if kind == "string_type" and isinstance(value, bool | int | float):
        return "Put it in quotes."
    return ""


def _known(model: type[BaseModel], keys: Sequence[str | int]) -> list[str]:
    current: Any = model
    for key in keys:
        current = _bare(current)
        if isinstance(current, type) and issubclass(current, BaseModel):
            current = current.model_fields[str(key)].annotation
        else:
            current = get_args(current)[-1]
    current = _bare(current)
    return list(current.model_fields) if isinstance(current, type) and issubclass(current, BaseModel) else []


def _bare(hint: Any) -> Any:
    """An annotation without Annotated and without `| None`."""
    if get_origin(hint) is Annotated:
        return _bare(get_args(hint)[0])
    if get_origin(hint) in (Union, types.UnionType):
        return _bare(next(each for each in get_args(hint) if each is not type(None)))
    return hint
