"""context_recall: what a good answer says can be found in the passages."""

from __future__ import annotations

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
from evalbot.instruments.replies import shortened
from evalbot.instruments.sentences import VERSION, sentences
from evalbot.instruments.thresholded import Thresholded
from evalbot.metrics import METRICS

_FORM = Form(("supported", "unsupported"), quoted=frozenset({"supported"}))
_REQUEST = "Judge each item. Reply with the JSON object only."


@METRICS.register("context_recall")
@dataclass(frozen=True)
class ContextRecall(Thresholded):
    """The share of the expected answer's sentences that the context bears out.

    The expected answer is taken apart into sentences. A judge says of each whether the passages hold what it states, and
    quotes them; a quote must really occur. The score is counted here.

    - `model`: the judge, a name of `models:` or "provider/model".
    - `threshold`: the lowest value that passes, as a number or per partition. There is no default; without it the metric is
      reported and tested, and does not decide.

    **Range**: 0 to 1. **Needs** `context` (of the example, or from a target that retrieves its own) and `expected_output` or
    `references` (the first is taken). **Not applicable** where one of them is missing. **Decides** whether an example
    passes where it has a `threshold`. **Cost**: one call for every ten sentences of the expected answer, and at most as many
    again. A reply that is not one verdict for each sentence is asked for once more, and then the score is unscored with
    `judge_error`.

    **Biases**: it measures retrieval and not the answer. With the context of the dataset it is the same for base and head;
    it says something of a change where the target brings its own passages. An expected answer with pleasantries in it can
    never be borne out in full.

    **Source**: Es et al. (2023), RAGAS (arXiv 2309.15217).
    """

    needs = "`context` and an `expected_output` or `references`"

    def applies(self, example: Example) -> bool:
        """Where there are passages and an expected answer that says something."""
        return bool(example.context and example.answers and sentences(example.answers[0]))

    def identity(self) -> Json:
        """The question, how a text is taken apart and how replies are read; a threshold moves no score."""
        return {
            "question": digest(_question()), "parser": PARSER_VERSION, "sentences": VERSION, "schema": _FORM.schema(),
            "per_call": PER_CALL,
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The share of sentences that are borne out, or unscored where the judge gave no verdicts."""
        example, passages = answered.example, answered.passages
        wanted = sentences(example.answers[0]) if example.answers else ()
        if not passages or not wanted:
            return Score.not_applicable("The example lacks context or an expected output.")
        asked = input_text(example.input, example.messages)
        beside = [("input", asked), *(("context", passage) for passage in passages)]
        judged = await verdicts(ask, self.model, _question(), beside, wanted, _FORM, _REQUEST, passages)
        if isinstance(judged, Score):
            return judged
        missing = [text for text, verdict in zip(wanted, judged[0], strict=True) if verdict.word == "unsupported"]
        value = 1 - len(missing) / len(wanted)
        reason = f"Not in the context: {shortened(missing[0], 200)!r}" if missing else ""
        return self.score(value, answered, reason, {"re_asks": judged[1]})


@lru_cache(maxsize=1)
def _question() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")
