"""Reads the dataset files of a suite, and says what is doubtful about them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import PurePosixPath

from evalbot.adapters.datasets import container, csv_file, jsonl
from evalbot.adapters.datasets.row import Raw, read_row
from evalbot.adapters.datasets.text import decode
from evalbot.adapters.strict_yaml import read_json, read_yaml
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition, Status
from evalbot.domain.ports import Tree

_LISTED = 20
_GOLDEN_ROWS = (50, 200)
_REVIEWERS = 2

Rows = tuple[Iterable[Raw | Problem], Partition | None]


def read_datasets(tree: Tree, paths: Sequence[str]) -> tuple[Example, ...]:
    """The examples of all files, in the order of the files and of their rows.

    Args:
        tree: Where the files are.
        paths: Their paths; the suffix says the format: .jsonl, .ndjson, .json, .yaml, .yml, .csv.

    Raises:
        ConfigError: Everything that is wrong in any of the files; the first 20 problems, and how many more there are.
    """
    examples: dict[str, Example] = {}
    problems: list[Problem] = []
    for path in dict.fromkeys(paths):
        for found in _file(tree, path):
            if isinstance(found, Problem):
                problems.append(found)
            elif (first := examples.setdefault(found.id, found)) is not found:
                problems.append(_twice(first, found))
    if problems:
        raise ConfigError(_cut(problems))
    return tuple(examples.values())


def warnings(examples: Sequence[Example]) -> tuple[str, ...]:
    """What is allowed and yet doubtful about a suite's golden rows: too few or too many, too few reviewers."""
    golden = [
        example
        for example in examples
        if example.partition is Partition.GOLDEN and example.status is not Status.PROPOSED
    ]
    if not golden:
        return ()  # an empty partition is reported where all partitions are known
    found = []
    low, high = _GOLDEN_ROWS
    if not low <= len(golden) <= high:
        found.append(
            f"golden has {len(golden)} {'example' if len(golden) == 1 else 'examples'}; {low} to {high} are advised."
        )
    unreviewed = [example.id for example in golden if len(set(example.reviewers)) < _REVIEWERS]
    if unreviewed:
        more = f" and {len(unreviewed) - 5} more" if len(unreviewed) > 5 else ""
        found.append(
            f"{len(unreviewed)} of {len(golden)} golden examples have fewer than two reviewers: {', '.join(unreviewed[:5])}{more}."
        )
    return tuple(found)


def _file(tree: Tree, path: str) -> Iterator[Example | Problem]:
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in _FORMATS:
        known = ", ".join(_FORMATS)
        yield Problem(f"a dataset cannot end in {suffix!r}.", path, hint=f"Known: {known}.")
        return
    try:
        rows, partition = _FORMATS[suffix](decode(tree.read(path), path), path)
    except ConfigError as error:
        yield from error.problems
        return
    for raw in rows:
        if isinstance(raw, Problem):
            yield raw
            continue
        row = read_row(raw, partition)
        if isinstance(row, Example):
            yield row
        else:
            yield from row


def _jsonl(text: str, path: str) -> Rows:
    return jsonl.rows(text, path), None


def _csv(text: str, path: str) -> Rows:
    return csv_file.rows(text, path), None


def _json(text: str, path: str) -> Rows:
    if not text.strip():
        return (), None
    located = read_json(text, path)
    return container.rows(located, path), container.partition(located)


def _yaml(text: str, path: str) -> Rows:
    located = read_yaml(text, path)
    return container.rows(located, path), container.partition(located)


_FORMATS: dict[str, Callable[[str, str], Rows]] = {
    ".jsonl": _jsonl, ".ndjson": _jsonl, ".json": _json, ".yaml": _yaml, ".yml": _yaml, ".csv": _csv,
}  # fmt: skip


def _twice(first: Example, second: Example) -> Problem:
    message = f"the id {second.id!r} is there twice: at {first.path}:{first.line} and at {second.path}:{second.line}."
    return Problem(message, second.path, second.line, "Ids are unique within a suite; rename one of them.")


def _cut(problems: list[Problem]) -> list[Problem]:
    more = len(problems) - _LISTED
    return [*problems[:_LISTED], Problem(f"and {more} more.")] if more > 0 else problems
