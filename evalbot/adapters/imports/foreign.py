"""Reads other tools' YAML, JSON and CSV: more forgiving than our own reader, and as unable to run or explode anything.

Anchors, aliases and merge keys are ordinary in such files. They are expanded within a limit, and every value keeps its line.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from evalbot.adapters.located import decode
from evalbot.domain.errors import ConfigError, Problem

if TYPE_CHECKING:
    import yaml

_MOST_VALUES = 200_000
_DEEPEST = 60


class Mapped(dict[str, Any]):
    """A mapping that knows its file, its line and those of its keys."""

    line: int = 0
    path: str = ""
    lines: Mapping[str, int] = {}


class Listed(list[Any]):
    """A list that knows its line."""

    line: int = 0


def line_of(value: object, default: int | None = None, *, key: str = "") -> int | None:
    """The line of a mapping or list that was read here, or of one of its keys."""
    return getattr(value, "lines", {}).get(key) or getattr(value, "line", None) or default


def path_of(value: object, default: str) -> str:
    """The file of a mapping that was read here."""
    return getattr(value, "path", "") or default


def read(content: bytes, path: str) -> Any:
    """The value of a YAML or JSON file, or the list of values of a JSON Lines file; None where it is empty.

    Raises:
        ConfigError: It is no such file, or more than can be read.
    """
    text = decode(content, path)
    if path.lower().endswith((".jsonl", ".ndjson")):
        return _lines(text, path)
    if path.lower().endswith(".json"):
        text = text.replace("\t", "  ")  # JSON may be indented with tabs, YAML may not; inside strings tabs are escaped
    return _yaml(text, path)


def rows(content: bytes, path: str) -> list[Mapped]:
    """The rows of a CSV file, cells as text; a row's line is where it ends."""
    reader = csv.DictReader(io.StringIO(decode(content, path), newline=""), strict=True)
    found = []
    try:
        for cells in reader:
            row = Mapped({str(key): value or "" for key, value in cells.items() if key is not None})
            row.line = reader.line_num
            found.append(row)
    except csv.Error as error:
        raise ConfigError(Problem(f"this is no CSV file: {error}.", path, reader.line_num)) from None
    return found


def _lines(text: str, path: str) -> Listed:
    found = Listed()
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise ConfigError(Problem(f"this line is no JSON: {error}.", path, number)) from None
        if isinstance(value, dict):
            value = Mapped(value)
            value.line = number
        found.append(value)
    return found


def _yaml(text: str, path: str) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        node = yaml.compose(text, Loader=loader)
        return None if node is None else _Reader(path).value(node, 0)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(Problem(f"this is no YAML: {error.problem or error.context}.", path, mark.line + 1 if mark else None)) from None
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(Problem(f"this is no YAML: {type(error).__name__}.", path)) from None


class _Reader:
    """Turns nodes into values; what aliases repeat counts each time."""

    def __init__(self, path: str) -> None:
        import yaml

        self._path, self._count = path, 0
        self._scalars = yaml.constructor.SafeConstructor()

    def value(self, node: yaml.Node, depth: int) -> Any:
        import yaml

        self._count += 1
        if self._count > _MOST_VALUES or depth > _DEEPEST:
            raise ConfigError(Problem("this file holds more than can be read.", self._path, node.start_mark.line + 1))
        if isinstance(node, yaml.MappingNode):
            found = Mapped(self._entries(node, depth))
            found.line, found.path = node.start_mark.line + 1, self._path
            found.lines = {str(key.value): key.start_mark.line + 1 for key, _ in node.value}
            return found
        if isinstance(node, yaml.SequenceNode):
            listed = Listed(self.value(item, depth + 1) for item in node.value)
            listed.line = node.start_mark.line + 1
            return listed
        return self._scalar(node)

    def _entries(self, node: yaml.MappingNode, depth: int) -> Mapping[str, Any]:
        merged: dict[str, Any] = {}
        own: dict[str, Any] = {}
        for key, value in node.value:
            if key.tag == "tag:yaml.org,2002:merge":
                read = self.value(value, depth + 1)
                for other in reversed(read if isinstance(read, list) else [read]):
                    merged.update(other if isinstance(other, dict) else {})
            else:
                own[str(key.value)] = self.value(value, depth + 1)
        return {**merged, **own}

    def _scalar(self, node: yaml.Node) -> Any:
        import datetime

        import yaml

        try:
            value = self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):  # a tag of theirs, or a date that is none
            return str(node.value)
        return str(node.value) if isinstance(value, datetime.date | bytes) else value


def texts(value: object) -> Iterator[str]:
    """The strings of a list, or the one that stands in its place."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, str | int | float) and not isinstance(item, bool):
            yield str(item)


def listed(value: object) -> list[Any]:
    """A list, or nothing where it is none."""
    return value if isinstance(value, list) else []


def mapping(value: object) -> Mapping[str, Any]:
    """A mapping, or an empty one where it is none."""
    return value if isinstance(value, dict) else {}
