"""Options of a part from YAML: each checked against the fields of the part's class, for metrics and targets alike."""

from __future__ import annotations

import json
import re
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import cache
from typing import Any, Protocol, Union, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError

from evalbot.config.problems import keys_of, named, shown, told, wanted
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.registry import Registry


class At(Protocol):
    """Makes a problem at the line of one of a part's options."""

    def __call__(self, message: str, *keys: str | int, hint: str = "") -> Problem:
        """The problem; without keys at the part's own line."""


@dataclass(frozen=True)
class Written:
    """A part as somebody wrote it. `label` names it in messages: "metric 'tone'", "the target"."""

    label: str
    type: str
    options: Mapping[str, Json]


def build(written: Written, parts: Registry[Any], kind: str, at: At, problems: list[Problem]) -> Any | None:
    """The part, or None where something is wrong, which is added to `problems`.

    A class may have a method `problems`: lines that begin with the option's name. Its constructor may raise ConfigError or
    ValueError.

    Args:
        kind: What such parts are called: "metric", "target".
    """
    before = len(problems)
    try:
        of: Any = parts.get(written.type)
    except ConfigError as error:
        if written.type not in (known := parts.names()):
            problems.append(at(f"there is no {kind} type {shown(written.type)}.", "type", hint=nearest(written.type, known)))
            return None
        problems += [at(f"{written.label}: {found.message}", "type", hint=found.hint) for found in error.problems]
        return None
    values = _options(written, of, at, problems)
    if len(problems) > before:
        return None
    part = _constructed(written, lambda: of(**values), at, problems)
    return part if len(problems) == before else None


def option_names(of: type[Any]) -> list[str]:
    """What may be written under a part of this class, in its own order."""
    return list(_fields(of))


def at_line(path: str, line: int) -> At:
    """Problems of a part whose single options' lines are not known any more."""

    def at(message: str, *_: str | int, hint: str = "") -> Problem:
        return Problem(message, path, line or None, hint)

    return at


def _constructed(written: Written, make: Callable[[], Any], at: At, problems: list[Problem]) -> Any | None:
    try:
        part = make()
        objections = getattr(part, "problems", None)
        for text in objections() if callable(objections) else ():
            option = re.split(r"\W", text, maxsplit=1)[0]
            problems.append(at(f"{written.label}: {text}", *([option] if option in written.options else [])))
    except ConfigError as error:
        problems += [at(f"{written.label}: {found.message}", hint=found.hint) for found in error.problems]
    except ValueError as error:
        problems.append(at(f"{written.label}: {error}"))
    else:
        return part
    return None


def _options(written: Written, of: Any, at: At, problems: list[Problem]) -> dict[str, Any]:
    known = _fields(of)
    values: dict[str, Any] = {}
    for name, value in written.options.items():
        if name not in known:
            hint = nearest(name, known)
            problems.append(at(f"{written.label}: type {written.type!r} has no option {name!r:.60}.", name, hint=hint))
            continue
        try:
            values[name] = _adapters(of)[name].validate_json(json.dumps(value), strict=True)
        except ValidationError as error:
            problems += _wrong(written.label, name, value, _hints(of)[name], error, at)
    for name, field in known.items():
        if name not in written.options and field.default is MISSING and field.default_factory is MISSING:
            problems.append(at(f"{written.label} has no {name!r}; type {written.type!r} needs it."))
    return values


def _wrong(label: str, option: str, value: object, hint: Any, error: ValidationError, at: At) -> Iterator[Problem]:
    if (
        get_origin(hint) in (Union, types.UnionType)
        and len([each for each in get_args(hint) if each is not type(None)]) > 1
    ):
        # pydantic lists what each branch of a union has against the value; nobody wants to read that
        yield at(f"{label}: {option} must be {wanted(hint)}, not {shown(value)}.", option)
        return
    for found in error.errors(include_url=False):
        keys = (option, *keys_of(found))
        must, advice = told(found)
        yield at(f"{label}: {named(keys, found)} {must}.", *keys, hint=advice)


def _fields(of: Any) -> dict[str, Field[Any]]:
    return {field.name: field for field in fields(of) if field.init} if is_dataclass(of) else {}


@cache
def _hints(of: Any) -> dict[str, Any]:
    # Json is recursive through a string, which pydantic cannot follow; what came out of the file is JSON already.
    return get_type_hints(of, localns={"Json": Any, "Mapping": Mapping, "Sequence": Sequence}, include_extras=True)


@cache
def _adapters(of: Any) -> dict[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(_hints(of)[name]) for name in _fields(of)}
