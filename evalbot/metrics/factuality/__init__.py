"""factuality: a model compares the answer's facts with a reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from string import Template

from evalbot.domain.canonical import Json, digest
from evalbot.domain.errors import ErrorClass, nearest
from evalbot.domain.examples import Example
from evalbot.domain.models import Message, Reply
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Score
from evalbot.instruments.fences import sections_of, user_text
from evalbot.instruments.panel import Panel, Vote, strict_majority, votes
from evalbot.instruments.replies import UnreadableReplyError, read_object, shortened, text_at, text_of
from evalbot.instruments.trivial import RULES_VERSION, triviality
from evalbot.metrics import METRICS

PARSER_VERSION = 1  # part of its identity: bump it when a reply may be read differently

VALUES: Mapping[str, float] = {"contradicts": 0.0, "absent": 0.0, "subset": 0.4, "superset": 0.6, "immaterial": 1.0, "same": 1.0}
"""What each verdict is worth, from worst to best."""

_LONGEST_REASON = 300
_REQUEST = "Compare the response's facts with the reference. Reply with the JSON object only."


@METRICS.register("factuality")
@dataclass(frozen=True)
class Factuality(Panel):
    """How the facts of the answer stand to those of a reference, by a model's verdict.

    | verdict | the answer | worth |
    |---|---|---|
    | `same` | states the same facts | 1 |
    | `immaterial` | differs in what does not matter | 1 |
    | `superset` | states more, and nothing that the reference rules out | 0.6 |
    | `subset` | states less, and nothing wrong | 0.4 |
    | `absent` | states none of the reference's facts | 0 |
    | `contradicts` | says something that the reference rules out | 0 |

    - `model`: the judge, a name of `models:` or "provider/model".
    - `samples`: how many times each judge is asked (default 1); a strict majority of all votes is the verdict. Take an odd
      number: without a majority the score is unscored with `judge_error`.
    - `jury`: several judges in place of `model`, best an odd number of different families.
    - `task`: one sentence on what the assistant is for.
    - `accept`: the verdicts that pass. Default: all but `contradicts` and `absent`; leave out `subset` where every fact counts.
    - `report_only`: `true` reports and tests the verdicts' worth, and lets no example fail by them.
    - `calibration`: where human labels are (docs/judges.md); it moves no score.

    **Range**: 0 to 1. **Needs** `expected_output` or `references`; without them it is not applicable. **Decides** whether an
    example passes, unless `report_only`. **Cost**: `samples` calls a judge for each answer, and at most as many again. An
    answer of nothing is 0 by rule.

    **Biases**: a judge knows things that the reference does not say, and may mark by them; it takes fluent wrong numbers for
    immaterial more often than a check does. Where a fact can be checked by rule, check it by rule.

    **Source**: the closed-question grading of openai/evals; the worth of the verdicts is that of Braintrust's autoevals.
    """

    model: str = ""
    samples: int = 1
    jury: tuple[str, ...] = ()
    task: str = ""
    accept: tuple[str, ...] = ("same", "immaterial", "superset", "subset")
    report_only: bool = False
    calibration: Mapping[str, object] | None = None

    scale = (0.0, 1.0)

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        found = self.panel_problems()
        found += [f"accept names {word!r}, which is no verdict. {nearest(word, VALUES)}" for word in self.accept if word not in VALUES]
        found += [] if self.accept else ["accept is empty: every answer would fail."]
        found += ["accept names every verdict: no answer could fail; use report_only."] if set(VALUES) <= set(self.accept) else []
        return found

    def applies(self, example: Example) -> bool:
        """Where there is something to compare with."""
        return bool(example.answers)

    def identity(self) -> Json:
        """All that can move a verdict. `accept` is no part of it, since it moves none; the models are asked for by `models`."""
        return {
            "template": digest(_template()), "parser": PARSER_VERSION, "rules": RULES_VERSION, "task": self.task,
            "values": dict(VALUES), "samples": self.samples, "jurors": len(self.models), "estimator": "strict majority",
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """What the verdict is worth, or unscored where a vote is lost or none has a majority."""
        nothing = triviality(answered.example, answered.output, answered.outcome)
        if nothing:
            return Score.scored(0.0, self._passed("absent"), nothing, detail={"verdict": "absent"})
        messages = (self._system, Message("user", user_text(sections_of(answered.example, answered.output), _REQUEST)))
        found = await votes(ask, self.models, self.samples, messages, _SCHEMA, _read)
        return found if isinstance(found, Score) else self._score(found)

    def _score(self, found: Sequence[Vote[tuple[str, str]]]) -> Score:
        said = [vote.said[0] for vote in found]
        verdict = strict_majority(said)
        if verdict is None:
            return Score.unscored(ErrorClass.JUDGE, f"No verdict has a strict majority: {', '.join(said)}.")
        detail: dict[str, Json] = {
            "verdict": verdict, "votes": said, "re_asks": sum(vote.re_asks for vote in found),
            "unstable": len(set(said)) > 1 if self.samples > 1 else None,
        }  # fmt: skip
        reason = next(vote.said[1] for vote in found if vote.said[0] == verdict)
        samples = tuple(VALUES[word] for word in said)
        words = f"{verdict}: {shortened(reason, _LONGEST_REASON)}"
        return Score.scored(VALUES[verdict], self._passed(verdict), words, samples=samples, detail=detail)

    def _passed(self, verdict: str) -> bool | None:
        return None if self.report_only else verdict in self.accept

    @cached_property
    def _system(self) -> Message:
        """The same for every answer, so that providers can keep it in their prompt cache."""
        task = f"\nThe assistant's task: {self.task.strip()}\n" if self.task.strip() else ""
        return Message("system", Template(_template()).substitute(task=task))


_SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "verdict": {"type": "string", "enum": list(VALUES)}},
    "required": ["reasoning", "verdict"],
    "additionalProperties": False,
}


@lru_cache(maxsize=1)
def _template() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")


def _read(reply: Reply) -> tuple[str, str]:
    value = read_object(text_of(reply), ("reasoning", "verdict"))
    verdict = value["verdict"]
    if not isinstance(verdict, str) or verdict not in VALUES:
        raise UnreadableReplyError(f"the judge's verdict is none of {', '.join(VALUES)}")
    return verdict, text_at(value, "reasoning")
