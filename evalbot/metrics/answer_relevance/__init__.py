"""answer_relevance: the answer speaks of what was asked."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example
from evalbot.domain.models import Outcome
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import Threshold, reaches, threshold_problems
from evalbot.instruments.fences import input_text
from evalbot.instruments.items import PARSER_VERSION, Form
from evalbot.instruments.itemwise import PER_CALL, verdicts
from evalbot.instruments.replies import shortened
from evalbot.instruments.sentences import VERSION, sentences
from evalbot.metrics import METRICS

_FORM = Form(("relevant", "supporting", "irrelevant"))
_REQUEST = "Judge each item. Reply with the JSON object only."


@METRICS.register("answer_relevance")
@dataclass(frozen=True)
class AnswerRelevance:
    """The share of the answer's sentences that serve the question.

    The answer is taken apart into sentences. A judge calls each of them `relevant` (it answers the question, or a part of
    it), `supporting` (needed to understand or use what is relevant, or a matter of good manners) or `irrelevant`. The score is
    counted here: relevant and supporting sentences, divided by all. Without any relevant sentence it is 0: an answer that
    does not commit itself answers nothing.

    - `model`: the judge, a name of `models:` or "provider/model".
    - `threshold`: the lowest value that passes, as a number or per partition. There is no default; without it the metric is
      reported and tested, and does not decide.

    **Range**: 0 to 1. **Needs** nothing but an answer. **Not applicable**: never; an empty answer scores 0 without a call.
    **Decides** whether an example passes where it has a `threshold`. **Cost**: one call for every ten sentences, and at most
    as many again. A reply that is not one verdict for each sentence is asked for once more, and then the score is unscored
    with `judge_error`.

    **Biases**: it does not ask whether the answer is right or complete: "Refunds take a year" is relevant. Short answers jump
    between few values. Sentences are found by punctuation.

    **Source**: the idea of Es et al. (2023), RAGAS (arXiv 2309.15217), with verdicts on sentences in place of generated
    questions and their embeddings, which cannot say which sentence was beside the point.
    """

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
        """The judge."""
        return (self.model,)

    def problems(self) -> list[str]:
        """What is wrong with the threshold."""
        return threshold_problems("threshold", self.threshold, self.scale)

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example."""
        return True

    def identity(self) -> Json:
        """The question, how a text is taken apart and how replies are read; a threshold moves no score."""
        return {
            "question": digest(_question()), "parser": PARSER_VERSION, "sentences": VERSION, "schema": _FORM.schema(),
            "per_call": PER_CALL,
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The share of sentences that serve the question, or unscored where the judge gave no verdicts."""
        partition = answered.example.partition
        said = sentences(answered.output)
        if answered.outcome is Outcome.EMPTY or not said:
            return Score.scored(0.0, reaches(0.0, self.threshold, partition), "The answer is empty.")
        beside = [("input", input_text(answered.example.input, answered.example.messages))]
        judged = await verdicts(ask, self.model, _question(), beside, said, _FORM, _REQUEST)
        if isinstance(judged, Score):
            return judged
        counts = Counter(verdict.word for verdict in judged[0])
        value = (counts["relevant"] + counts["supporting"]) / len(said) if counts["relevant"] else 0.0
        beside_it = [sentence for sentence, verdict in zip(said, judged[0], strict=True) if verdict.word == "irrelevant"]
        reason = "Nothing in it answers the question." if not counts["relevant"] else ""
        reason = reason or (f"Beside the point: {shortened(beside_it[0], 200)!r}" if beside_it else "")
        return Score.scored(value, reaches(value, self.threshold, partition), reason, detail={"re_asks": judged[1], **counts})


@lru_cache(maxsize=1)
def _question() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")
