"""The gateway: the one door to every model, which retries, waits, counts, and stops when time or money is used up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Endpoint, Model, Reply, Request, Usage
from evalbot.domain.policy import Limits
from evalbot.domain.ports import Embedder, Provider
from evalbot.engine.lane import OUT_AFTER, Lane
from evalbot.engine.memory import Memory
from evalbot.engine.purse import Purse
from evalbot.engine.retries import pause_after
from evalbot.engine.slots import Slots

FLEX_SECONDS = 600.0  # OpenAI recommends a quarter of an hour; a run has no more than twenty minutes by default
_JUST_NOW_SECONDS = 0.1  # timers and clocks differ by less

Purpose = Literal["model", "judge"]
Pricing = Callable[[Model, Usage | None, str], float | None]


class Gateway:
    """Sends requests within `limits.concurrency` and `limits.budget_usd`; the only retry layer there is.

    Args:
        provider_for: The provider that serves a model.
        price: US dollars for a model, the tokens used and the name of the model that answered; None where unknown.
            Not asked where the provider itself says what the answer cost.
        limits: What the run may take.
        clock: Seconds, monotonic; deadlines are read against it.
        sleep: Waits so many seconds.
        rng: Spreads the pauses before retries (full jitter).
        call_seconds: No single attempt takes longer.
        memory: What earlier runs paid for; nothing is recalled or kept without it.
        expected: US dollars that a request is likely to cost, None where unknown; see `Purse`.
        paid: Is told what each answer cost, where that is known.
    """

    def __init__(
        self, provider_for: Callable[[Model], Provider], price: Pricing, limits: Limits, *,
        clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rng: random.Random, call_seconds: float = 60.0, memory: Memory | None = None,
        expected: Callable[[Request], float | None] = lambda _: None, paid: Callable[[float], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.limits, self.clock = limits, clock
        self._provider_for, self._price, self._sleep, self._rng = provider_for, price, sleep, rng
        self._call_seconds, self._memory = call_seconds, memory
        self._slots = Slots(limits.concurrency)
        self._stopped: str | None = None
        self._purse = Purse(limits.budget_usd, expected, paid=paid, settings=limits.budget_names)
        self._lanes: dict[tuple[object, ...], Lane] = {}
        self._broken: dict[Endpoint, str] = {}
        self._pauses: set[asyncio.Future[object]] = set()
        self._answered: Counter[str] = Counter()
        self._dropped: dict[str, frozenset[str]] = {}
        self.retried = 0
        self.names: dict[str, set[str]] = defaultdict(set)
        """Under which names each model has answered in this run, by "provider/model"."""
        self.when_pausing: Callable[[int], None] = _nothing
        """Told 1 when a call waits before it is tried again and -1 when it no longer does: others can go on meanwhile."""

    @property
    def remembers(self) -> bool:
        """Whether there is a memory at all."""
        return self._memory is not None

    def recall(self, request: Request, nth: int) -> Reply | None:
        """The `nth` answer to this request, where an earlier run paid for it; nobody is asked and nothing counted."""
        reply = self._memory.find(request, nth) if self._memory else None
        if reply is not None and reply.dropped:
            self._note_dropped(request.model, reply)
        return reply

    def keep(self, request: Request, nth: int, reply: Reply) -> None:
        """Have a later run recall this as the `nth` answer to the request."""
        if self._memory:
            self._memory.keep(request, nth, reply)

    def forget(self, request: Request, nth: int) -> None:
        """Never recall this answer again."""
        if self._memory:
            self._memory.forget(request, nth)

    async def complete(
        self, request: Request, *, purpose: Purpose, deadline: float, nth: int | None = None, patient: bool = False
    ) -> Reply:
        """The answer to a request, with its cost, the latency of the attempt that succeeded, and the attempts made.

        Args:
            purpose: Under what the answer is counted.
            deadline: When to give up, in seconds of `clock`.
            nth: Which of several answers to this request it is; a later run recalls it by that. None: it never shall.
            patient: It may take minutes, where that is cheaper and policy wants it (`run.flex`).

        Raises:
            ProviderError: It could not be had: not a matter of waiting, tried often enough, or the wait that the
                provider asks for is longer than what is left.
            Stopped: Time or money is used up, or the run was stopped.
        """
        if patient and self._flexes(request.model):
            request = replace(request, flex=True)
        attempt, lane = 0, self._lane(request)
        while True:
            attempt += 1
            try:
                reply, latency_ms = await self._attempt(request, lane, purpose, deadline, attempt)
            except ProviderError as error:
                if request.flex and error.fault is not ProviderFault.AUTH:
                    request = replace(request, flex=False)  # the usual way then, and at once
                    lane = self._lane(request)
                    self.retried += 1
                    continue
                pause = self._after(error, request.model, lane, attempt, deadline)
            else:
                reply = self._booked(request.model, reply, purpose, latency_ms, attempt)
                if nth is not None:
                    self.keep(request, nth, reply)
                return reply
            self.when_pausing(1)
            try:
                await self._back_off(pause)
            finally:
                self.when_pausing(-1)
            self.retried += 1

    def stop(self, reason: str) -> None:
        """Make every later call raise `Stopped(reason)`, also those that wait for a slot or a retry.

        Calls in flight are paid for and are left to finish.
        """
        if self._stopped is None:
            self._stopped = reason
        self._slots.close()
        for lane in self._lanes.values():
            lane.slots.close()
        for pause in self._pauses:
            pause.cancel()

    @property
    def cost_usd(self) -> float | None:
        """What all answers cost; None as soon as one of them has no known price."""
        return None if self._purse.unknown else self._purse.known_usd

    @property
    def known_usd(self) -> float:
        """What the answers with a known price cost."""
        return self._purse.known_usd

    @property
    def model_calls(self) -> int:
        """Answers got from models under test; retries do not count."""
        return self._answered["model"]

    @property
    def judge_calls(self) -> int:
        """Answers got for metrics; retries do not count."""
        return self._answered["judge"]

    @property
    def dropped_params(self) -> dict[str, tuple[str, ...]]:
        """Params that models rejected, by "provider/model"."""
        return {label: tuple(sorted(names)) for label, names in sorted(self._dropped.items())}

    def _flexes(self, model: Model) -> bool:
        """Whether policy wants the cheap tier and the vendor has it; a model that has refused it five times in a row has not."""
        if not self.limits.flex or model.base_url is not None or not getattr(self._provider_for(model), "has_flex", False):
            return False
        lane = self._lanes.get((*model.endpoint, model.model, True))
        return lane is None or lane.failures < OUT_AFTER

    def _lane(self, request: Request) -> Lane:
        model = request.model
        key = (*model.endpoint, model.model, request.flex)
        lane = self._lanes.get(key)
        if lane is None:
            lane = self._lanes[key] = Lane(self.limits.concurrency, self.clock())
        return lane

    async def _attempt(
        self, request: Request, lane: Lane, purpose: Purpose, deadline: float, attempt: int
    ) -> tuple[Reply, float]:
        self._refuse(request.model, lane, deadline)
        if lane.held_until > (now := self.clock()):
            await self._back_off(min(lane.held_until, deadline) - now)
        finishing = purpose == "judge" or attempt > 1
        await self._take(lane.slots, deadline, finishing)
        try:
            await self._take(self._slots, deadline, finishing)
            try:
                return await self._paid(request, lane, purpose, deadline, attempt)
            finally:
                self._slots.give()
        finally:
            lane.slots.give()

    async def _take(self, slots: Slots, deadline: float, finishing: bool) -> None:
        try:
            taken = await slots.take(deadline - self.clock(), finishing=finishing)
        except TimeoutError:
            raise Stopped("the time is used up") from None
        if not taken:
            raise Stopped(self._stopped or "the run was stopped")

    async def _paid(
        self, request: Request, lane: Lane, purpose: Purpose, deadline: float, attempt: int
    ) -> tuple[Reply, float]:
        reserved, broke_off = await self._purse.reserve(request, purpose), False
        try:
            self._refuse(request.model, lane, deadline)  # much may have happened while we waited
            broke_off = True
            found = await self._send(request, lane, deadline, attempt)
            broke_off = False
            return found
        except ProviderError as error:
            broke_off = error.fault is ProviderFault.TIMEOUT  # all others say that there is no answer to pay for
            raise
        finally:
            self._purse.settle(reserved, broke_off=broke_off)

    async def _send(self, request: Request, lane: Lane, deadline: float, attempt: int) -> tuple[Reply, float]:
        started = self.clock()
        if request.flex:
            seconds = min(FLEX_SECONDS, (deadline - started) / 2)  # so that there is time for the usual way after it
        else:
            seconds = min(lane.seconds(request.model.seconds or self._call_seconds, attempt), deadline - started)
        try:
            # The provider keeps the same limit; this one holds against a body that drips and a provider that forgets.
            async with asyncio.timeout(seconds):
                reply = await self._call(request, seconds)
            text: object = reply.text  # a provider of another package may not have been type-checked
            if not isinstance(text, str):
                message = f"{request.model.label}: the provider gave {type(text).__name__} for an answer"
                raise ProviderError(ProviderFault.PROTOCOL, message)
        except TimeoutError as error:
            message = f"{request.model.label}: no answer within {seconds:.0f} s"
            raise self._failed(ProviderError(ProviderFault.TIMEOUT, message), lane, started, deadline) from error
        except ProviderError as error:
            raise self._failed(error, lane, started, deadline) from error
        now = self.clock()
        lane.answered(started, now, reply.room)
        return reply, round((now - started) * 1000, 3)

    async def _call(self, request: Request, seconds: float) -> Reply:
        provider = self._provider_for(request.model)
        if not request.texts:
            return await provider.complete(request, seconds)
        if not isinstance(provider, Embedder):
            raise ProviderError(ProviderFault.BAD_REQUEST, f"{request.model.label}: the provider has no embeddings")
        reply = await provider.embed(request, seconds)
        if len(reply.vectors) != len(request.texts):
            message = f"{request.model.label}: {len(reply.vectors)} embeddings came for {len(request.texts)} texts"
            raise ProviderError(ProviderFault.PROTOCOL, message)
        return reply

    def _failed(self, error: ProviderError, lane: Lane, started: float, deadline: float) -> ProviderError | Stopped:
        """What to raise: that a call did not end before the run had to is no fault of the model."""
        now = self.clock()
        if error.fault is ProviderFault.TIMEOUT and now > deadline - _JUST_NOW_SECONDS:
            return Stopped("the time is used up")
        lane.failed(error, started, now)
        return error

    def _refuse(self, model: Model, lane: Lane, deadline: float) -> None:
        """Raises where no call may be made now."""
        if self._stopped is not None:
            raise Stopped(self._stopped)
        if self._purse.empty:
            raise self._purse.used_up
        if self.clock() >= deadline:
            raise Stopped("the time is used up")
        if self._broken and model.endpoint in self._broken:
            raise ProviderError(ProviderFault.AUTH, self._broken[model.endpoint])
        if lane.out is not None:
            raise lane.out

    def _after(self, error: ProviderError, model: Model, lane: Lane, attempt: int, deadline: float) -> float:
        """Seconds before the next attempt; raises the error where there is to be none."""
        if error.fault is ProviderFault.AUTH:
            self._broken.setdefault(model.endpoint, str(error))
        if error is lane.out:
            raise error
        try:
            return pause_after(error, attempt, max(0.0, deadline - self.clock()), self._rng)
        except ProviderError as final:
            if final.retryable:
                lane.gave_up(final, self.clock())
            raise

    async def _back_off(self, seconds: float) -> None:
        pause = asyncio.ensure_future(self._sleep(seconds))
        self._pauses.add(pause)
        try:
            await asyncio.wait([pause])
        finally:
            self._pauses.discard(pause)
            pause.cancel()

    def _booked(self, model: Model, reply: Reply, purpose: Purpose, latency_ms: float, attempts: int) -> Reply:
        cost = reply.cost_usd if reply.cost_usd is not None else self._price(model, reply.usage, reply.model)
        self._answered[purpose] += 1
        if reply.model:
            self.names[model.label].add(reply.model)
        self._purse.pay(model.label, purpose, cost)
        if reply.dropped:
            self._note_dropped(model, reply)
        latency_ms = latency_ms if reply.recorded_ms is None else reply.recorded_ms
        return replace(reply, cost_usd=cost, latency_ms=latency_ms, attempts=attempts)

    def _note_dropped(self, model: Model, reply: Reply) -> None:
        self._dropped[model.label] = self._dropped.get(model.label, frozenset()) | frozenset(reply.dropped)


def _nothing(_: int) -> None:
    """Nobody wants to know."""
