"""The shelf: rows put down where they were written, so that a run keeps their numbers in memory and their words on disk."""

from __future__ import annotations

from collections.abc import Mapping

from evalbot.domain.canonical import canonical
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.ports import Lines
from evalbot.domain.runs import Row
from evalbot.domain.scores import Score
from evalbot.engine.rows import from_line


class Shelf:
    """Rows as lines of a file; see `Row.shelved`. Scores that are equal are in memory once.

    Args:
        lines: Where the rows were written, by `evalbot.engine.rows.to_line`.
    """

    def __init__(self, lines: Lines) -> None:
        self._lines = lines
        self._scores: dict[tuple[object, ...], Score] = {}
        self._sets: dict[tuple[object, ...], Mapping[str, Score]] = {}
        self._names: dict[tuple[tuple[str, str], ...], Mapping[str, str]] = {}

    def row(self, place: int) -> Row:
        """The row as it was written.

        Raises:
            CouldNotRun: Somebody changed the file meanwhile.
        """
        try:
            return from_line(self._lines.read(place))
        except ValueError as error:
            raise CouldNotRun(f"results.jsonl was changed while evalbot was at work: {error}") from error

    def put(self, row: Row, place: int) -> Row:
        """The row with its numbers only, its words to be found at the place. One without an answer has none."""
        if not row.answered or row.shelf is not None:
            return row
        scores = {name: self._one(score) for name, score in row.scores.items()}
        key = tuple((name, id(score)) for name, score in scores.items())
        names = self._names.setdefault(tuple(row.answered_by.items()), row.answered_by)
        return row.shelved(self, place, self._sets.setdefault(key, scores), names)

    def _one(self, score: Score) -> Score:
        bare = score.numbers
        key = (bare.status, bare.value, bare.passed, bare.reason, bare.error, bare.samples, canonical(bare.detail) if bare.detail else "")
        return self._scores.setdefault(key, bare)
