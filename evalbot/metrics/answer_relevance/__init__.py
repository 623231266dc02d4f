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
from evalbot.domain.scores import Answered, Score
from evalbot.instruments.fences import input_text
from evalbot.instruments.items import PARSER_VERSION, Form
from evalbot.instruments.itemwise import PER_CALL, verdicts
from evalbot.instruments.replies import shortened
from evalbot.instruments.sentences import VERSION, sentences
from evalbot.instruments.thresholded import Thresholded
from evalbot.metrics import METRICS

_FORM = Form(("relevant", "supporting", "irrelevant"))
_REQUEST = "Judge each item. Reply with the JSON object only."


@METRICS.register("answer_relevance")
@dataclass(frozen=True)
class AnswerRelevance(Thresholded):
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
    between few values. Sentences are found by punctuation; of more than a hundred, neighbours are judged together.

    **Source**: the idea of Es et al. (2023), RAGAS (arXiv 2309.15217), with verdicts on sentences in place of generated
    questions and their embeddings, which cannot say which sentence was beside the point.
    """


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
        said = sentences(answered.output)
        if answered.outcome is Outcome.EMPTY or not said:
            return self.score(0.0, answered, "The answer is empty.")
        beside = [("input", input_text(answered.example.input, answered.example.messages))]
        judged = await verdicts(ask, self.model, _question(), beside, said, _FORM, _REQUEST)
        if isinstance(judged, Score):
            return judged
        counts = Counter(verdict.word for verdict in judged[0])
        value = (counts["relevant"] + counts["supporting"]) / len(said) if counts["relevant"] else 0.0
        beside_it = [sentence for sentence, verdict in zip(said, judged[0], strict=True) if verdict.word == "irrelevant"]
        reason = "Nothing in it answers the question." if not counts["relevant"] else ""
        reason = reason or (f"Beside the point: {shortened(beside_it[0], 200)!r}" if beside_it else "")
        return self.score(value, answered, reason, {"re_asks": judged[1], **counts})


@lru_cache(maxsize=1)
def _question() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")
