"""Canaries: frozen graded answers that each judge grades again, so that a judge that drifts is not taken for a product that does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalbot.app.case import Case
from evalbot.app.wiring import Run
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example, Partition
from evalbot.domain.judges import Canary
from evalbot.domain.scores import Answered

Songs = Mapping[tuple[str, str], tuple[Canary, ...]]
"""(suite, metric) → its canaries with the grades of this run."""


async def sing(cases: Sequence[Case], run: Run) -> Songs:
    """Ask each judge that has canaries for their grades."""
    found: dict[tuple[str, str], tuple[Canary, ...]] = {}
    for case in cases:
        for name, metric in (case.metrics or {}).items():
            rows = getattr(metric, "canaries", ())
            if case.tasks and rows and not isinstance(rows, str):
                scores = await run.grade(case.suite.name, name, [_answered(number, row) for number, row in enumerate(rows, 1)])
                found[case.suite.name, name] = tuple(
                    Canary(float(row["score"]), score.value)
                    for row, score in zip(rows, scores, strict=True)
                    if score.error is not ErrorClass.STOPPED  # that time or money was used up says nothing of the judge
                )
    return found


def with_canaries(case: Case, found: Songs) -> Case:
    """The case with its judges' canaries, for the gate."""
    return replace(case, canaries={metric: own for (suite, metric), own in found.items() if suite == case.suite.name})


def _answered(number: int, row: Mapping[str, object]) -> Answered:
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
