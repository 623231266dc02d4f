"""A conversation with the target: it answers turn by turn, each time with what it has said itself before it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

from evalbot.domain.models import Message, Reply, Request, Usage
from evalbot.domain.turns import PLACE


async def converse(request: Request, ask: Callable[[Request], Awaitable[Reply]]) -> Reply:
    """The answer to the last turn, with the earlier ones in `Reply.earlier` and the cost and time of all.

    Where the target answers an earlier turn with nothing at all, there is nothing to go on from: that is its answer.

    Args:
        request: Its messages may hold places (`domain.turns.PLACE`); without one it is asked as it is.
        ask: Asks for one answer; what it raises is raised.
    """
    said: list[Message] = []
    replies: list[Reply] = []
    for message in request.messages:
        if message != PLACE:
            said.append(message)
            continue
        replies.append(await ask(replace(request, messages=tuple(said))))
        if not replies[-1].text.strip():
            return _joined(replies)
        said.append(Message(PLACE.role, replies[-1].text))
    replies.append(await ask(replace(request, messages=tuple(said)) if replies else request))
    return _joined(replies)


def _joined(replies: Sequence[Reply]) -> Reply:
    """The last reply, with what all of them took."""
    last = replies[-1]
    if len(replies) == 1:
        return last
    usages = [reply.usage for reply in replies if reply.usage is not None]
    costs = [reply.cost_usd for reply in replies if reply.cost_usd is not None]
    whole = len(usages) == len(replies)
    return replace(
        last,
        earlier=tuple(reply.text for reply in replies[:-1]),
        usage=Usage(*(sum(numbers) for numbers in zip(*((u.input, u.output, u.cached_input, u.written_input) for u in usages), strict=True))) if whole else None,
        cost_usd=sum(costs) if len(costs) == len(replies) else None,
        latency_ms=sum(reply.latency_ms for reply in replies),
        attempts=1 + sum(reply.attempts - 1 for reply in replies),
        dropped=tuple(dict.fromkeys(name for reply in replies for name in reply.dropped)),
        cached=all(reply.cached for reply in replies),
    )  # fmt: skip
