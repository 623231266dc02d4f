"""A lane: the calls to one model, as many at once as it takes, none of them hanging, and none once it is out of order."""

from __future__ import annotations

from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Room
from evalbot.engine.slots import Slots

FIRST = 16  # calls at once before anything is known
TOLERATED = 0.25  # of a round: chance alone refuses so many of twenty calls once in 3,000 rounds where one in twenty fails
DEEPEST_CUT, LATER_CUT = 0.5, 0.8
LONGEST_HOLD_SECONDS = 60.0
OUT_AFTER = 5  # calls in a row that were given up
QUIET_SECONDS = 15.0  # and no answer for so long
_SMALLEST_WINDOW, _CALM_ROUNDS = 4, 5
_KNOWN_AFTER, _TIMES_SLOWEST, _SHORTEST_SECONDS = 20, 5.0, 15.0


class Lane:
    """How one model is called.

    Calls in flight start at 16 and double with each round of answers, up to the run's own limit. Where more than one call
    in four of a round is refused (HTTP 429), they are cut by the share that was refused, at most by half and later by a fifth,
    and nothing new begins before the time that the server asks for; from then on there is one more every five rounds.
    Server errors and timeouts only stop the growth of their round: fewer calls do not cure them.

    Args:
        most: Calls in flight that the run allows.
        now: Seconds of the gateway's clock.
    """

    def __init__(self, most: int, now: float) -> None:
        self._most = most
        self.slots = Slots(min(most, FIRST))
        self.held_until = 0.0
        self.out: ProviderError | None = None
        self._answers = self._refusals = 0
        self._calm, self._careful, self._rounds, self._cut_at = True, False, 0, 0.0
        self._asked_wait: float | None = None
        self._known, self._slowest = 0, 0.0
        self._heard_at, self._given_up = now, 0
        self.failures = 0
        """Attempts in a row that came to nothing."""

    def answered(self, started: float, now: float, room: Room | None) -> None:
        """An answer came; `room` is what the server says of calls to come."""
        self._heard_at, self._given_up, self.failures, self.out = now, 0, 0, None
        self._known += 1
        self._slowest = max(self._slowest, now - started)
        if started >= self._cut_at:
            self._answers += 1
            self._review(now)
        if room is not None and room.calls < self.slots.limit:
            self._careful = True
            self.slots.resize(room.calls)
            if room.calls == 0:
                self._hold(now, room.seconds)

    def failed(self, error: ProviderError, started: float, now: float) -> None:
        """An attempt came to nothing."""
        self.failures += 1
        if error.fault is not ProviderFault.RATE_LIMIT:
            self._calm = False
        elif started >= self._cut_at:
            self._refusals += 1
            if error.retry_after is not None:
                self._asked_wait = min(self._asked_wait or error.retry_after, error.retry_after)
            self._review(now)

    def gave_up(self, error: ProviderError, now: float) -> None:
        """A call will not be tried again. After five in a row and fifteen seconds without an answer, the model counts as out."""
        self._given_up += 1
        if self._given_up >= OUT_AFTER and now - self._heard_at >= QUIET_SECONDS:
            why = f"{error}; no further call was made, after {self._given_up} in a row came to nothing"
            self.out = ProviderError(error.fault, why)

    def seconds(self, most: float, attempt: int) -> float:
        """How long an attempt may take: the first no longer than five times what the slowest answer took.

        A connection that hangs then costs seconds and not the whole limit; the next attempt has all of it.
        """
        if attempt > 1 or self._known < _KNOWN_AFTER:
            return most
        return min(most, max(_SHORTEST_SECONDS, _TIMES_SLOWEST * self._slowest))

    def _review(self, now: float) -> None:
        """After a round of calls: more at once, fewer, or as many."""
        calls = self._answers + self._refusals
        if calls < max(_SMALLEST_WINDOW, self.slots.limit):
            return
        share = self._refusals / calls
        if share > TOLERATED:
            deepest = LATER_CUT if self._careful else DEEPEST_CUT
            self._careful, self._rounds, self._cut_at = True, 0, now
            self.slots.resize(int(self.slots.limit * max(deepest, 1 - share)))
            self._hold(now, self._asked_wait or 0.0)
        elif self._calm and self.slots.limit < self._most:
            self._rounds += 1
            if not self._careful:
                self.slots.resize(min(self._most, 2 * self.slots.limit))
            elif self._rounds % _CALM_ROUNDS == 0:
                self.slots.resize(self.slots.limit + 1)
        self._answers = self._refusals = 0
        self._calm, self._asked_wait = True, None

    def _hold(self, now: float, seconds: float) -> None:
        self.held_until = max(self.held_until, now + min(seconds, LONGEST_HOLD_SECONDS))
