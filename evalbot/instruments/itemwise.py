"""Many items judged a few at a time: one question for each handful, all at once, and one list of verdicts."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from evalbot.domain.errors import ErrorClass
from evalbot.domain.models import Message
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Score
from evalbot.instruments.fences import Section, user_text
from evalbot.instruments.items import Form, Verdict, numbered
from evalbot.instruments.questions import read_answer

PER_CALL = 10  # with quotes, ten verdicts fit into the 1,024 tokens that a judge may write by default


async def verdicts(
    ask: Ask, model: str, system: str, beside: Sequence[Section], items: Sequence[str], form: Form, request: str,
    sources: Sequence[str] = (),
) -> tuple[list[Verdict], int] | Score:  # fmt: skip
    """A verdict on each item, in their order, and how often a reply was asked for again; or why there are none.

    Args:
        ask: The port.
        model: The judge's name in the configuration.
        system: What is to be judged, and how.
        beside: What the judge is shown with the items.
        items: The items, each of them untrusted text.
        form: What may be said of them.
        request: The sentence at the end of the message.
        sources: The texts of which quotes must be parts.
    """
    batches = [items[start : start + PER_CALL] for start in range(0, len(items), PER_CALL)]

    async def judged(batch: Sequence[str]) -> tuple[list[Verdict], int] | Score:
        messages = (Message("system", system), Message("user", user_text([*beside, *numbered(batch)], request)))
        return await read_answer(
            ask, model, messages, form.schema(), lambda reply: form.read(reply, len(batch), sources)
        )

    answers = await asyncio.gather(*(judged(batch) for batch in batches))
    lost = [answer for answer in answers if isinstance(answer, Score)]
    if lost:
        return next((score for score in lost if score.error is ErrorClass.STOPPED), lost[0])
    found = [answer for answer in answers if not isinstance(answer, Score)]
    together = [verdict for some, _ in found for verdict in some]
    return [replace(verdict, id=number) for number, verdict in enumerate(together, start=1)], sum(n for _, n in found)
