"""Canaries of the monitor: frozen graded answers that judges grade again, so that a judge that drifts is not taken for a product that does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from math import fsum
from typing import TypeAlias

from evalbot.app.canaries import answered_row
from evalbot.domain.errors import ErrorClass
from evalbot.domain.monitoring import Canaries, JudgeState
from evalbot.domain.ports import Ask, Metric
from evalbot.domain.scores import ScoreStatus
from evalbot.engine.scoring import measured

DRIFT = 0.075  # of the scale's width, as the smallest effect that a score test counts
ROUNDS = 3  # each has to show the drift before it is called one: grades waver
Grades: TypeAlias = Sequence[tuple[float, float]]
"""(frozen grade, grade of today) of each canary that got one."""


def canaries_of(metric: Metric) -> Sequence[Mapping[str, object]]:
    """A metric's canaries; none where it has none."""
    rows = getattr(metric, "canaries", ())
    return () if isinstance(rows, str) else tuple(rows)


async def sung(name: str, metric: Metric, ask: Callable[[], Ask], at: float, redact: Callable[[str], str]) -> Canaries | None:
    """What the canaries of a judge show now; None where time or money was used up, which says nothing of the judge.

    A first round near the frozen grades is enough. One that is off is repeated, since a single round of three to ten grades is off by
    chance now and then; `bench/monitor.py` says how often all of them are.
    """
    rows = canaries_of(metric)
    rounds: list[Grades] = []
    while len(rounds) < ROUNDS:
        graded = await _graded(metric, rows, ask, redact)
        if graded is None:
            return None
        rounds.append(graded)
        if not off(rounds, width(metric)):
            break
    heard = rounds[-1]
    if 2 * len(heard) < len(rows):
        return Canaries(at, name, JudgeState.UNHEARD, len(heard), len(rows) - len(heard))
    drifted = len(rounds) == ROUNDS and off(rounds, width(metric))
    mean = fsum(map(_shift, rounds)) / len(rounds)
    return Canaries(at, name, JudgeState.DRIFTED if drifted else JudgeState.STEADY, len(heard), len(rows) - len(heard), mean)


def off(rounds: Sequence[Grades], scale: float) -> bool:
    """Whether every round is off by the bar or more, all in one direction; `scale` is the width of the scale in points."""
    means = [_shift(one) for one in rounds]
    bar = DRIFT * scale - 1e-9
    return bool(means) and (all(mean >= bar for mean in means) or all(mean <= -bar for mean in means))


def width(metric: Metric) -> float:
    """Of a metric's scale, in points."""
    return metric.scale[1] - metric.scale[0] if metric.scale else 0.0


def _shift(graded: Grades) -> float:
    return fsum(now - frozen for frozen, now in graded) / len(graded) if graded else 0.0


async def _graded(metric: Metric, rows: Sequence[Mapping[str, object]], ask: Callable[[], Ask], redact: Callable[[str], str]) -> Grades | None:
    scores = await asyncio.gather(*(measured(metric, answered_row(number, row), ask(), redact) for number, row in enumerate(rows, 1)))
    if any(score.error is ErrorClass.STOPPED for score in scores):
        return None
    return [
        (float(str(row["score"])), float(score.value))
        for row, score in zip(rows, scores, strict=True)
        if score.status is ScoreStatus.SCORED and score.value is not None
    ]
