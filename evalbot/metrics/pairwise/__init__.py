"""pairwise: a model says which side's answer is the better one, asked in both orders."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.resources import files
from string import Template
from typing import Literal, cast

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example
from evalbot.domain.models import Message, Reply
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Decides, Pair, Score
from evalbot.instruments.fences import sections_of, user_text
from evalbot.instruments.panel import first_lost, jurors, panel_problems, strict_majority
from evalbot.instruments.questions import read_answer
from evalbot.instruments.replies import UnreadableReplyError, read_object, shortened, text_at, text_of
from evalbot.instruments.trivial import RULES_VERSION, triviality
from evalbot.metrics import METRICS

PARSER_VERSION = 1  # part of its identity: bump it when a reply may be read differently

Place = Literal["A", "B", "tie"]
Winner = Literal["base", "head", "tie"]

_REQUEST = "Compare the two answers. Reply with the JSON object only."
_DEFAULT_CRITERIA = ("answers what was asked", "says nothing that is wrong or made up", "is clear and to the point")
_VALUES: dict[Winner, float] = {"base": -1.0, "tie": 0.0, "head": 1.0}
_LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class _Seen:
    """What one juror says over both orders; `consistent` where it is the same answer both times."""

    winner: Winner
    consistent: bool
    reasoning: str
    re_asks: int


@METRICS.register("pairwise")
@dataclass(frozen=True)
class Pairwise:
    """Which side's answer to an example is the better one, as a judge sees it that is asked in both orders.

    The judge sees the input, the example's context, references and criteria, and the two answers as A and B, without a
    word on which is base and which is head. It is asked twice, with the places swapped. Only where it prefers the same
    answer both times does that answer win; where it does not, the pair is a tie and is counted as position inconsistency.

    - `model`: the judge, a name of `models:` or "provider/model".
    - `jury`: several judges in its place; each is asked in both orders, and a strict majority of them decides, else it is a tie.
    - `task`: one sentence on what the assistant is for.
    - `criteria`: what makes one answer better than another, one line each. An example's own `criteria` are added.

    **Result**: wins, ties and losses of head per partition, the share of wins among the decided with its exact 95 %
    interval, and the exact p of the sign test. It is measured once both sides have answered, stands in the comment and in
    `summary.json` (`pairwise`), and **never decides** whether an example passes nor whether the run does. **Needs** both
    sides' answers. **Cost**: two calls a juror for each pair of different answers; identical answers are a tie without a
    call, and an answer of nothing loses by rule.

    **Void.** Where more than 30 % of a metric's pairs are inconsistent, the judge goes by place and not by content: the
    column is void, and `judge_health` says so.

    **Biases**: judges prefer a place (asked away here, and reported), length (a line says how often the longer answer won),
    and answers of their own family. Small differences are where judges waver most.

    **Source**: Zheng et al. (2023), arXiv 2306.05685 (both orders); Shi et al. (2024), arXiv 2406.07791 (position bias by
    judge and quality gap); Dubois et al. (2024), arXiv 2404.04475 (length).
    """

    model: str = ""
    criteria: tuple[str, ...] = ()
    task: str = ""
    jury: tuple[str, ...] = ()

    scale = None
    lower_is_better = False
    decides = Decides.NO

    @property
    def models(self) -> tuple[str, ...]:
        """The judge, or the jury."""
        return jurors(self.model, self.jury)

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        empty = [] if all(line.strip() for line in self.criteria) else ["criteria has an empty line."]
        return panel_problems(self.model, self.jury) + empty

    def applies(self, example: Example) -> bool:  # noqa: ARG002 - the port's signature
        """To every example that both sides answer."""
        return True

    def identity(self) -> Json:
        """All that can move a preference; the models are asked for by `models`."""
        return {
            "template": digest(_template()), "parser": PARSER_VERSION, "rules": RULES_VERSION, "task": self.task,
            "criteria": list(self.criteria), "jurors": len(self.models),
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:  # noqa: ARG002 - the port's signature
        """Nothing: one answer alone has nothing to be compared with."""
        return Score.not_applicable("It compares both sides' answers, once both exist.")

    async def compare(self, pair: Pair, ask: Ask) -> Score:
        """1 where head's answer wins, −1 where base's does, 0 for a tie; unscored where one order has no verdict."""
        ruled = _by_rule(pair)
        if ruled is not None:
            winner, reason = ruled
            return Score.scored(_VALUES[winner], None, reason, detail=_detail(winner, [], by_rule=True))
        seen = await asyncio.gather(*(self._juror(model, pair, ask) for model in self.models))
        lost = [one for one in seen if isinstance(one, Score)]
        if lost:
            return first_lost(lost)
        votes = [one for one in seen if not isinstance(one, Score)]
        winner = strict_majority([one.winner for one in votes]) or "tie"
        reason = next((one.reasoning for one in votes if one.winner == winner), votes[0].reasoning)
        return Score.scored(_VALUES[winner], None, f"A is base, B is head: {shortened(reason, _LONGEST_REASON)}", detail=_detail(winner, votes))

    async def _juror(self, model: str, pair: Pair, ask: Ask) -> _Seen | Score:
        """Both orders at once; half of a swap would be a biased verdict that looks like an unbiased one."""
        orders = ((pair.base, pair.head), (pair.head, pair.base))
        replies = await asyncio.gather(
            *(read_answer(ask, model, self._messages(pair.example, a, b), _SCHEMA, _read) for a, b in orders)
        )
        lost = [reply for reply in replies if isinstance(reply, Score)]
        if lost:
            return first_lost(lost)
        ((first, reasoning), again), ((second, _), again_swapped) = (reply for reply in replies if not isinstance(reply, Score))
        straight, swapped = _winner(first, a="base", b="head"), _winner(second, a="head", b="base")
        same = straight == swapped
        return _Seen(straight if same else "tie", same, reasoning, again + again_swapped)

    def _messages(self, example: Example, a: str, b: str) -> tuple[Message, ...]:
        *given, _ = sections_of(example, "")
        return (self._system, Message("user", user_text([*given, ("answer_a", a), ("answer_b", b)], _REQUEST)))

    @cached_property
    def _system(self) -> Message:
        """The same for every pair, so that providers can keep it in their prompt cache."""
        return Message(
            "system",
            Template(_template()).substitute(
                task=f"\nThe assistants' task: {self.task.strip()}\n" if self.task.strip() else "",
                criteria="".join(f"- {line.strip()}\n" for line in self.criteria or _DEFAULT_CRITERIA),
            ),
        )


_SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {"reasoning": {"type": "string"}, "preferred": {"type": "string", "enum": ["A", "B", "tie"]}},
    "required": ["reasoning", "preferred"],
    "additionalProperties": False,
}


@lru_cache(maxsize=1)
def _template() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")


def _read(reply: Reply) -> tuple[Place, str]:
    value = read_object(text_of(reply), ("reasoning", "preferred"))
    preferred = value["preferred"]
    if preferred not in ("A", "B", "tie"):
        raise UnreadableReplyError(f"the judge preferred {shortened(str(preferred), 40)!r}, which is none of A, B and tie")
    return cast(Place, preferred), text_at(value, "reasoning")


def _winner(place: Place, *, a: Winner, b: Winner) -> Winner:
    return {"A": a, "B": b}.get(place, "tie")


def _by_rule(pair: Pair) -> tuple[Winner, str] | None:
    """The winner where nobody has to be asked, and why."""
    if pair.base == pair.head:
        return "tie", "Both answers are the same text."
    base, head = triviality(pair.example, pair.base), triviality(pair.example, pair.head)
    if base and head:
        return "tie", "Both answers say nothing."
    if base or head:
        return ("head", f"Base: {base}") if base else ("base", f"Head: {head}")
    return None


def _detail(winner: Winner, votes: Sequence[_Seen], *, by_rule: bool = False) -> dict[str, Json]:
    return {
        "preferred": winner, "asked": len(votes), "inconsistent": sum(not one.consistent for one in votes),
        "re_asks": sum(one.re_asks for one in votes), **({"by_rule": True} if by_rule else {}),
    }  # fmt: skip
