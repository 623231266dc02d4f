"""checklist: a model answers yes-or-no questions about the answer."""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from importlib.resources import files
from string import Template

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example
from evalbot.domain.models import Message, Reply
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Answered, Score
from evalbot.domain.thresholds import Threshold, reaches, threshold_problems
from evalbot.instruments.fences import sections_of, user_text
from evalbot.instruments.panel import Panel, Vote, strict_majority, votes
from evalbot.instruments.replies import UnreadableReplyError, read_object, shortened, text_at, text_of, with_keys
from evalbot.instruments.trivial import RULES_VERSION, triviality
from evalbot.metrics import METRICS

PARSER_VERSION = 1  # part of its identity: bump it when a reply may be read differently

Verdicts = Mapping[str, tuple[str, str]]
"""Item → its verdict and the reasoning."""

_VERDICTS = ("no", "cannot_judge", "yes")  # from worst to best
_ALL = 1.0
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_MOST_ITEMS = 30
_LONGEST_REASON = 300
_REQUEST = "Check the response. Reply with the JSON object only."


@METRICS.register("checklist")
@dataclass(frozen=True)
class Checklist(Panel):
    """The share of yes-or-no questions about the answer that a model answers with yes.

    Questions that can be answered with yes or no leave a judge less to taste than grades do, and judges agree more on them.

    - `model`: the judge, a name of `models:` or "provider/model".
    - `items`: the questions by name, `{next_step: "Does it end with a next step?"}`, each so that yes is good. An example's
      own `criteria` are further items of that example.
    - `samples`: how many times each judge is asked (default 1); a strict majority of all votes decides each item.
    - `jury`: several judges in place of `model`, best an odd number of different families.
    - `task`: one sentence on what the assistant is for.
    - `min`: the lowest share that passes, as a number or per partition. Default: 1, every item that can be judged.
    - `report_only`: `true` reports and tests the shares, and lets no example fail by them.
    - `calibration`: where human labels are (docs/judges.md); it moves no score.

    **Range**: 0 to 1, yes / (yes + no). An item that the judge cannot judge, or on which votes have no majority, is left out
    and counted; where none can be judged it is not applicable. **Needs** `items`, or an example with `criteria`. **Decides**
    whether an example passes, unless `report_only`. **Cost**: `samples` calls a judge for each answer, whatever the number
    of items, and at most as many again. An answer of nothing is 0 by rule.

    **No verdict is no number.** A reply must answer every item once and no other, or it is asked for once more, and then
    the score is unscored with `judge_error`.

    **Biases**: questions that ask two things at once, or that ask for the absence of something, are answered badly; the
    text that is checked can try to talk to the judge (it is marked as data).

    **Source**: Lee et al. (2024), CheckEval (arXiv 2403.18771).
    """

    model: str = ""
    items: Mapping[str, str] = field(default_factory=dict)
    samples: int = 1
    jury: tuple[str, ...] = ()
    task: str = ""
    min: Threshold | None = None
    report_only: bool = False
    calibration: Mapping[str, object] | None = None

    scale = (0.0, 1.0)

    @property
    def minimum(self) -> Threshold:
        """The lowest share that passes; a mapping without `default` keeps all for the partitions it leaves out."""
        if isinstance(self.min, Mapping):
            return {"default": _ALL, **self.min}
        return _ALL if self.min is None else self.min

    def problems(self) -> list[str]:
        """What is wrong with the options, one line each."""
        found = self.panel_problems()
        found += [
            f"items names {name!r}; a name is a letter and up to 39 letters, digits, _ or -."
            for name in self.items
            if not _NAME.fullmatch(name)
        ]
        found += [f"items.{name} is empty; ask a question." for name, text in self.items.items() if not text.strip()]
        found += [f"items has {len(self.items)} questions; ask at most {_MOST_ITEMS}."] if len(self.items) > _MOST_ITEMS else []
        found += threshold_problems("min", self.min, self.scale)
        return found

    def applies(self, example: Example) -> bool:
        """Where there is something to check."""
        return bool(self.items or example.criteria)

    def identity(self) -> Json:
        """All that can move a verdict. `min` is no part of it, since it moves none; the models are asked for by `models`."""
        return {
            "template": digest(_template()), "parser": PARSER_VERSION, "rules": RULES_VERSION, "task": self.task,
            "items": [[name, text] for name, text in self.items.items()], "samples": self.samples, "jurors": len(self.models),
            "estimator": "strict majority",
        }  # fmt: skip

    async def measure(self, answered: Answered, ask: Ask) -> Score:
        """The share of yes among the items that can be judged, or unscored where one vote is lost."""
        nothing = triviality(answered.example, answered.output, answered.outcome)
        if nothing:
            return Score.scored(0.0, self._passed(0.0, answered), nothing)
        items = self._items(answered.example)
        found = await votes(ask, self.models, self.samples, self._messages(items, answered), _schema(items), partial(_read, items=items))
        return found if isinstance(found, Score) else self._score(items, found, answered)

    def _score(self, items: Mapping[str, str], found: Sequence[Vote[Verdicts]], answered: Answered) -> Score:
        decided = {name: strict_majority([vote.said[name][0] for vote in found]) or "cannot_judge" for name in items}
        yes, no = ([name for name, verdict in decided.items() if verdict == wanted] for wanted in ("yes", "no"))
        detail: dict[str, Json] = {
            "items": decided, "failed": no, "cannot_judge": [name for name in items if name not in yes and name not in no],
            "re_asks": sum(vote.re_asks for vote in found), "unstable": _unstable(found),
        }  # fmt: skip
        if not yes and not no:
            return Score.not_applicable("The judge could judge none of the items.")
        value = len(yes) / (len(yes) + len(no))
        why = "; ".join(f"{name}: {_reasoning(found, name, 'no')}" for name in no) or "Every item that could be judged is a yes."
        samples = tuple(share for vote in found if (share := _share(vote.said)) is not None)
        return Score.scored(value, self._passed(value, answered), shortened(why, _LONGEST_REASON), samples=samples, detail=detail)

    def _passed(self, value: float, answered: Answered) -> bool | None:
        return None if self.report_only else reaches(value, self.minimum, answered.example.partition)

    def _items(self, example: Example) -> dict[str, str]:
        own = {f"criterion_{number}": f"Is this so: {text}" for number, text in enumerate(example.criteria, 1)}
        return {**own, **self.items}

    def _messages(self, items: Mapping[str, str], answered: Answered) -> tuple[Message, ...]:
        *given, response = (one for one in sections_of(answered.example, answered.output) if one[0] != "criteria")
        listed = ("items", "\n".join(f"- {name}: {text}" for name, text in items.items()))
        return (self._system, Message("user", user_text([*given, listed, response], _REQUEST)))

    @cached_property
    def _system(self) -> Message:
        """The same for every answer, so that providers can keep it in their prompt cache."""
        task = f"\nThe assistant's task: {self.task.strip()}\n" if self.task.strip() else ""
        return Message("system", Template(_template()).substitute(task=task))


@lru_cache(maxsize=1)
def _template() -> str:
    return files(__package__).joinpath("prompt.md").read_text(encoding="utf-8")


def _schema(items: Mapping[str, str]) -> dict[str, Json]:
    """A key an item, so that a provider that enforces the schema can neither leave one out nor answer one twice."""
    verdict: dict[str, Json] = {
        "type": "object",
        "properties": {"reasoning": {"type": "string"}, "verdict": {"type": "string", "enum": list(_VERDICTS)}},
        "required": ["reasoning", "verdict"],
        "additionalProperties": False,
    }
    return {"type": "object", "properties": dict.fromkeys(items, verdict), "required": list(items), "additionalProperties": False}


def _read(reply: Reply, items: Mapping[str, str]) -> Verdicts:
    value = read_object(text_of(reply), tuple(items))
    found = {}
    for name in items:
        said = with_keys(value[name], ("reasoning", "verdict"))
        verdict = said["verdict"]
        if not isinstance(verdict, str) or verdict not in _VERDICTS:
            raise UnreadableReplyError(f"the judge's verdict on {name} is none of {', '.join(_VERDICTS)}")
        found[name] = (verdict, text_at(said, "reasoning"))
    return found


def _share(said: Verdicts) -> float | None:
    """One vote's own share; None where it judged nothing."""
    judged = [verdict for verdict, _ in said.values() if verdict != "cannot_judge"]
    return judged.count("yes") / len(judged) if judged else None


def _reasoning(found: Sequence[Vote[Verdicts]], name: str, verdict: str) -> str:
    return next((vote.said[name][1] for vote in found if vote.said[name][0] == verdict), "")


def _unstable(found: Sequence[Vote[Verdicts]]) -> bool | None:
    """Whether votes of one judge disagree on more than a quarter of the items; None where each was asked once."""
    by_juror: dict[str, list[Verdicts]] = {}
    for vote in found:
        by_juror.setdefault(vote.juror, []).append(vote.said)
    own = [said for said in by_juror.values() if len(said) > 1]
    if not own:
        return None
    split = [len({said[name][0] for said in said_by_one}) > 1 for said_by_one in own for name in said_by_one[0]]
    return statistics.fmean(split) > 0.25
