"""context_precision: the passages that help stand before those that do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Score
from evalbot.instruments.fences import input_text
from evalbot.instruments.items import PARSER_VERSION, Form
from evalbot.instruments.itemwise import PER_CALL, verdicts
from evalbot.instruments.thresholded import Thresholded
from evalbot.metrics import METRICS

_FORM = Form(("useful", "useless"))
_REQUEST = "Judge each item. Reply with the JSON object only."


@METRICS.register("context_precision")
@dataclass(frozen=True)
class ContextPrecision(Thresholded):
    """How far in front the useful passages of the context stand: average precision over their order.

    A judge calls each passage `useful` or `useless` for arriving at the expected answer. At every useful passage the share of
    useful ones so far is taken, and the mean of these shares is the score: 1 where all useful passages come first, 0 where
    none is useful.

    - `model`: the judge, a name of `models:` or "provider/model".
    - `threshold`: the lowest value that passes, as a number or per partition. There is no default; without it the metric is
      reported and tested, and does not decide.

    **Range**: 0 to 1. **Needs** `context` (of the example, or from a target that retrieves its own) and `expected_output` or
    `references`. **Not applicable** where one of them is missing. **Decides** whether an example passes where it has a
    `threshold`. **Cost**: one call for every ten passages, and at most as many again. A reply that is not one verdict for
    each passage is asked for once more, and then the score is unscored with `judge_error`.

    **Biases**: it measures retrieval and not the answer. With the context of the dataset it is the same for base and head;
    it says something of a change where the target brings its own passages. One useful passage at the end of many weighs
    much less than at the front.

    **Source**: average precision as in Manning, Raghavan and Schütze (2008), Introduction to Information Retrieval, section
    8.4; with a judge's verdicts as in RAGAS (arXiv 2309.15217).
    """

    needs = "`context` and an `expected_output` or `references`"

    def applies(self, example: Example) -> bool:
        """Where there are passages and an expected answer."""
        return bool(example.context and example.answers)

    def identity(self) -> Json:
        """The question and how replies are read; a threshold moves no score."""
        return {
            "question": digest(_question()), "parser": PARSER_VERSION, "schema": _FORM.schema(), "per_call": PER_CALL,
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The average precision, or unscored where the judge gave no verdicts."""
        example, passages = answered.example, answered.passages
        if not passages or not example.answers:
            return Score.not_applicable("The example lacks context or an expected output.")
        beside = [("input", input_text(example.input, example.messages)), *(("reference", text) for text in example.answers)]
        judged = await verdicts(ask, self.model, _question(), beside, passages, _FORM, _REQUEST)
        if isinstance(judged, Score):
            return judged
        useful = [verdict.word == "useful" for verdict in judged[0]]
        value = average_precision(useful)
        reason = f"{sum(useful)} of {len(useful)} passages are useful."
        return self.score(value, answered, reason, {"re_asks": judged[1]})


def average_precision(useful: Sequence[bool]) -> float:
    """The mean, over the useful places, of the share of useful ones up to there; 0 where none is useful."""
    shares = [sum(useful[:place]) / place for place, is_useful in enumerate(useful, start=1) if is_useful]
    return sum(shares) / len(shares) if shares else 0.0


@lru_cache(maxsize=1)
def _question() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")
