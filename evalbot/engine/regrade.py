"""Grading again: answers that are there already, by other metrics. Nothing of it is stored or decides anything."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalbot.domain.errors import ErrorClass
from evalbot.domain.runs import Row, Task
from evalbot.domain.scores import Answered, Score
from evalbot.domain.turns import conversed
from evalbot.engine.asking import Bill
from evalbot.engine.scoring import Scorer, SuiteMetrics

_NOT_REACHED = Score.unscored(ErrorClass.STOPPED, "the run ended before it was graded again")


async def regraded(
    answers: Sequence[tuple[Task, Row]], by: str, suites: Mapping[str, SuiteMetrics], scorer: Scorer, deadline: float, at_once: int
) -> list[Mapping[str, Score]]:
    """The scores of each answer by the metrics of the suite `by`, in the order given. What cannot be had is unscored.

    Args:
        answers: Tasks with their rows; each row has an output.
        deadline: When to give up, in seconds of the gateway's clock.
        at_once: How many answers to grade at once.
    """
    tasks = [replace(task, suite=by) for task, _ in answers]
    found: list[dict[str, Score]] = [dict.fromkeys(suites[by].metrics, _NOT_REACHED) for _ in answers]
    turns = asyncio.Semaphore(max(1, at_once))

    async def one(task: Task, row: Row, scores: dict[str, Score]) -> None:
        async with turns:
            try:
                await scorer.score(task, answered(task, row), scores, Bill(), deadline)
            finally:
                scorer.release(task)

    for task in tasks:
        scorer.expect(task)
    await asyncio.gather(*(one(task, row, scores) for task, (_, row), scores in zip(tasks, answers, found, strict=True)))
    return list(found)


def answered(task: Task, row: Row) -> Answered:
    """A row's answer as metrics see it; raises ValueError where the row has none."""
    if row.output is None or row.outcome is None:
        raise ValueError(f"the row of {row.example} has no answer")
    example = conversed(task.example, row.earlier)
    return Answered(example, row.output, row.outcome, row.latency_ms or 0.0, row.cost_usd, row.context, row.tool_calls)
