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

_FLOAT_NOISE = 1e-9


def answers(evidence: Evidence, prompt: str) -> Iterator[Answers]:
    """Every example of a prompt that was answered on both sides, with what it lost."""
    for cell in evidence.cells:
        if cell[0] == prompt:
            for example in evidence.planned(cell, Side.HEAD):
                base, head = (evidence.first_rows(prompt, side, example) for side in (Side.BASE, Side.HEAD))
                found = loss(evidence, base, head)
                if found is not None:
                    yield Answers(example.id, _asked(example), _said(base), _said(head), found)


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


def _said(rows: Sequence[Row]) -> str:
    return "\n".join(row.output for row in rows if row.output is not None)


def _asked(example: Example) -> str:
    return "\n".join(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=dict) for value in example.input.values())
