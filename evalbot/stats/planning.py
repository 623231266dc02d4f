"""How large the next run has to be, from how much the scores of the last one varied."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from evalbot.stats.power import min_detectable_effect, pairs_needed

MOST_EXAMPLES = 10**6


@dataclass(frozen=True, slots=True)
class Spread:
    """How scores varied in a run.

    Attributes:
        base: Standard deviation of the examples' scores at base, in points.
        head: The same at head.
        difference: Standard deviation of head − base over examples.
        repeats: Scores behind each example's mean, 1 or more.
        intra: ICC(1) of these repeats; None where it is unknown.
    """

    base: float
    head: float
    difference: float
    repeats: float = 1.0
    intra: float | None = None

    @property
    def within(self) -> float | None:
        """Variance of one repeat about its example's true score: what more repeats average away; None where unknown.

        From s² = total·(ICC + (1 − ICC)/k), the variance of means of k repeats.
        """
        if self.intra is None or self.repeats <= 1.0:
            return None
        share = min(1.0, max(0.0, self.intra))
        total = (self.base**2 + self.head**2) / 2 / (share + (1.0 - share) / self.repeats)
        return (1.0 - share) * total

    def repeated(self, repeats: float) -> Spread | None:
        """The spread to expect of means of so many repeats; None where the run cannot tell."""
        within = self.within
        if within is None:
            return self if repeats == self.repeats else None
        fewer = self.repeats / repeats - 1.0  # what noise grows or shrinks by

        def widened(sd: float, means: int) -> float:
            """A spread whose part that stems from repeats, no more than all of it, changes with their number."""
            noise = min(sd * sd, means * within / self.repeats)
            return math.sqrt(sd * sd + noise * fewer)

        sides = widened(self.base, 1), widened(self.head, 1)
        return replace(self, base=sides[0], head=sides[1], difference=widened(self.difference, 2), repeats=repeats)


def examples_to_see(spread: Spread, drop: float, alpha: float, power: float) -> int:
    """Examples with which the paired test finds a true drop with probability `power` (`pairs_needed`)."""
    return pairs_needed(spread.difference, drop, alpha, power)


def examples_to_block(spread: Spread, drop: float, alpha: float, power: float, min_effect: float, test: str) -> int | None:
    """Examples with which the whole rule, p < alpha and an observed drop of `min_effect`, blocks a true drop.

    The inverse of `min_detectable_effect`, as reports show it. None where no number does: at a true drop of `min_effect`
    the observed one falls short of it half of the time.

    Args:
        drop: The true drop, in points.
        test: The gate's: `welch`, `paired` or `either`.
    """
    tests: dict[str, tuple[Callable[[int], tuple[float, float]], ...]] = {
        "welch": (lambda n: _welch(spread, n),), "paired": (lambda n: _paired(spread, n),),
        "either": (lambda n: _welch(spread, n), lambda n: _paired(spread, n)),
    }  # fmt: skip

    def enough(n: int) -> bool:
        errors = (error(n) for error in tests[test])
        return min(min_detectable_effect(se, df, alpha, power, min_effect) for se, df in errors) <= drop

    if drop <= min_effect or not enough(MOST_EXAMPLES):
        return None
    low, high = 1, MOST_EXAMPLES  # low is too few
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high


def _welch(spread: Spread, n: int) -> tuple[float, float]:
    """Standard error and degrees of freedom with n examples a side."""
    a, b = spread.base**2, spread.head**2
    return math.sqrt((a + b) / n), (n - 1) * ((a + b) ** 2 / (a * a + b * b) if a + b else 1.0)


def _paired(spread: Spread, n: int) -> tuple[float, float]:
    return spread.difference / math.sqrt(n), n - 1.0
