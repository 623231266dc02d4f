"""JSON in which `{{ name }}` stands for a value: bodies of requests, rows of a dataset. What was put in is never looked at again."""

from __future__ import annotations

import re
from collections.abc import Mapping

from evalbot.domain.canonical import Json, canonical

_HOLE = re.compile(r"\{\{\s*([^{}]*?)\s*\}\}")


def filled(template: Json, values: Mapping[str, Json]) -> Json:
    """The template with every hole filled: a text that is one hole by the value itself, holes within words by its text.

    Raises:
        ValueError: A hole names a value that there is not; the message names it.
    """
    if isinstance(template, str):
        whole = _HOLE.fullmatch(template)
        return _value(whole[1], values) if whole else _HOLE.sub(lambda hole: _text(_value(hole[1], values)), template)
    if isinstance(template, Mapping):
        return {key: filled(value, values) for key, value in template.items()}
    if isinstance(template, list | tuple):
        return [filled(value, values) for value in template]
    return template


def holes(template: Json) -> tuple[str, ...]:
    """The names of all holes, each once, in their order."""
    if isinstance(template, str):
        return tuple(dict.fromkeys(_HOLE.findall(template)))
    inner = template.values() if isinstance(template, Mapping) else template if isinstance(template, list | tuple) else ()
    return tuple(dict.fromkeys(name for part in inner for name in holes(part)))


def _value(name: str, values: Mapping[str, Json]) -> Json:
    if name not in values:
        raise ValueError(f"`body` uses {name!r:.60}, which the example's input does not have")
    return values[name]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else canonical(value)
