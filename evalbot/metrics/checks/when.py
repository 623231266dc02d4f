"""`when`: for which examples a check holds, as one small comparison that is read and never run as code."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import nearest
from evalbot.domain.examples import Example

Condition: TypeAlias = Callable[[Example], bool]

_LITERAL = r"'(?P<single>[^']*)'|\"(?P<double>[^\"]*)\"|(?P<bare>true|false|-?\d+(?:\.\d+)?)"
_FIELD = r"(?P<field>[A-Za-z_][\w.-]*)"
_MEMBER = re.compile(rf"\s*(?:{_LITERAL})\s+(?P<word>not\s+in|in)\s+{_FIELD}\s*")
_EQUAL = re.compile(rf"\s*{_FIELD}\s*(?P<word>==|!=)\s*(?:{_LITERAL})\s*")
_FIELDS = ("cluster", "id", "input", "metadata", "partition", "tags")
_FORMS = "Write \"'x' in tags\" or \"metadata.kind == 'x'\" (also 'not in' and '!=')."


def always(example: Example) -> bool:  # noqa: ARG001 - a condition
    """The condition of a check without `when`."""
    return True


def condition(text: object) -> Condition:
    """Reads a condition; raises ValueError with a hint where it is none."""
    found = (_MEMBER.fullmatch(text) or _EQUAL.fullmatch(text)) if isinstance(text, str) else None
    if found is None:
        raise ValueError(f"when cannot be read. {_FORMS}")
    path = found["field"].split(".")
    if path[0] not in _FIELDS:
        raise ValueError(f"when asks for {path[0]!r}, which an example does not have. {nearest(path[0], _FIELDS)}")
    wanted, word = _literal(found), " ".join(found["word"].split())
    holds = _is_in if word in ("in", "not in") else _is
    negated = word in ("not in", "!=")
    return lambda example: holds(wanted, _value(example, path)) is not negated


def _literal(found: re.Match[str]) -> Json:
    if found["bare"] is not None:
        return parse_json(found["bare"])
    return found["single"] if found["single"] is not None else found["double"]


def _value(example: Example, path: Sequence[str]) -> object:
    value: object = getattr(example, path[0])
    for key in path[1:]:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def _is(wanted: object, value: object) -> bool:
    return wanted == value and isinstance(wanted, bool) == isinstance(value, bool)


def _is_in(wanted: object, value: object) -> bool:
    if isinstance(value, str):
        return isinstance(wanted, str) and wanted in value
    return isinstance(value, Sequence) and any(_is(wanted, item) for item in value)
