"""A panel of judges: who sits on it, how all of them are asked, and what their votes come to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.models import Message, Reply
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Decides, Score
from evalbot.instruments.calibration import calibration_problems
from evalbot.instruments.questions import read_answer

MOST_JURORS = 9
MOST_SAMPLES = 25

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Vote(Generic[T]):
    """What one juror said once, and how often it had to be asked for again."""

    juror: str
    said: T
    re_asks: int


class Panel:
    """What metrics have in common that a judge or a jury decides, unless it only reports; the options are their own fields."""

    model: str
    jury: tuple[str, ...]
    samples: int
    report_only: bool
    calibration: Mapping[str, object] | None

    lower_is_better = False

    @property
    def decides(self) -> Decides:
        """Unless it only reports."""
        return Decides.NO if self.report_only else Decides.YES

    @property
    def models(self) -> tuple[str, ...]:
        """The judge, or the jury."""
        return jurors(self.model, self.jury)

    def panel_problems(self) -> list[str]:
        """What is wrong with who is asked, how often, and where labels are; one line each."""
        return panel_problems(self.model, self.jury, self.samples) + ([] if self.calibration is None else calibration_problems(self.calibration))


def jurors(model: str, jury: Sequence[str]) -> tuple[str, ...]:
    """Names of the models that are asked: the jury, else the one judge."""
    return tuple(jury) or (model,)


async def votes(
    ask: Ask, models: Sequence[str], samples: int, messages: Sequence[Message], schema: Mapping[str, Json], read: Callable[[Reply], T]
) -> list[Vote[T]] | Score:
    """What each juror says, `samples` times each, all asked at once; where one vote is lost, why.

    Where the run would not end in time, each juror is asked once only: that has nothing to do with the answer. Apart from
    that, all or nothing: judges fail more often on bad answers, so that leaving votes out would favour the worse side.
    """
    asked = [model for model in models for _ in range(ask.samples(samples))]
    found = await asyncio.gather(*(read_answer(ask, model, messages, schema, read) for model in asked))
    lost = [one for one in found if isinstance(one, Score)]
    if lost:
        return first_lost(lost)
    return [Vote(model, *one) for model, one in zip(asked, found, strict=True) if not isinstance(one, Score)]


def first_lost(lost: Sequence[Score]) -> Score:
    """Of several unscored scores the one to tell of: that the run was stopped, before anything that a judge did."""
    return next((score for score in lost if score.error is ErrorClass.STOPPED), lost[0])


def strict_majority(said: Sequence[T]) -> T | None:
    """What more than half of all votes say; None where nothing has so many."""
    return next((vote for vote in said if 2 * said.count(vote) > len(said)), None)


def panel_problems(model: str, jury: Sequence[str], samples: int = 1) -> list[str]:
    """What is wrong with who is asked and how often, one line each."""
    found = [] if 1 <= samples <= MOST_SAMPLES else [f"samples is {samples}; ask between 1 and {MOST_SAMPLES} times."]
    if not jury:
        return found + ([] if model.strip() else ["model is missing; name the judge, or give a `jury` of several."])
    found += ["model and jury are both given; keep one of them."] if model.strip() else []
    if not 2 <= len(jury) <= MOST_JURORS:
        found.append(f"jury has {len(jury)} model{'' if len(jury) == 1 else 's'}; name 2 to {MOST_JURORS}, best an odd number of different families.")
    found += [f"jury names {name!r} twice." for name, count in Counter(jury).items() if count > 1]
    return found + (["jury has an empty name."] if not all(name.strip() for name in jury) else [])
