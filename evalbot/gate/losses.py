"""How much each example lost at head: the raw material of blame."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from statistics import fmean

from evalbot.domain.examples import Example
from evalbot.domain.runs import Row, Side
from evalbot.domain.scores import ScoreStatus
from evalbot.gate.blame import Answers
from evalbot.gate.evidence import Evidence, MetricFacts, passes

MOST_WORSE, MOST_CALM = 1000, 200  # answers that are read from disk: enough to learn from
_FLOAT_NOISE = 1e-9


def losses(evidence: Evidence, prompt: str) -> Iterator[tuple[Example, float]]:
    """Every example of a prompt that was answered on both sides, and what it lost; see `loss`."""
    for cell in evidence.cells:
        if cell[0] == prompt:
            for example in evidence.planned(cell, Side.HEAD):
                base, head = (evidence.first_rows(prompt, side, example) for side in (Side.BASE, Side.HEAD))
                found = loss(evidence, base, head)
                if found is not None:
                    yield example, found


def answers(evidence: Evidence, prompt: str) -> list[Answers]:
    """What was said where an example got worse, and in as many others as are needed to compare with; nothing where none did."""
    found = list(losses(evidence, prompt))
    worse = sorted((one for one in found if one[1] > 0), key=lambda one: -one[1])[:MOST_WORSE]
    calm = [one for one in found if one[1] <= 0][: MOST_CALM if worse else 0]
    return [_answers(evidence, prompt, example, lost) for example, lost in (*worse, *calm)]


def loss(evidence: Evidence, base: Sequence[Row], head: Sequence[Row]) -> float | None:
    """What an example lost: 1 where it passed at base and fails at head, else the largest drop of a tested score as a share of its scale.

    Returns:
        0 to 1; None where a side has no answer that could be judged.
    """
    passed, still = passes(base), passes(head)
    if passed is None or still is None:
        return None
    drops = [_drop(name, facts, base, head) for name, facts in evidence.metrics.items() if name in evidence.gates.scores.metrics]
    return 1.0 if passed and not still else max(drops, default=0.0)


def _drop(name: str, facts: MetricFacts, base: Sequence[Row], head: Sequence[Row]) -> float:
    before, after = _mean(name, base), _mean(name, head)
    width = facts.scale[1] - facts.scale[0]
    if before is None or after is None or not 0 < width < float("inf"):
        return 0.0
    lost = (after - before if facts.lower_is_better else before - after) / width
    return lost if lost > _FLOAT_NOISE else 0.0


def _mean(name: str, rows: Sequence[Row]) -> float | None:
    scores = [row.scores[name] for row in rows if name in row.scores]
    values = [score.value for score in scores if score.status is ScoreStatus.SCORED and score.value is not None]
    return fmean(values) if values else None


def _answers(evidence: Evidence, prompt: str, example: Example, lost: float) -> Answers:
    base, head = (_said(evidence.first_rows(prompt, side, example)) for side in (Side.BASE, Side.HEAD))
    return Answers(example.id, _asked(example), base, head, lost)


def _said(rows: Sequence[Row]) -> str:
    return "\n".join(row.output for row in rows if row.output is not None)


def _asked(example: Example) -> str:
    return "\n".join(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict) for value in example.input.values())
