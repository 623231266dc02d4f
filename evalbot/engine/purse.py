"""The purse: what a run has spent, what its calls in flight are expected to cost, and whether there is enough for one more."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from evalbot.domain.errors import Stopped
from evalbot.domain.models import Request

_ROUNDING = 1e-9


@dataclass(slots=True)
class _Seen:
    usd: float = 0.0
    calls: int = 0


class Purse:
    """Keeps `budget_usd` with the calls in flight counted in.

    A call is expected to cost what calls of its kind did on average, and before there were any, what `expected` says. Where
    that might be too much, it waits until the calls in flight are settled: they may turn out cheaper. The first call of
    all is always made, or an estimate could refuse what a cent would pay.

    Args:
        expected: US dollars for a request, in advance; None where the price is unknown.
        paid: Is told what each answer cost, where that is known.
        settings: What sets the budget, for a person.
    """

    def __init__(
        self, budget_usd: float, expected: Callable[[Request], float | None], *,
        paid: Callable[[float], None] = lambda _: None, settings: str = "run.budget_usd sets it",
    ) -> None:  # fmt: skip
        self.budget_usd = budget_usd
        self._paid, self._settings = paid, settings
        self.known_usd = 0.0
        self.unknown = False
        self._expected = expected
        self._reserved = 0.0
        self._in_flight = 0
        self._maybe_usd = 0.0  # for calls that broke off: they may be on the bill all the same
        self._seen: dict[tuple[str, str], _Seen] = defaultdict(_Seen)
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def empty(self) -> bool:
        """Whether nothing more may be spent."""
        return self.known_usd + self._maybe_usd >= self.budget_usd - _ROUNDING

    @property
    def used_up(self) -> Stopped:
        """What to say then."""
        return Stopped(f"the budget of ${self.budget_usd:.2f} is used up; {self._settings}")

    async def reserve(self, request: Request, purpose: str) -> float:
        """US dollars put aside for one attempt, to be settled whatever comes of it.

        Raises:
            Stopped: There is not enough left for it.
        """
        usd = self._likely(request, purpose)
        while True:
            spent = self.known_usd + self._maybe_usd
            if self.empty or (not self._in_flight and spent > 0 and spent + usd > self.budget_usd + _ROUNDING):
                raise self.used_up
            if not self._in_flight or spent + self._reserved + usd <= self.budget_usd + _ROUNDING:
                break
            turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(turn)
            await turn
        self._reserved += usd
        self._in_flight += 1
        return usd

    def settle(self, reserved: float, *, broke_off: bool = False) -> None:
        """The attempt is over. Where it broke off before an answer came, it counts against the budget and not as a cost."""
        self._reserved -= reserved
        self._in_flight -= 1
        if broke_off:
            self._maybe_usd += reserved
        waiting, self._waiting = self._waiting, []
        for turn in waiting:
            if not turn.done():
                turn.set_result(None)

    def pay(self, label: str, purpose: str, usd: float | None) -> None:
        """What an answer cost; None where its price is unknown."""
        if usd is None:
            self.unknown = True
            return
        self.known_usd += usd
        self._paid(usd)
        seen = self._seen[label, purpose]
        seen.usd += usd
        seen.calls += 1

    def _likely(self, request: Request, purpose: str) -> float:
        seen = self._seen.get((request.model.label, purpose))
        if seen is not None:
            return seen.usd / seen.calls
        return self._expected(request) or 0.0
