"""Whether a failed call is tried again, and when: full jitter, the server's own wishes, and the time that is left."""

from __future__ import annotations

import random

from evalbot.domain.errors import ProviderError

ATTEMPTS = 5
FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 30.0


def pause_after(error: ProviderError, attempt: int, left: float, rng: random.Random) -> float:
    """Seconds before the next attempt; raises the error, saying why, where there is to be none.

    Args:
        attempt: How many there were, from 1.
        left: Seconds until the deadline, at least 0.
        rng: Spreads the pauses (full jitter).
    """
    if not error.retryable:
        raise error
    asked = error.retry_after
    if asked is not None and not asked < left:
        raise _final(error, f"it asks to wait {asked:.0f} s and {left:.0f} s are left, so it was not tried again")
    if attempt >= ATTEMPTS:
        raise _final(error, f"given up after {attempt} attempts")
    pause = rng.uniform(0.0, min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)))
    if asked is not None:
        # Never before the time asked for, and not all at the same moment.
        pause = min(max(asked, 0.0) * rng.uniform(1.0, 1.1), left)
    if pause >= left and asked is None:
        raise _final(error, f"{left:.0f} s are left, so it was not tried again")
    return pause


def _final(error: ProviderError, why: str) -> ProviderError:
    final = ProviderError(error.fault, f"{error} ({why})", error.retry_after)
    final.__cause__ = error
    return final
