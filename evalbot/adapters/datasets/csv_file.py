"""CSV: a header, then one example a row; lists and objects are JSON in a cell, `input.<key>` columns are single inputs."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from evalbot.adapters.datasets.row import KEYS, Raw
from evalbot.adapters.datasets.strict_json import NotJsonError, parse
from evalbot.domain.canonical import Json
from evalbot.domain.errors import Problem, nearest

_TEXT = frozenset({"id", "partition", "expected_output", "created_at", "cluster", "status"})
_DOTTED = frozenset({"input", "metadata", "source"})
_LARGEST_CELL = 16 * 2**20  # above the limit of a field, so that the row's own check can name it


class Reader(Protocol):
    """What `csv.reader` returns."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]:
        """The cells of each row."""


def rows(text: str, path: str) -> Iterator[Raw | Problem]:
    """Each row with the line it starts on, or what is wrong there."""
    if not text.strip():
        return
    with _large_cells():
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        records = _records(reader, path)
        first = next(records)
        if isinstance(first, Problem):
            yield first
            return
        _, header = first
        faults = list(_header_faults(header, path))
        yield from faults
        if not faults:
            for record in records:
                yield from [record] if isinstance(record, Problem) else _row(header, *record, path)


def _records(reader: Reader, path: str) -> Iterator[tuple[int, list[str]] | Problem]:
    """The cells of each record with the line that it begins on; the last one is a problem where the rest is no CSV."""
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        yield Problem(f"not valid CSV: {error}.", path, line, _COMMAS)


def _row(header: Sequence[str], line: int, cells: Sequence[str], path: str) -> Iterator[Raw | Problem]:
    if len(cells) != len(header):
        yield Problem(f"the row has {len(cells)} cells, the header {len(header)}.", path, line, _COMMAS)
        return
    value: dict[str, Json] = {}
    faults = []
    for column, cell in zip(header, cells, strict=True):
        try:
            _put(value, column, cell)
        except NotJsonError as error:
            faults.append(
                Problem(f"the cell {column!r} is not valid JSON: {error}.", path, line, "Lists and objects are JSON.")
            )
    yield from faults
    if not faults:
        yield Raw(value, path, line)


def _put(value: dict[str, Json], column: str, cell: str) -> None:
    parent, dot, key = column.partition(".")
    if dot:
        inner = value.setdefault(parent, {})
        # An input may be an empty string; an empty cell of anything else says nothing.
        if isinstance(inner, dict) and (cell or parent == "input"):
            inner[key] = cell
    elif cell:
        value[column] = cell if column in _TEXT else parse(cell)


def _header_faults(header: Sequence[str], path: str) -> Iterator[Problem]:
    if len(header) == 1 and (";" in header[0] or "\t" in header[0]):
        yield Problem("the header has one column.", path, 1, "Separate columns by commas, not by semicolons or tabs.")
        return
    known = [*KEYS, "input.<key>"]
    for column in header:
        parent, dot, key = column.partition(".")
        if header.count(column) > 1:
            yield Problem(f"the column {column!r} is there twice.", path, 1)
        elif dot and parent in header:
            yield Problem(f"the columns {parent!r} and {column!r} exclude each other.", path, 1, "Keep one of them.")
        elif not (column in KEYS or (parent in _DOTTED and key)):
            yield Problem(f"unknown column {column!r}.", path, 1, nearest(column, known))


@contextmanager
def _large_cells() -> Iterator[None]:
    before = csv.field_size_limit(_LARGEST_CELL)  # one setting for the whole process
    try:
        yield
    finally:
        csv.field_size_limit(before)


_COMMAS = "A cell that holds a comma, a quote or a line end is put in double quotes."
