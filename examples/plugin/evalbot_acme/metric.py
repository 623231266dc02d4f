"""The metric `sentence_length`: how many words a sentence of the answer has on average."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score

_SENTENCE_END = re.compile(r"[.!?]+(?:\s+|$)")


@dataclass(frozen=True)
class SentenceLength:
    """Words in a sentence of the answer, on average; fewer are better.

    - `max`: the highest average that passes.

    **Range**: 0 to 100. **Needs** an answer with a sentence, else it does not apply.
    """

    max: int

    scale = (0.0, 100.0)
    lower_is_better = True
    decides = Decides.YES
    models = ()

    def problems(self) -> Sequence[str]:
        """What is wrong with the options, one line each."""
        return [] if 0 < self.max <= 100 else [f"max must be from 1 to 100, not {self.max}"]

    def applies(self, example: Example) -> bool:
        """To every example."""
        return True

    def identity(self) -> Json:
        """All that can move the score; `max` moves only what passes."""
        return {"version": 1}

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The mean number of words."""
        sentences = [sentence for sentence in _SENTENCE_END.split(answered.output) if sentence.strip()]
        if not sentences:
            return Score.not_applicable("the answer has no sentence")
        mean = min(sum(len(sentence.split()) for sentence in sentences) / len(sentences), 100.0)
        return Score.scored(mean, mean <= self.max, f"{mean:.1f} words a sentence")
