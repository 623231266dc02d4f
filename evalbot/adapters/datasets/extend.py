"""Adds rows to a dataset file in its own format; every byte that is there stays as it is, where the format allows it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePosixPath

import yaml

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem

Row = Mapping[str, Json]


def extended(text: str, path: str, rows: Sequence[Row]) -> str:
    """The file's text with rows behind those that it holds; an empty or missing file is begun.

    Args:
        text: The file as it is; "" where there is none.
        path: Its path: the suffix says the format.
        rows: Each as one JSON object with the names of a dataset's fields.

    Raises:
        ConfigError: The format cannot be extended, or the file is not what its suffix says.
    """
    if not rows:
        return text
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in _FORMATS:
        raise ConfigError(Problem(f"a dataset that ends in {suffix!r} cannot be extended.", path, hint=f"Name one of: {', '.join(_FORMATS)}."))
    try:
        return _FORMATS[suffix](text, rows)
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(Problem(f"it cannot be extended: {str(error).splitlines()[0]}.", path)) from error


def _jsonl(text: str, rows: Sequence[Row]) -> str:
    return _ended(text) + "".join(_compact(row) + "\n" for row in rows)


def _json(text: str, rows: Sequence[Row]) -> str:
    """The whole file is written anew, indented as its second line is."""
    found = json.loads(text) if text.strip() else []
    (found if isinstance(found, list) else found["examples"]).extend(map(dict, rows))
    second = next(iter(text.splitlines()[1:2]), "  ")
    indent = len(second) - len(second.lstrip(" ")) or 2
    return json.dumps(found, indent=indent, ensure_ascii=False, allow_nan=False) + "\n"


def _yaml(text: str, rows: Sequence[Row]) -> str:
    """Items behind the last one of the list, at its own indentation."""
    found = yaml.safe_load(text) if text.strip() else []
    listed = found["examples"] if isinstance(found, dict) else found
    if not isinstance(listed, list):
        raise TypeError("its examples are no list")
    items = [line for line in text.splitlines() if line.lstrip(" ").startswith("- ")]
    indent = len(items[0]) - len(items[0].lstrip(" ")) if items else 0
    if (listed and not items) or (isinstance(found, dict) and list(found)[-1] != "examples"):
        raise ValueError("its list of examples is not the last thing in it, each at a dash of its own")
    dumped = yaml.safe_dump([dict(row) for row in rows], sort_keys=False, allow_unicode=True, width=1000)
    head = _ended(text) if listed else ""
    return head + "".join(" " * indent + line + "\n" if line.strip() else "\n" for line in dumped.splitlines())


def _csv(text: str, rows: Sequence[Row]) -> str:
    if not text.strip():
        raise ValueError("a CSV needs its header first")
    header = next(csv.reader(io.StringIO(text, newline="")))
    out = io.StringIO(newline="")
    ending = "\r\n" if "\r\n" in text else "\n"
    writer = csv.DictWriter(out, header, lineterminator=ending, extrasaction="raise")
    for row in rows:
        writer.writerow(_cells(row, header))
    return (text if text.endswith("\n") else text + ending) + out.getvalue()


def _cells(row: Row, header: Sequence[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in row.items():
        dotted = [name for name in header if name.startswith(f"{key}.")]
        if key not in header and dotted and isinstance(value, Mapping):
            cells |= {name: _cell(value.get(name.removeprefix(f"{key}."))) for name in dotted}
            if set(value) - {name.removeprefix(f"{key}.") for name in dotted}:
                raise ValueError(f"it has no column for everything in {key!r}")
        elif key in header:
            cells[key] = _cell(value)
        else:
            raise ValueError(f"it has no column {key!r}")
    return cells


def _cell(value: Json) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False, default=dict)


def _compact(row: Row) -> str:
    return json.dumps(dict(row), ensure_ascii=False, allow_nan=False, default=dict)


def _ended(text: str) -> str:
    return text if not text or text.endswith("\n") else text + "\n"


_FORMATS: dict[str, Callable[[str, Sequence[Row]], str]] = {
    ".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".yaml": _yaml, ".yml": _yaml, ".csv": _csv,
}  # fmt: skip
