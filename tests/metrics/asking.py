"""Answers to score, and a judge that replies what it is told to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Outcome, Reply
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Answered, Score

EXAMPLE = Example("e-1", Partition.GOLDEN, {"user_input": "What does it cost?"})


def answered(output: str, outcome: Outcome = Outcome.OK, **fields: object) -> Answered:
    return Answered(replace(EXAMPLE, **fields), output, outcome)  # type: ignore[arg-type]


def reply(score: Json = 4, **others: Json) -> str:
    """A judge's reply as it should be, unless told otherwise."""
    return json.dumps(
        {"reasoning": "Says the price.", "strengths": ["short"], "weaknesses": [], "score": score, **others}
    )


@dataclass
class Judging:
    """A judge that gives its replies in turn (the last one again and again), or raises them; it keeps what it was asked."""

    replies: Sequence[str | Reply | Exception]
    asked: list[tuple[str, tuple[Message, ...], Mapping[str, Json] | None]] = field(default_factory=list)

    def samples(self, wanted: int) -> int:
        return wanted

    def useless(self, reply: Reply) -> None:
        """Nothing is kept here."""

    async def __call__(self, model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None) -> Reply:
        given = self.replies[min(len(self.asked), len(self.replies) - 1)]
        self.asked.append((model, tuple(messages), schema))
        if isinstance(given, Exception):
            raise given
        return given if isinstance(given, Reply) else Reply(given)

    @property
    def user_message(self) -> str:
        return self.asked[0][1][-1].content


async def nobody(model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None) -> Reply:
    raise AssertionError("a deterministic metric asks no model")


def measured(
    metric: Metric,
    answer: Answered,
    ask: Callable[[str, Sequence[Message], Mapping[str, Json] | None], Awaitable[Reply]] = nobody,
) -> Score:
    return asyncio.run(metric.measure(answer, ask))
