"""hallucination: every claim of the answer stands in its context, or follows from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example
from evalbot.domain.models import Message, Outcome, Reply
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Score
from evalbot.domain.thresholds import by_partition, threshold_problems
from evalbot.instruments.fences import input_text, user_text
from evalbot.instruments.items import PARSER_VERSION, Form, Verdict, read_text_list, text_list_schema
from evalbot.instruments.itemwise import PER_CALL, verdicts
from evalbot.instruments.questions import read_answer
from evalbot.instruments.replies import UnreadableReplyError, shortened
from evalbot.metrics import METRICS

GROUNDED = ("supported", "reasonable_inference")
UNGROUNDED = ("unsupported", "contradicted")
FORM = Form((*GROUNDED, *UNGROUNDED, "not_checkable"), quoted=frozenset({*GROUNDED, "contradicted"}))
_CLAIMS = "claims"
_MOST_CLAIMS = 100
_LONGEST = 200
_EXTRACT = "List the claims of the response. Reply with the JSON object only."
_VERIFY = "Judge each item. Reply with the JSON object only."


@METRICS.register("hallucination")
@dataclass(frozen=True)
class Hallucination:
    """The share of the answer's claims that its context bears out.

    A judge first lists the claims that the answer makes, each as a sentence of its own. Then it says of each claim whether
    the context has it: `supported`, `reasonable_inference` (it follows without doubt), `unsupported` (the context is
    silent), `contradicted`, or `not_checkable` (a greeting, an offer, a question: no statement of fact). The score is
    counted here and not by the judge: supported claims and inferences, divided by all that can be checked.

    - `model`: the judge, a name of `models:` or "provider/model". Better not of the family that it judges.
    - `max_unsupported`: how many claims may be unsupported or contradicted, together, in an answer that passes; a whole number,
      or one for each partition (0 for those that are not named). Default 0.
    - `report_only`: `true` reports and tests the score, and lets no example fail by it.

    **Range**: 0 to 1. **Needs** `context`, of the example or from a target that retrieves its own. **Not applicable** without
    context, to an answer that declines, and to one without a claim that can be checked: nothing to judge is neither a
    success nor a failure. An empty answer scores 0 without a call. **Decides** whether an example passes, unless
    `report_only`. **Cost**: one call for the claims and one for every ten of them, and at most as many again. A judge of long
    answers needs room for its list of claims: raise its `max_output_tokens` where replies are cut off.

    **No verdict is no number.** Every claim must get exactly one verdict, by its number, and every quote must really occur
    in the context (case, white space, marks of Markdown and kinds of quotation marks do not count). What is anything else
    is asked for once more, and then the score is unscored with `judge_error`.

    **Biases**: judges know things. A claim that is true and not in the context should be `unsupported`, and a judge that
    recognises it may be lenient. Claims are split more finely by some judges than by others, so compare scores of one
    judge only. `evalbot calibrate --hallucination` measures precision and recall of your own judge on 50 labelled claims.

    **Source**: claims one by one, Min et al. (2023), FActScore (arXiv 2305.14251); finer claims find more, RefChecker, Hu et
    al. (2024, arXiv 2405.14486); the ratio as in Es et al. (2023), RAGAS (arXiv 2309.15217).
    """

    model: str
    max_unsupported: int | Mapping[str, int] = 0
    report_only: bool = False

    scale = (0.0, 1.0)
    lower_is_better = False
    needs = "`context`"

    @property
    def decides(self) -> Decides:
        """Unless it only reports."""
        return Decides.NO if self.report_only else Decides.YES

    @property
    def models(self) -> tuple[str, ...]:
        """The judge."""
        return (self.model,)

    def problems(self) -> list[str]:
        """What is wrong with the options."""
        found = [] if self.model.strip() else ["model is empty; name the judge."]
        return found + threshold_problems("max_unsupported", self.max_unsupported, (0, float("inf")))

    def applies(self, example: Example) -> bool:
        """Where there is context."""
        return bool(example.context)

    def identity(self) -> Json:
        """Both questions and how replies are read; `max_unsupported` moves no score."""
        return {
            "extract": digest(question("extract")), "verify": digest(question("verify")), "parser": PARSER_VERSION,
            "schema": FORM.schema(), "per_call": PER_CALL,
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The share of claims that the context bears out, or unscored where the judge gave no verdicts."""
        if not answered.passages:
            return Score.not_applicable("The example has no context.")
        if answered.outcome is Outcome.EMPTY or not answered.output.strip():
            return Score.scored(0.0, None if self.report_only else False, "The answer is empty.")
        if answered.outcome in (Outcome.REFUSAL, Outcome.CONTENT_FILTER):
            return Score.not_applicable("The answer declines.")
        claims = await self._claims(answered, ask)
        if isinstance(claims, Score):
            return claims
        if not claims[0]:
            return Score.not_applicable("The answer makes no claim.")
        asked = input_text(answered.example.input, answered.example.messages)
        judged = await judge_claims(ask, self.model, asked, answered.passages, claims[0])
        return judged if isinstance(judged, Score) else self._score(claims[0], judged[0], claims[1] + judged[1], answered)

    async def _claims(self, answered: Answered, ask: Ask) -> tuple[tuple[str, ...], int] | Score:
        sections = [
            ("input", input_text(answered.example.input, answered.example.messages)), ("response", answered.output),
        ]  # fmt: skip
        messages = (Message("system", question("extract")), Message("user", user_text(sections, _EXTRACT)))
        return await read_answer(ask, self.model, messages, text_list_schema(_CLAIMS), _read_claims)

    def _score(self, claims: Sequence[str], judged: Sequence[Verdict], re_asks: int, answered: Answered) -> Score:
        counts = Counter(verdict.word for verdict in judged)
        grounded, ungrounded = (sum(counts[word] for word in words) for words in (GROUNDED, UNGROUNDED))
        if not grounded + ungrounded:
            return Score.not_applicable("No claim of the answer can be checked.")
        passed = ungrounded <= (by_partition(self.max_unsupported, answered.example.partition) or 0)
        listed: list[Json] = [
            {
                "claim": shortened(claim, _LONGEST), "verdict": verdict.word, "reasoning": shortened(verdict.reasoning, _LONGEST),
                "evidence": [shortened(quote, _LONGEST) for quote in verdict.evidence],
            }
            for claim, verdict in zip(claims, judged, strict=True)
        ]  # fmt: skip
        return Score.scored(
            grounded / (grounded + ungrounded), None if self.report_only else passed, _reason(claims, judged),
            detail={"claims": listed, "re_asks": re_asks},
        )  # fmt: skip


async def judge_claims(
    ask: Ask, model: str, asked: str, context: Sequence[str], claims: Sequence[str]
) -> tuple[list[Verdict], int] | Score:
    """The verdict on each claim against the context, and how often was asked again; or why there are none.

    Args:
        ask: The port.
        model: The judge's name in the configuration.
        asked: What the answer that makes the claims was asked; empty where that is not known.
        context: The passages.
        claims: The claims.
    """
    beside = [*([("input", asked)] if asked else []), *(("context", passage) for passage in context)]
    return await verdicts(ask, model, question("verify"), beside, claims, FORM, _VERIFY, context)


@lru_cache(maxsize=2)
def question(name: str) -> str:
    """The text of extract.md or verify.md, which is part of the metric's identity."""
    return files(__package__).joinpath(f"{name}.md").read_text(encoding="utf-8")


def _read_claims(reply: Reply) -> tuple[str, ...]:
    claims = read_text_list(reply, _CLAIMS)
    if len(claims) > _MOST_CLAIMS:
        raise UnreadableReplyError(f"the judge named {len(claims)} claims; {_MOST_CLAIMS} are the most")
    return claims


def _reason(claims: Sequence[str], judged: Sequence[Verdict]) -> str:
    """The claims that do not hold, contradicted ones first."""
    said = [
        f"{word}: {shortened(claim, 100)!r}"
        for word in reversed(UNGROUNDED)
        for claim, verdict in zip(claims, judged, strict=True)
        if verdict.word == word
    ]
    return shortened("; ".join(said[:3]) + (f"; and {len(said) - 3} more" if len(said) > 3 else ""), 300)
