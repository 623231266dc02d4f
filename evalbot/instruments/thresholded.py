"""What metrics have in common that ask one model, score from 0 to 1 and decide where they are given a threshold."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, reaches, threshold_problems


@dataclass(frozen=True)
class Thresholded:
    """The options `model` and `threshold`, and what follows from them."""

    model: str
    threshold: Threshold | None = None

    scale = (0.0, 1.0)
    lower_is_better = False

    @property
    def decides(self) -> Decides:
        """With a threshold."""
        return Decides.NO if self.threshold is None else Decides.YES

    @property
    def models(self) -> tuple[str, ...]:
        """The one that is asked."""
        return (self.model,)

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        found = [] if self.model.strip() else ["model is empty; name the one that is asked."]
        return found + threshold_problems("threshold", self.threshold, self.scale)

    def score(self, value: float, answered: Answered, reason: str = "", detail: Mapping[str, Json] | None = None) -> Score:
        """The score, passed or failed where there is a threshold."""
        return Score.scored(value, reaches(value, self.threshold, answered.example.partition), reason, detail=detail)
