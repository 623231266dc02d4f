"""What a suite's judges are given beside the answers, checked before anything is paid for: graded examples are no dataset rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example
from evalbot.domain.policy import MetricSpec
from evalbot.domain.ports import Tree
from evalbot.instruments.fences import input_text


def check_graded(metrics: Sequence[MetricSpec], rows: Sequence[Example], tree: Tree, config: str) -> None:
    """Refuse a judge that is shown a row of its own exam: it would grade from memory.

    Args:
        metrics: The suite's metrics as configured.
        rows: All rows of the suite's exam.
        tree: The policy's files.
        config: The configuration's path, for graded examples that stand in it.

    Raises:
        ConfigError: A graded example asks what a row asks; each with both places.
    """
    asked = {_plain(input_text(row.input)): row for row in rows if not row.messages}
    problems = [
        Problem(
            f"metric {spec.name!r}: this graded example is also dataset row {row.id!r} ({row.path}:{row.line}); the judge would know its answer.",
            path, line or None, "Take it out of one of them.",
        )
        for spec in metrics
        for path, line, given in _graded(spec, tree, config)
        if (row := asked.get(_plain(given))) is not None
    ]  # fmt: skip
    if problems:
        raise ConfigError(problems)


def _graded(spec: MetricSpec, tree: Tree, config: str) -> Iterator[tuple[str, int, str]]:
    """Where each graded example of a judge stands, and what it asks."""
    listed = spec.options.get("examples") if spec.type == "judge" else None
    if isinstance(listed, str):
        for number, line in enumerate(tree.read(listed).decode("utf-8-sig").split("\n"), 1):
            if line.strip():
                yield listed, number, _asks(parse_json(line))
    elif isinstance(listed, Sequence):
        yield from ((config, spec.line, _asks(row)) for row in listed)


def _asks(row: object) -> str:
    given = row.get("input") if isinstance(row, Mapping) else None
    return input_text(given) if isinstance(given, Mapping) else str(given)


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
