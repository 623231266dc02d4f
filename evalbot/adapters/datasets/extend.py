"""Adds rows to a dataset file in its own format; every byte that is there stays as it is, where the format allows it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import PurePosixPath

import yaml

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem

_MARK = "\ufeff"  # spreadsheets put it first
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
        plain = text.removeprefix(_MARK)
        return text[: len(text) - len(plain)] + _FORMATS[suffix](plain, rows)
    except (ValueError, TypeError, yaml.YAMLError) as error:
        raise ConfigError(Problem(f"it cannot be extended: {str(error).splitlines()[0]}.", path)) from error


def _jsonl(text: str, rows: Sequence[Row]) -> str:
    return _ended(text) + "".join(_compact(row) + "\n" for row in rows)


def _json(text: str, rows: Sequence[Row]) -> str:
    """Behind the last example, written as the first one is: on a line of its own or over several."""
    if not text.strip():
        return json.dumps(list(map(dict, rows)), indent=2, ensure_ascii=False, allow_nan=False, default=dict) + "\n"
    start, end = _array(text)
    inner = text[start + 1 : end]
    lead = inner[: len(inner) - len(inner.lstrip())]
    outer = _indent(text[: start + 1].splitlines()[-1])
    if not inner.strip():
        return text[: start + 1] + _items(rows, f"\n{outer}  ", 0) + f"\n{outer}" + text[end:]
    _, stop = json.JSONDecoder().raw_decode(text, start + 1 + len(lead))
    own = text[start + 1 + len(lead) : stop].splitlines()
    step = max(1, len(_indent(own[1])) - len(lead.rpartition("\n")[2])) if len(own) > 1 else 0
    body = inner.rstrip()
    return text[: start + 1] + body + "," + _items(rows, lead if "\n" in lead else " ", step) + inner[len(body) :] + text[end:]


def _items(rows: Sequence[Row], lead: str, step: int) -> str:
    margin = "\n" + lead.rpartition("\n")[2]
    texts = (json.dumps(dict(row), indent=step or None, ensure_ascii=False, allow_nan=False, default=dict) for row in rows)
    return ",".join(lead + one.replace("\n", margin) for one in texts)


def _array(text: str) -> tuple[int, int]:
    """Where the list of examples begins and ends: the file itself, or the container's `examples`."""
    decoder = json.JSONDecoder()
    at = len(text) - len(text.lstrip())
    if text[at] == "[":
        return at, decoder.raw_decode(text, at)[1] - 1
    while text[at] != "}":
        key, at = decoder.raw_decode(text, _past(text, at + 1))
        begin = _past(text, _past(text, at) + 1)
        value, at = decoder.raw_decode(text, begin)
        if key == "examples" and isinstance(value, list):
            return begin, at - 1
        at = _past(text, at)
    raise ValueError("it has no list of examples")


def _past(text: str, at: int) -> int:
    while text[at] in " \t\r\n":
        at += 1
    return at


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


class _Plain(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - PyYAML's signature
        """What is there twice is written twice: a dataset has no anchors."""
        return True


def _yaml(text: str, rows: Sequence[Row]) -> str:
    """Items behind the last one of the list, at its own indentation; what stands below the list stays there."""
    root = yaml.compose(text, yaml.SafeLoader)
    listed = next((value for key, value in root.value if key.value == "examples"), None) if isinstance(root, yaml.MappingNode) else root
    dumped = yaml.dump([dict(row) for row in rows], Dumper=_Plain, sort_keys=False, allow_unicode=True, width=1000)
    if listed is None:
        if root is not None:
            raise TypeError("it has no list of examples")
        return _ended(text) + dumped  # comments only
    if not isinstance(listed, yaml.SequenceNode):
        raise TypeError("its examples are no list")
    if listed.flow_style:
        if listed.value or listed is not root:
            raise ValueError("its list of examples is written in brackets; write each at a dash of its own")
        return text[: listed.start_mark.index] + dumped + text[listed.end_mark.index :].lstrip("\n")
    above = text[: listed.end_mark.index].splitlines()
    while not above[-1].strip() or above[-1].lstrip().startswith("#"):
        above.pop()
    below = text.splitlines()[len(above) :]
    own = [" " * listed.start_mark.column + line if line.strip() else "" for line in dumped.splitlines()]
    return "\n".join([*above, *own, *below]) + "\n"


def _csv(text: str, rows: Sequence[Row]) -> str:
    """Rows behind the last; where a column is missing, it is added, empty in the rows that are there."""
    if not text.strip():
        raise ValueError("a CSV needs its header first")
    header = next(csv.reader(io.StringIO(text, newline="")))
    more = list(dict.fromkeys(name for row in rows for name in _missing(row, header)))
    out = io.StringIO(newline="")
    ending = "\r\n" if "\r\n" in text else "\n"
    writer = csv.DictWriter(out, [*header, *more], lineterminator=ending, extrasaction="raise")
    for row in rows:
        writer.writerow(_cells(row, [*header, *more]))
    return _widened(text if text.endswith("\n") else text + ending, more) + out.getvalue()


def _missing(row: Row, header: Sequence[str]) -> Iterator[str]:
    """Columns that a row needs beside those of the header; none of `input`, where an empty cell of the rows that are there would be an input."""
    for key, value in row.items():
        dotted = [name.removeprefix(f"{key}.") for name in header if name.startswith(f"{key}.")]
        if key in header or not (dotted and isinstance(value, Mapping)):
            yield from [] if key in header else [key]
        elif key != "input":
            yield from (f"{key}.{name}" for name in value if name not in dotted)


def _widened(text: str, more: Sequence[str]) -> str:
    """The text with columns behind its last: their names in the header, nothing in the rows."""
    if not more:
        return text
    pieces: list[str] = []
    quoted, begin = False, 0
    for at, char in enumerate(text):
        quoted ^= char == '"'
        if char == "\n" and not quoted:
            line = text[begin:at].removesuffix("\r")
            own = "," + ",".join(more) if not pieces else "," * len(more)
            pieces.append(line + (own if line.strip() else "") + text[begin + len(line) : at + 1])
            begin = at + 1
    return "".join(pieces)


def _cells(row: Row, header: Sequence[str]) -> dict[str, str]:
    cells: dict[str, str] = {}
    for key, value in row.items():
        dotted = [name for name in header if name.startswith(f"{key}.")]
        if key in header:
            cells[key] = _cell(value)
        elif dotted and isinstance(value, Mapping):
            cells |= {name: _cell(value.get(name.removeprefix(f"{key}."))) for name in dotted}
            if set(value) - {name.removeprefix(f"{key}.") for name in dotted}:
                raise ValueError(f"it has no column for everything in {key!r}")
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
