"""latency: how long the answer took."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, by_partition, stays_within, threshold_problems
from evalbot.metrics import METRICS


@METRICS.register("latency")
@dataclass(frozen=True)
class Latency:
    """Milliseconds from the request to the whole answer, of the attempt that succeeded.

    Waiting for a free slot, and attempts that failed, are not in it. Of a conversation it is the sum of all turns. A suite
    with this metric asks for every answer anew: the time of an answer from the cache was another day's.

    - `max_ms`: the most that passes, as a number or per partition. Without it the metric is reported and tested only.

    **Range**: from 0 on, in milliseconds; lower is better. The score test needs `gates.scores.min_effect` (in
    milliseconds), since the scale has no width. **Needs** an answer that was timed. **Not applicable** where it was not, as
    for recorded answers without a time. **Decides** whether an example passes where it has a `max_ms`. **Cost**: no model
    call.

    **Biases**: it measures the provider's load, your `concurrency` and the network as much as the prompt. Base and head are
    asked side by side in random order, so that both are slowed alike; single slow answers still happen, so prefer a
    generous `max_ms` and let `confirm` ask again. Identical requests of base and head share one answer and its time.

    **Source**: wall-clock time of the call, by a monotonic clock.
    """

    max_ms: Threshold | None = None

    scale = (0.0, math.inf)
    lower_is_better = True
    models = ()
    needs_fresh = True

    @property
    def decides(self) -> Decides:
        """With a limit."""
        return Decides.NO if self.max_ms is None else Decides.YES

    def problems(self) -> list[str]:
        """What is wrong with the limit."""
        return threshold_problems("max_ms", self.max_ms, self.scale)

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example."""
        return True

    def identity(self) -> Json:
        """Nothing: a limit moves no score."""
        return {}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """The time, and whether it is within the limit."""
        took = answered.latency_ms
        if not took > 0:
            return Score.not_applicable("The answer was not timed.")
        passed = stays_within(took, self.max_ms, answered.example.partition)
        limit = by_partition(self.max_ms, answered.example.partition)
        return Score.scored(took, passed, f"{took:.0f} ms, at most {limit:g} are allowed" if passed is False else "")
