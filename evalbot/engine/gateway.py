"""The gateway: the one door to every model, which retries, waits, counts, and stops when time or money is used up."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Literal

from evalbot.domain.errors import ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Model, Reply, Request, Usage
from evalbot.domain.policy import Limits
from evalbot.domain.ports import Provider
from evalbot.engine.memory import Memory
from evalbot.engine.slots import Slots

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0
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
    """

    def __init__(
        self, provider_for: Callable[[Model], Provider], price: Pricing, limits: Limits, *,
        clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
        rng: random.Random, call_seconds: float = 60.0, memory: Memory | None = None,
    ) -> None:  # fmt: skip
        self.limits, self.clock = limits, clock
        self._provider_for, self._price, self._sleep, self._rng = provider_for, price, sleep, rng
        self._call_seconds, self._memory = call_seconds, memory
        self._slots = Slots(limits.concurrency)
        self._stopped: str | None = None
        self._broken: dict[tuple[str, str | None, str | None], str] = {}
        self._pauses: set[asyncio.Future[object]] = set()
        self._answered: Counter[str] = Counter()
        self._dropped: dict[str, frozenset[str]] = {}
        self.known_usd = 0.0
        self.unknown = False
        self.retried = 0

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

    def forget(self, request: Request, nth: int) -> None:
        """Never recall this answer again."""
        if self._memory:
            self._memory.forget(request, nth)

    async def complete(self, request: Request, *, purpose: Purpose, deadline: float, nth: int | None = None) -> Reply:
        """The answer to a request, with its cost, the latency of the attempt that succeeded, and the attempts made.

        Args:
            purpose: Under what the answer is counted.
            deadline: When to give up, in seconds of `clock`.
            nth: Which of several answers to this request it is; a later run recalls it by that. None: it never shall.

        Raises:
            ProviderError: It could not be had: not a matter of waiting, tried often enough, or the wait that the
                provider asks for is longer than what is left.
            Stopped: Time or money is used up, or the run was stopped.
        """
        attempt = 0
        while True:
            attempt += 1
            try:
                reply, latency_ms = await self._attempt(request, purpose, deadline)
            except ProviderError as error:
                if error.fault is ProviderFault.AUTH:
                    self._broken.setdefault(request.model.endpoint, str(error))
                pause = self._pause_after(error, attempt, deadline)
            else:
                reply = self._booked(request.model, reply, purpose, latency_ms, attempt)
                if nth is not None and self._memory:
                    self._memory.keep(request, nth, reply)
                return reply
            await self._back_off(pause)
            self.retried += 1

    def stop(self, reason: str) -> None:
        """Make every later call raise `Stopped(reason)`, also those that wait for a slot or a retry.

        Calls in flight are paid for and are left to finish.
        """
        if self._stopped is None:
            self._stopped = reason
        self._slots.close()
        for pause in self._pauses:
            pause.cancel()

    @property
    def cost_usd(self) -> float | None:
        """What all answers cost; None as soon as one of them has no known price."""
        return None if self.unknown else self.known_usd

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

    async def _attempt(self, request: Request, purpose: Purpose, deadline: float) -> tuple[Reply, float]:
        self._refuse(request.model, deadline)
        try:
            taken = await self._slots.take(deadline - self.clock(), finishing=purpose == "judge")
        except TimeoutError:
            raise Stopped("the time is used up") from None
        if not taken:
            raise Stopped(self._stopped or "the run was stopped")
        try:
            self._refuse(request.model, deadline)  # much may have happened while we waited for the slot
            return await self._send(request, deadline)
        finally:
            self._slots.give()

    async def _send(self, request: Request, deadline: float) -> tuple[Reply, float]:
        started = self.clock()
        seconds = min(request.model.seconds or self._call_seconds, deadline - started)
        try:
            # The provider keeps the same limit; this one holds against a body that drips and a provider that forgets.
            async with asyncio.timeout(seconds):
                reply = await self._provider_for(request.model).complete(request, seconds)
        except (TimeoutError, ProviderError) as error:
            late = not isinstance(error, ProviderError) or error.fault is ProviderFault.TIMEOUT
            if late and self.clock() > deadline - _JUST_NOW_SECONDS:
                raise Stopped("the time is used up") from error
            if isinstance(error, ProviderError):
                raise
            message = f"{request.model.label}: no answer within {seconds:.0f} s"
            raise ProviderError(ProviderFault.TIMEOUT, message) from error
        text: object = reply.text  # a provider of another package may not have been type-checked
        if not isinstance(text, str):
            message = f"{request.model.label}: the provider gave {type(text).__name__} for an answer"
            raise ProviderError(ProviderFault.PROTOCOL, message)
        return reply, round((self.clock() - started) * 1000, 3)

    def _refuse(self, model: Model, deadline: float) -> None:
        """Raises where no call may be made now."""
        if self._stopped is not None:
            raise Stopped(self._stopped)
        if self.known_usd >= self.limits.budget_usd:
            raise Stopped(f"the budget of ${self.limits.budget_usd:.2f} is used up; run.budget_usd sets it")
        if self.clock() >= deadline:
            raise Stopped("the time is used up")
        if self._broken and model.endpoint in self._broken:
            raise ProviderError(ProviderFault.AUTH, self._broken[model.endpoint])

    def _pause_after(self, error: ProviderError, attempt: int, deadline: float) -> float:
        """Seconds before the next attempt; raises the error where there is to be none."""
        if not error.retryable:
            raise error
        left = max(0.0, deadline - self.clock())
        asked = error.retry_after
        if asked is not None and not asked < left:
            raise _final(error, f"it asks to wait {asked:.0f} s and {left:.0f} s are left, so it was not tried again")
        if attempt >= ATTEMPTS:
            raise _final(error, f"given up after {attempt} attempts")
        pause = self._rng.uniform(0.0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)))
        if asked is not None:
            # Never before the time asked for, and not all at the same moment.
            pause = min(max(asked, 0.0) * self._rng.uniform(1.0, 1.1), left)
        if pause >= left and asked is None:
            raise _final(error, f"{left:.0f} s are left, so it was not tried again")
        return pause

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
        if cost is None:
            self.unknown = True
        else:
            self.known_usd += cost
        if reply.dropped:
            self._note_dropped(model, reply)
        latency_ms = latency_ms if reply.recorded_ms is None else reply.recorded_ms
        return replace(reply, cost_usd=cost, latency_ms=latency_ms, attempts=attempts)

    def _note_dropped(self, model: Model, reply: Reply) -> None:
        self._dropped[model.label] = self._dropped.get(model.label, frozenset()) | frozenset(reply.dropped)


def _final(error: ProviderError, why: str) -> ProviderError:
    final = ProviderError(error.fault, f"{error} ({why})", error.retry_after)
    final.__cause__ = error
    return final
