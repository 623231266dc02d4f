"""length: how long the answer is."""

from __future__ import annotations

import math
import unicodedata
from dataclasses import dataclass
from typing import Literal

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example, Partition
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, by_partition, reaches, stays_within, threshold_problems
from evalbot.metrics import METRICS

_VERSION = 1  # part of the identity: bump it when a length is counted differently


@METRICS.register("length")
@dataclass(frozen=True)
class Length:
    """The number of words or characters of the answer.

    - `unit`: `words` (between white space, default) or `characters` (after Unicode normalisation, NFC, without white space
      around the answer). Take characters for languages that are written without spaces.
    - `min`: the fewest that pass, itself included, as a number or per partition.
    - `max`: the most that pass, itself included, as a number or per partition.
    - `better`: `shorter` (default) or `longer`: what the score test takes for an improvement.

    **Range**: from 0 on, in the unit. The score test needs `gates.scores.min_effect`, since the scale has no width. **Needs**
    nothing. **Not applicable**: never. **Decides** whether an example passes where it has a `min` or a `max`. **Cost**: no
    model call.

    **Biases**: it knows nothing of content. Judges tend to favour longer answers, so a rise of length beside a rise of a
    judge's grade is worth a look.

    **Source**: words as `str.split` counts them; for the bias of judges, Dubois et al. (2024, arXiv 2404.04475).
    """

    unit: Literal["words", "characters"] = "words"
    min: Threshold | None = None
    max: Threshold | None = None
    better: Literal["shorter", "longer"] = "shorter"

    scale = (0.0, math.inf)
    models = ()

    @property
    def lower_is_better(self) -> bool:
        """Unless `better` says otherwise."""
        return self.better == "shorter"

    @property
    def decides(self) -> Decides:
        """With a limit."""
        return Decides.NO if self.min is None and self.max is None else Decides.YES

    def problems(self) -> list[str]:
        """What is wrong with the limits."""
        found = threshold_problems("min", self.min, self.scale) + threshold_problems("max", self.max, self.scale)
        for partition in () if found else Partition:
            low, high = by_partition(self.min, partition), by_partition(self.max, partition)
            if low is not None and high is not None and low > high:
                return [f"min is {low:g} and max {high:g} for {partition}; no answer can pass."]
        return found

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example."""
        return True

    def identity(self) -> Json:
        """What is counted, and how; limits move no score."""
        return {"version": _VERSION, "unit": self.unit}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """The length, and whether it is within the limits."""
        n = self._count(answered.output)
        partition = answered.example.partition
        if reaches(n, self.min, partition) is False:
            least = by_partition(self.min, partition)
            return Score.scored(n, passed=False, reason=f"{n} {self.unit}, at least {least:g} are required")
        if stays_within(n, self.max, partition) is False:
            most = by_partition(self.max, partition)
            return Score.scored(n, passed=False, reason=f"{n} {self.unit}, at most {most:g} are allowed")
        limits = (by_partition(self.min, partition), by_partition(self.max, partition))
        return Score.scored(n, passed=None if limits == (None, None) else True)

    def _count(self, text: str) -> int:
        if self.unit == "words":
            return len(text.split())
        return len(unicodedata.normalize("NFC", text.replace("\r\n", "\n")).strip())
