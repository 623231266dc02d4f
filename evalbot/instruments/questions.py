"""A question to a judge: asked once more where the reply is not what was asked for, and never answered by a guess."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass, ProviderError, Stopped
from evalbot.domain.models import Message, Reply
from evalbot.domain.ports import Ask
from evalbot.domain.scores import Score
from evalbot.instruments.replies import UnreadableReplyError

ASKED_AT_MOST = 2  # a reply that cannot be read is asked for once more

T = TypeVar("T")


async def read_answer(
    ask: Ask, model: str, messages: Sequence[Message], schema: Mapping[str, Json], read: Callable[[Reply], T]
) -> tuple[T, int] | Score:
    """What `read` makes of the reply and how often it was asked for again, or the unscored score that says why there is none.

    Args:
        ask: The port.
        model: The judge's name in the configuration.
        messages: The question.
        schema: The JSON Schema of the reply, for providers that can enforce one.
        read: Reads a reply; raises UnreadableReplyError, in words that follow "the last time".
    """
    reason = ""
    for re_asks in range(ASKED_AT_MOST):
        try:
            reply = await ask(model, messages, schema)
        except Stopped as error:
            return Score.unscored(ErrorClass.STOPPED, str(error) or "The call was not made.")
        except ProviderError as error:
            return Score.unscored(ErrorClass.JUDGE, str(error) or "The judge gave no reply.")
        try:
            return read(reply), re_asks
        except UnreadableReplyError as error:
            ask.useless(reply)
            reason = str(error)
    return Score.unscored(
        ErrorClass.JUDGE, f"No grade in {ASKED_AT_MOST} replies; the last time {reason}.", detail={"unreadable": True}
    )
