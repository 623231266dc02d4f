"""What came out of another tool's file: a suite in evalbot's words, and a list of what could not be said in them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.errors import Problem

_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
_NOT_IN_IDS = re.compile(r"[^a-z0-9._:/-]+")


@dataclass(frozen=True)
class Imported:
    """One suite's worth.

    Attributes:
        name: A name for the suite.
        source: The file that it came from.
        prompts: Paths of its prompts, of those that are there and of those in `files`.
        files: New files that it needs: path → text.
        models: Models that it names, as `provider/model`, each with its params; the first answers.
        judge: The model that it grades with, if it names one.
        rows: Examples, as a dataset file holds them.
        task: What the assistant is for, if the file says so.
        mapped: How often each kind of assertion was taken over.
        left_out: What was not, each with its line and what to do instead.
        metrics: Metrics beside the judge, by name; a `model` that is empty is the judge's.
    """

    name: str
    source: str
    prompts: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    models: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    judge: str = ""
    rows: tuple[Mapping[str, Json], ...] = ()
    task: str = ""
    mapped: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[Problem, ...] = ()
    metrics: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


@dataclass
class Notes:
    """Collects, while a file is read, what was taken over and what was not."""

    path: str
    mapped: Counter[str] = field(default_factory=Counter)
    left_out: dict[Problem, None] = field(default_factory=dict)

    def leave(self, message: str, line: int | None, hint: str = "", path: str = "") -> None:
        """Note what is not taken over, once for each place."""
        self.left_out[Problem(message, path or self.path, line, hint)] = None


def slug(text: str, default: str = "suite") -> str:
    """A short name of small letters, digits and hyphens."""
    return _NOT_IN_NAMES.sub("-", text.lower()).strip("-")[:40].strip("-") or default


def named(rows: Iterable[tuple[str, Mapping[str, Json]]], prefix: str) -> list[Mapping[str, Json]]:
    """Rows with ids: what each is called where it is called something, else the prefix and its number; each once."""
    taken: set[str] = set()
    found: list[Mapping[str, Json]] = []
    for number, (title, row) in enumerate(rows, start=1):
        wanted = _NOT_IN_IDS.sub("-", title.lower()).strip("-./:")[:60].rstrip("-") or f"{prefix}-{number:03}"
        name, turn = wanted, 2
        while name in taken:
            name, turn = f"{wanted}-{turn}", turn + 1
        taken.add(name)
        found.append({"id": name, **row})
    return found


def without_empty(row: Mapping[str, Json]) -> dict[str, Json]:
    """A row less the fields that say nothing."""
    return {key: value for key, value in row.items() if value not in (None, "", [], {}) or key == "input"}


def first(values: Sequence[str]) -> str:
    """The first of several, or nothing."""
    return values[0] if values else ""
