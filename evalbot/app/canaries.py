"""Canaries: frozen graded answers that each judge grades again, so that a judge that drifts is not taken for a product that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from evalbot.app.case import Case
from evalbot.app.running import Run
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example, Partition
from evalbot.domain.runs import Row
from evalbot.domain.scores import Answered, ScoreStatus
from evalbot.gate.health import CANARIES


async def sing(cases: Sequence[Case], run: Run) -> list[Row]:
    """Ask each judge that has canaries for their grades, and keep them on one of its rows, where a later decision finds them.

    Returns:
        All rows of the run so far.
    """
    for case in cases:
        for name, metric in (case.metrics or {}).items():
            rows = getattr(metric, "canaries", ())
            perch = _perch(run.rows, case.suite.name, name)
            if case.tasks and rows and not isinstance(rows, str) and perch is not None:
                scores = await run.grade(case.suite.name, name, [answered_row(number, row) for number, row in enumerate(rows, 1)])
                # That time or money was used up says nothing of the judge.
                heard: list[Json] = [
                    [float(row["score"]), score.value] for row, score in zip(rows, scores, strict=True) if score.error is not ErrorClass.STOPPED
                ]
                if heard:
                    run.note(perch, name, {CANARIES: heard})
    return run.rows


def _perch(rows: Sequence[Row], suite: str, metric: str) -> int | None:
    """The row that canaries of an earlier run sit on, else the first with a score of the metric."""
    scored = [
        (at, score)
        for at, row in enumerate(rows)
        if row.suite == suite and (score := row.scores.get(metric)) is not None and score.status is ScoreStatus.SCORED
    ]
    return next((at for at, score in scored if CANARIES in score.detail), scored[0][0] if scored else None)


def answered_row(number: int, row: Mapping[str, object]) -> Answered:
    """A canary as an answer to be graded; `row` is a graded example of the judge's."""
    given = row["input"]
    return Answered(
        Example(
            f"canary-{number}", Partition.GOLDEN, given if isinstance(given, Mapping) else {"input": str(given)},
            references=_texts(row.get("reference")), context=_texts(row.get("context")),
        ),
        str(row["response"]),
    )  # fmt: skip


def _texts(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    return tuple(str(text) for text in value) if isinstance(value, list | tuple) else (str(value),)
