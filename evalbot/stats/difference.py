"""A difference of two means with its uncertainty, and the guards every test goes through before it may speak."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from dataclasses import dataclass

# Squares of anything larger could leave the range of a float; no score is near it.
LARGEST = 1e100
# Below this many roundings of the mean, a spread is the trace of arithmetic and not of the data (R's t.test draws the
# same line and refuses with "data are essentially constant").
ROUNDING = 10 * sys.float_info.epsilon
# Means that differ by less, relative to their size, are one number that was rounded twice.
SAME = 1e-12


@dataclass(frozen=True, slots=True)
class Difference:
    """What a t-test found. Never holds a NaN or an infinity.

    Attributes:
        effect: Mean of head minus mean of base, in points of the score.
        se: Standard error of `effect`; 0 where `degenerate`.
        t: The statistic, signed as the function that made it says; None where `degenerate`.
        df: Degrees of freedom; None where `degenerate`.
        p: Two-sided, 0 to 1.
        ci: Two-sided 95 % interval of head − base.
        degenerate: The scores do not vary, so they decided before any test: equal means have p = 1, different ones p = 0.
    """

    effect: float
    se: float
    t: float | None
    df: float | None
    p: float
    ci: tuple[float, float]
    degenerate: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """Size, mean and standard deviation (n − 1) of some scores; `sd` is exactly 0 where all of them are one number."""

    n: int
    mean: float
    sd: float


def number(value: object, where: str) -> float:
    """The value as a float, or a ValueError that says where something else stood: a NaN would read as "no change"."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ValueError(f"{where}: {value!r} is not a number; leave an example without a score out")
    if not -LARGEST <= value <= LARGEST:
        raise ValueError(f"{where}: {value!r} is not a finite number of a size that can be tested")
    return float(value)


def numbers(values: Sequence[float], name: str) -> list[float]:
    """All values as floats; a ValueError names the first that is none, counting from 0."""
    return [number(value, f"{name}[{position}]") for position, value in enumerate(values)]


def sample(values: Sequence[float]) -> Sample:
    """Size, mean and standard deviation (0 for a single one) of finite numbers, at least one, summed exactly."""
    n, low, high = len(values), min(values), max(values)
    if low == high:  # the mean of equal floats is not always that float: 13/3 ten times is not, by one rounding
        return Sample(n, low, 0.0)
    mean = math.fsum(values) / n
    squares = math.fsum([(deviation := value - mean) * deviation for value in values])
    if squares < 1e-200:  # squares of tiny scores vanish, and with them a spread that is there
        widest = high - low
        squares = math.fsum([((value - mean) / widest) ** 2 for value in values])
        return Sample(n, mean, widest * math.sqrt(squares / (n - 1)))
    return Sample(n, mean, math.sqrt(squares / (n - 1)))


def is_rounding(se: float, *means: float) -> bool:
    """Whether a standard error is nothing but rounding of these means."""
    return se <= ROUNDING * max(map(abs, means))


def decided(effect: float, *means: float) -> Difference:
    """The difference of scores that do not vary: p = 1 where the means are equal, else p = 0."""
    if abs(effect) <= SAME * max(map(abs, means)):
        return Difference(0.0, 0.0, None, None, 1.0, (0.0, 0.0), degenerate=True)
    return Difference(effect, 0.0, None, None, 0.0, (effect, effect), degenerate=True)


def tested(effect: float, se: float, t: float, df: float) -> Difference:
    """The difference of scores that vary, by Student's t with `df` degrees of freedom."""
    from evalbot.stats.student import quantile, two_sided_p

    half = quantile(0.975, df) * se
    return Difference(effect, se, t, df, two_sided_p(t, df), (effect - half, effect + half))
