"""Builders of comparisons for the tests of this folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Comparison
from evalbot.stats.compare import adjust, compare

ONE_TO_FIVE = (1.0, 5.0)


def keyed(scores: Sequence[float]) -> dict[str, float]:
    return {f"r-{i:03}": score for i, score in enumerate(scores)}


def row(base: Sequence[float] | Mapping[str, float], head: Sequence[float] | Mapping[str, float], **options: Any) -> Comparison:
    base = base if isinstance(base, Mapping) else keyed(base)
    head = head if isinstance(head, Mapping) else keyed(head)
    gate = options.pop("gate", ScoreGate())
    identity = {"suite": "support", "prompt": "prompts/a", "partition": "regression", "metric": "judge", "scale": ONE_TO_FIVE}
    return compare(base, head, gate=gate, **{**identity, "n_planned": max(len(base), len(head)), **options})


def decided(*rows: Comparison, **gate: Any) -> list[Comparison]:
    return list(adjust(rows, {"support": ScoreGate(**gate)}))
