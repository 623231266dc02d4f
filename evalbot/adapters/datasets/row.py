"""One row of a dataset, as any format gives it, checked and made an example."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from evalbot.adapters.datasets import fields
from evalbot.domain.canonical import Json
from evalbot.domain.errors import Problem, nearest
from evalbot.domain.examples import Example, Partition, Status

_LARGEST_FIELD = 10 * 2**20  # characters
_ID = re.compile(r"[A-Za-z0-9._:/-]{1,200}")
_PROMPT_SUFFIX = re.compile(r"\.(?:md|txt|j2|jinja|json|ya?ml|prompty|prompt)\Z")


@dataclass(frozen=True, slots=True)
class Raw:
    """A row before it is checked: its value, where it stands, and where each of its fields does."""

    value: Json
    path: str
    line: int
    line_of: Callable[[str], int | None] | None = None
    small: bool = False  # known to be far below the limit of a field's size

    def problem(self, message: str, key: str = "", hint: str = "") -> Problem:
        """A problem of this row, at the line of one of its fields where that is known."""
        line = self.line_of(key) if self.line_of and key else None
        return Problem(message, self.path, line or self.line, hint)


def read_row(raw: Raw, partition: Partition | None) -> Example | list[Problem]:
    """The example of a row, or everything that is wrong with it.

    Args:
        raw: The row.
        partition: What the file says of all its rows, for those that say nothing themselves.
    """
    if not isinstance(raw.value, Mapping):
        return [raw.problem(f"a row must be an object with id, partition and input, not {fields.kind(raw.value)}.")]
    problems: list[Problem] = []
    found: dict[str, Any] = {}
    for key, value in raw.value.items():
        reader = _READERS.get(key)
        if reader is None:
            problems.append(raw.problem(f"unknown key {key!r}{_named(raw)}.", key, nearest(key, _READERS)))
        elif not raw.small and _size(value) >= _LARGEST_FIELD:
            problems.append(raw.problem(f"{key!r} is larger than 10 MiB{_named(raw)}.", key, "Shorten it."))
        elif value is not None:
            try:
                found[key] = reader(value)
            except fields.WrongError as wrong:
                problems.append(raw.problem(f"{key!r} {wrong}{_named(raw)}.", key, wrong.hint))
    problems += _missing(raw, found, partition)
    if problems:
        return problems
    found.setdefault("partition", partition)
    return Example(**found, path=raw.path, line=raw.line)


def _missing(raw: Raw, found: Mapping[str, Any], default: Partition | None) -> list[Problem]:
    given = raw.value if isinstance(raw.value, Mapping) else {}
    problems = [
        raw.problem(f"{key!r} is missing{_named(raw)}.", hint=hint)
        for key, hint in _REQUIRED.items()
        if given.get(key) is None and not (key == "partition" and default)
    ]
    partition = found.get("partition", default)
    if (
        partition is Partition.REGRESSION
        and found.get("status") is not Status.PROPOSED
        and "source" not in _broken(given, found)
    ):
        problems += _root_cause(raw, found.get("source") or {})
    return problems


def _broken(given: Mapping[str, Json], found: Mapping[str, Any]) -> set[str]:
    return {key for key, value in given.items() if value is not None and key not in found}


def _root_cause(raw: Raw, source: Mapping[str, Json]) -> list[Problem]:
    cause = source.get("root_cause")
    if isinstance(cause, str) and cause.strip():
        return []
    hint = "Say in one line why production failed, or set status: proposed until somebody knows."
    if "root_cause" not in source:
        typo = [key for key in source if nearest(key, ["root_cause"]).startswith("Did")]
        hint = f"Did you mean 'root_cause' where it says {typo[0]!r}?" if typo else hint
    return [raw.problem(f"a regression example needs 'source.root_cause'{_named(raw)}.", "source", hint)]


def _named(raw: Raw) -> str:
    found = raw.value.get("id") if isinstance(raw.value, Mapping) else None
    return f" (example {found!r})" if isinstance(found, str) and _ID.fullmatch(found) else ""


def _size(value: Json) -> int:
    if isinstance(value, str):
        return len(value.encode("utf-8", "surrogatepass")) if len(value) > _LARGEST_FIELD // 4 else len(value)
    if isinstance(value, Mapping):
        return sum(len(key) + _size(inner) for key, inner in value.items())
    if isinstance(value, list | tuple):
        return sum(map(_size, value))
    return 0


def _id(value: Json) -> str:
    text = fields.text(value)
    if not _ID.fullmatch(text):
        raise fields.WrongError(
            f"may hold letters, digits and . _ : / - only, 1 to 200 of them, not {text[:40]!r}",
            "Ids appear in reports, file names and commands.",
        )
    return text


def _input(value: Json) -> Mapping[str, Json]:
    found = fields.mapping(value)
    if not found:
        raise fields.WrongError("needs at least one key", "Write for example input: {user_input: …}.")
    if not all(key.strip() for key in found):
        raise fields.WrongError("has an empty key", "Keys are the names of the prompt's variables.")
    return found


def _prompts(value: Json) -> tuple[str, ...]:
    found = fields.texts(value)
    for name in found:
        bare = _PROMPT_SUFFIX.sub("", name)
        if bare != name:
            raise fields.WrongError("names prompts by their path without suffix", f"Write {bare!r}.")
    return found


def _messages(value: Json) -> tuple[Mapping[str, Json], ...]:
    found = fields.mappings(value)
    for message in found:
        if message.get("role") not in fields.ROLES:
            raise fields.WrongError(f"needs a 'role' in each message, one of {', '.join(fields.ROLES)}")
    return found


_REQUIRED = {
    "id": "Give each row a name that stays: results of base and head are paired by it.",
    "partition": f"Write one of {', '.join(Partition)} in the row, or once for the whole file.",
    "input": 'It is an object of the prompt\'s variables, for example {"user_input": "…"}.',
}

_READERS: dict[str, Callable[[Json], Any]] = {
    "id": _id,
    "partition": partial(fields.member, Partition),
    "input": _input,
    "expected_output": fields.answer,
    "references": fields.texts,
    "context": fields.texts,
    "metadata": fields.mapping,
    "created_at": fields.text,
    "tags": fields.texts,
    "criteria": fields.texts,
    "checks": fields.mappings,
    "messages": _messages,
    "cluster": fields.text,
    "prompts": _prompts,
    "reviewers": fields.texts,
    "source": fields.mapping,
    "labels": fields.items,
    "status": partial(fields.member, Status),
}

KEYS = tuple(_READERS)
"""Every key that a row may have."""
