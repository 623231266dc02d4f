"""Embeddings: each text is sent once a run, together with whatever else waits for the same model."""

from __future__ import annotations

import asyncio
import json
from array import array
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Model, Reply, Request, Vector
from evalbot.engine.gateway import Gateway

MOST_TEXTS = 64  # in one call
MOST_KNOWN = 2048  # vectors in memory: 25 MB of 1,536 numbers each
_AT_ONCE = 2  # calls in flight for one model; what comes meanwhile waits and goes together


@dataclass(frozen=True, slots=True)
class Charge:
    """What one text's embedding took: its share of a call's price (None: unknown), and the call itself for the first text.

    `cached` ones were paid for by an earlier run.
    """

    usd: float | None
    calls: int = 0
    retried: int = 0
    cached: int = 0


Found = tuple["array[float]", Charge]


@dataclass(slots=True)
class _Queue:
    """What waits for one model: text, until when, and who is to be told."""

    waiting: list[tuple[str, float, asyncio.Future[Found]]] = field(default_factory=list)
    in_flight: int = 0


class Embeddings:
    """Vectors by model and text, for one run.

    Args:
        gateway: The door; a call for embeddings counts as a judge's.
        recalls: Whether a vector that an earlier run paid for will do.
    """

    def __init__(self, gateway: Gateway, *, recalls: bool = False) -> None:
        self._gateway, self._recalls = gateway, recalls
        self._known: dict[tuple[str, str], asyncio.Future[Found]] = {}
        self._queues: defaultdict[str, _Queue] = defaultdict(_Queue)
        self._senders: set[asyncio.Task[None]] = set()

    async def get(self, model: Model, texts: Sequence[str], deadline: float) -> tuple[list[Vector], list[Charge]]:
        """The vectors of the texts, and what those took that nobody had asked for before.

        Raises:
            ProviderError: They could not be had.
            Stopped: Time or money is used up.
        """
        name = Request(model, ()).hash
        while True:
            new = [text for text in dict.fromkeys(texts) if (name, text) not in self._known]
            self._queue(name, model, new, deadline)
            try:
                found = dict(zip(texts, await self._all([self._known[name, text] for text in texts], deadline), strict=True))
            except Stopped:
                # Somebody else's call may have ended with somebody else's time.
                if len(new) == len(set(texts)) or self._gateway.clock() >= deadline:
                    raise
            else:
                self._trim()
                return [tuple(found[text][0]) for text in texts], [found[text][1] for text in new]

    def _trim(self) -> None:
        """Forget the vectors that were asked for first: base and head of an example are asked for together."""
        while len(self._known) > MOST_KNOWN:
            first = next(iter(self._known))
            if not self._known[first].done():
                return
            del self._known[first]

    def _queue(self, name: str, model: Model, texts: Sequence[str], deadline: float) -> None:
        for text in texts:
            told: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
            self._known[name, text] = told
            told.add_done_callback(partial(self._forget_failure, (name, text)))
            vector = self._recalled(model, text)
            if vector is None:
                self._queues[name].waiting.append((text, deadline, told))
            else:
                told.set_result((array("d", vector), Charge(0.0, cached=1)))
        self._send_more(name, model)

    async def _all(self, futures: Sequence[asyncio.Future[Found]], deadline: float) -> list[Found]:
        seconds = deadline - self._gateway.clock()
        try:
            async with asyncio.timeout(seconds):
                # Shielded: the others who wait for a text must not lose it because one of them gave up.
                return list(await asyncio.gather(*(asyncio.shield(future) for future in futures)))
        except TimeoutError:
            raise Stopped("the time is used up") from None

    def _forget_failure(self, key: tuple[str, str], done: asyncio.Future[Found]) -> None:
        """A failure is told to those who wait now; whoever asks later tries again."""
        if done.cancelled() or done.exception() is not None:
            self._known.pop(key, None)

    def _send_more(self, name: str, model: Model) -> None:
        queue = self._queues[name]
        if queue.waiting and queue.in_flight < _AT_ONCE:
            queue.in_flight += 1
            sender = asyncio.ensure_future(self._send(name, model))
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)

    async def _send(self, name: str, model: Model) -> None:
        queue = self._queues[name]
        try:
            await asyncio.sleep(0)  # whoever asks in this turn of the loop comes along
            batch, queue.waiting = queue.waiting[:MOST_TEXTS], queue.waiting[MOST_TEXTS:]
            if batch:
                await self._ask(model, batch)
        except asyncio.CancelledError:
            self._fail(queue.waiting, Stopped("the run ended"))
            queue.waiting = []
            raise
        finally:
            queue.in_flight -= 1
            self._send_more(name, model)

    async def _ask(self, model: Model, batch: Sequence[tuple[str, float, asyncio.Future[Found]]]) -> None:
        try:
            request = Request(model, (), texts=tuple(text for text, _, _ in batch))
            reply = await self._gateway.complete(request, purpose="judge", deadline=max(until for _, until, _ in batch))
        except ProviderError as error:
            if error.fault is ProviderFault.BAD_REQUEST and len(batch) > 1:
                half = len(batch) // 2  # one text that is too long must not cost the others theirs
                await asyncio.gather(self._ask(model, batch[:half]), self._ask(model, batch[half:]))
                return
            self._fail(batch, error)
        except BaseException as error:
            self._fail(batch, error if isinstance(error, Exception) else Stopped("the run ended"))
            if not isinstance(error, Exception):
                raise
        else:
            for (text, _, told), found in zip(batch, _shared(reply), strict=True):
                self._keep(model, text, tuple(found[0]), reply)
                if not told.done():
                    told.set_result(found)

    def _recalled(self, model: Model, text: str) -> Vector | None:
        kept = self._gateway.recall(Request(model, (), texts=(text,)), 0) if self._recalls else None
        return None if kept is None else tuple(map(float, json.loads(kept.text)))

    def _keep(self, model: Model, text: str, vector: Vector, reply: Reply) -> None:
        """Each text by itself, its vector written out, so that it is found again in whatever company it is asked for."""
        if self._recalls and any(vector):
            one = replace(reply, text=json.dumps(vector), vectors=(), usage=None, cost_usd=0.0)
            self._gateway.keep(Request(model, (), texts=(text,)), 0, one)

    def _fail(self, batch: Sequence[tuple[str, float, asyncio.Future[Found]]], error: Exception) -> None:
        for _, _, told in batch:
            if not told.done():
                told.set_exception(error)


def _shared(reply: Reply) -> list[Found]:
    usd = None if reply.cost_usd is None else reply.cost_usd / len(reply.vectors)
    first = Charge(usd, calls=1, retried=reply.attempts - 1)
    return [(array("d", vector), Charge(usd) if place else first) for place, vector in enumerate(reply.vectors)]
