"""semantic_similarity: how close the answer is to a good one in the space of an embedding model."""

from __future__ import annotations

import math
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass, ProviderError
from evalbot.domain.examples import Example
from evalbot.domain.models import Outcome, Vector
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Score
from evalbot.instruments.thresholded import Thresholded
from evalbot.metrics import METRICS

_VERSION = 1  # part of the identity: bump it when two vectors are compared differently


@METRICS.register("semantic_similarity")
@dataclass(frozen=True)
class SemanticSimilarity(Thresholded):
    """The cosine of the answer's embedding and that of the nearest of `expected_output` and `references`.

    - `model`: an embedding model, a name of `models:` or "provider/model": of any endpoint that speaks OpenAI's format, or
      of the embedded `local` provider. The model's `params` (such as `dimensions`) go along.
    - `threshold`: the lowest value that passes, as a number or per partition (`{golden: 0.78, default: 0.72}`). **There is no
      default**, since every model has a scale of its own: what one gives to paraphrases, another gives to anything in
      English. `evalbot calibrate --similarity` proposes one from labelled pairs. Without it the metric is reported and tested, and does
      not decide; the same holds for partitions that a mapping leaves out.

    **Range**: 0 to 1; a cosine below 0 counts as 0. **Needs** `expected_output` or `references`. **Not applicable** without. An
    empty answer is 0 without a call. **Decides** whether an example passes where it has a `threshold`. **Cost**: equal texts
    are embedded once a run, up to 64 in one call; these calls are counted with the judges'. An embedding of zeros, of
    another length than the other, or none at all is no number: the score is unscored with `metric_error`.

    **Biases**: it does not see negation. "Refundable within 5 days" and "not refundable within 5 days" have a cosine of 0.72
    to 0.98, depending on the model, and so have texts that differ in one name or number. It must never be the check for
    hallucinations, nor stand alone before a golden example: add a check, or a judge. Longer texts are more alike.

    **Source**: cosine of embeddings, as in Reimers and Gurevych (2019), Sentence-BERT (arXiv 1908.10084).
    """

    needs = "an `expected_output` or `references`"

    @property
    def embedders(self) -> tuple[str, ...]:
        """The same: it must be one that embeds."""
        return (self.model,)

    def applies(self, example: Example) -> bool:
        """Where there is a good answer that says something."""
        return any(answer.strip() for answer in example.answers)

    def identity(self) -> Json:
        """How vectors are compared; a threshold moves no score."""
        return {"version": _VERSION, "similarity": "cosine"}

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The cosine with the nearest good answer."""
        good = [answer for answer in answered.example.answers if answer.strip()]
        if not good:
            return Score.not_applicable("The example has no expected output.")
        if answered.outcome is Outcome.EMPTY or not answered.output.strip():
            return self.score(0.0, answered, "The answer is empty.")
        try:
            said, *others = await ask.embed(self.model, [answered.output, *good])
            value = max(max(0.0, cosine(said, other)) for other in others)
        except (ProviderError, ValueError) as error:
            return Score.unscored(ErrorClass.METRIC, f"No similarity: {error}")
        return self.score(value, answered, f"Similarity is {value:.2f}.")


def cosine(one: Vector, other: Vector) -> float:
    """The cosine of two vectors, -1 to 1; raises ValueError where one is of zeros, or they are of different lengths."""
    if len(one) != len(other):
        raise ValueError(f"embeddings of {len(one)} and {len(other)} numbers cannot be compared")
    sizes = [math.sqrt(math.fsum(number * number for number in vector)) for vector in (one, other)]
    if not all(sizes):
        raise ValueError("an embedding is of zeros only")
    product = math.fsum(a * b for a, b in zip(one, other, strict=True))
    return min(1.0, max(-1.0, product / sizes[0] / sizes[1]))
