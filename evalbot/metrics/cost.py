"""cost: what the answer cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, by_partition, stays_within, threshold_problems
from evalbot.metrics import METRICS


@METRICS.register("cost")
@dataclass(frozen=True)
class Cost:
    """US dollars that the answer cost: its tokens at the model's price. Judges are not in it.

    - `max_usd`: the most that passes, as a number or per partition. Without it the metric is reported and tested only.

    **Range**: from 0 on, in US dollars; lower is better. The score test needs `gates.scores.min_effect` (in US dollars),
    since the scale has no width. **Needs** a known price: one in the price table, or `price` under `models`. An unknown one
    is no zero: the score is then unscored with `metric_error`. **Not applicable**: never. **Decides** whether an example
    passes where it has a `max_usd`. **Cost**: no model call.

    **Biases**: prices are list prices; discounts, batches and free tiers are not known. Cached input tokens are counted as
    the provider reports them, so the second of two similar calls may be cheaper than the first.

    **Source**: the provider's token counts; prices by `genai-prices`, or your own.
    """

    max_usd: Threshold | None = None

    scale = (0.0, math.inf)
    lower_is_better = True
    models = ()
    needs_price = True

    @property
    def decides(self) -> Decides:
        """With a limit."""
        return Decides.NO if self.max_usd is None else Decides.YES

    def problems(self) -> list[str]:
        """What is wrong with the limit."""
        return threshold_problems("max_usd", self.max_usd, self.scale)

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example."""
        return True

    def identity(self) -> Json:
        """Nothing: a limit moves no score."""
        return {}

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """The cost, and whether it is within the limit."""
        cost = answered.cost_usd
        if cost is None:
            return Score.unscored(ErrorClass.METRIC, "The price of the model is unknown; give it as `price` under `models`.")
        passed = stays_within(cost, self.max_usd, answered.example.partition)
        limit = by_partition(self.max_usd, answered.example.partition)
        return Score.scored(cost, passed, f"${cost:.6f}, at most ${limit:g} are allowed" if passed is False else "")
