"""Whether production got worse, or only different: windows against a pinned reference, with a budget of false alarms for a week.

Each hour the last hour, day and week are compared with the reference: means by Welch's test, shares by Fisher's. The level of each
comparison is the weekly budget over the hours of a week, the three windows and all measures (Bonferroni, so it holds however the
comparisons depend on each other). The last hour is compared with the same hours of the reference's days, whole days with whole days: the
daily rhythm is no drift. The shortest window with enough samples speaks first, and a longer one only where no shorter one says that it is
over; too few samples is a state of its own, never good news.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from evalbot.stats.difference import Sample
from evalbot.stats.welch import welch_of

Share: TypeAlias = tuple[int, int]
HOURS_A_WEEK = 168
WINDOWS: Mapping[str, float] = {"1h": 3_600.0, "24h": 86_400.0, "7d": 604_800.0}
"""Names of the windows and their seconds, the shortest first."""


class QualityState(StrEnum):
    """What a metric's windows show."""

    STEADY = "steady"
    DEGRADED = "degraded"
    LOW_VOLUME = "low_volume"
    NO_REFERENCE = "no_reference"


class ShiftState(StrEnum):
    """What the windows of something that is neither good nor bad show."""

    STEADY = "steady"
    SHIFTED = "shifted"
    LOW_VOLUME = "low_volume"
    NO_REFERENCE = "no_reference"


@dataclass(frozen=True, slots=True)
class Shift:
    """One measure's state, as `Quality` is a metric's; `p` is two-sided."""

    state: ShiftState
    window: str = ""
    n: int = 0
    value: float | None = None
    reference: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class Quality:
    """One metric's state. `window` is the one that spoke, "" where none had enough; `drop` is reference − window, in points, up is worse."""

    state: QualityState
    window: str = ""
    n: int = 0
    mean: float | None = None
    reference: float | None = None
    drop: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class DriftRule:
    """When a drop or shift is an alarm: `weekly_alpha` is the chance of one false alarm in a week in which nothing changed, at most.

    `min_effect` is in points of a score; `min_share` of 0 to 1, for shares; `min_length` a part of the answers' length.
    """

    weekly_alpha: float = 0.05
    min_effect: float = 0.15
    min_n: int = 30
    min_share: float = 0.05
    min_length: float = 0.1

    def level(self, measures: int) -> float:
        """The level of one comparison where so many measures are compared."""
        return self.weekly_alpha / (HOURS_A_WEEK * len(WINDOWS) * max(1, measures))


def quality(windows: Mapping[str, Sample | None], references: Mapping[str, Sample | None], rule: DriftRule, *, lower_is_better: bool = False, measures: int = 1) -> Quality:
    """The state of one metric.

    Args:
        windows: Name → what its samples were, the shortest first; None where there are fewer than two.
        references: For each window, the pinned reference's part that is like it.
        rule: Levels and bars.
        lower_is_better: Whether smaller values are the better ones.
        measures: How many metrics share the budget.
    """
    pinned = {name: found for name, found in references.items() if found is not None and found.n >= rule.min_n}
    judged = {name: found for name, found in windows.items() if found is not None and found.n >= rule.min_n}
    if not pinned:
        return Quality(QualityState.NO_REFERENCE, n=max((found.n for found in windows.values() if found), default=0))
    if not judged:
        shortest = next(iter(windows.values()), None)
        return Quality(QualityState.LOW_VOLUME, n=shortest.n if shortest else 0, reference=next(iter(pinned.values())).mean)
    found = [_compared(name, sample, pinned[name], lower_is_better) for name, sample in judged.items() if name in pinned]
    if not found:
        return Quality(QualityState.NO_REFERENCE, n=max(one.n for one in judged.values()))
    at = _alarm([(one.drop or 0.0, 1.0 if one.p is None else one.p) for one in found], rule.min_effect, rule.level(measures))
    return found[0] if at is None else replace(found[at], state=QualityState.DEGRADED)


def length_shift(windows: Mapping[str, Sample | None], references: Mapping[str, Sample | None], rule: DriftRule, measures: int = 1) -> Shift:
    """Whether answers became longer or shorter. Samples are of `log1p` of lengths, since those are skewed; values are typical lengths again."""
    found: list[tuple[float, float, Shift]] = []
    for name, window in windows.items():
        reference = references[name]
        if window and reference and min(window.n, reference.n) >= rule.min_n:
            test = welch_of(reference, window)
            shown = Shift(ShiftState.STEADY, name, window.n, math.expm1(window.mean), math.expm1(reference.mean), test.p)
            found.append((test.effect, test.p, shown))
    pinned = [one.n for one in references.values() if one]
    return _shift(found, math.log1p(rule.min_length), rule.level(measures), pinned, rule.min_n)


def share_shift(windows: Mapping[str, Share], references: Mapping[str, Share], rule: DriftRule, measures: int = 1) -> Shift:
    """Whether a share of the samples changed, up or down; windows and references are (how many, of how many) by name."""
    found: list[tuple[float, float, Shift]] = []
    for name, (k, n) in windows.items():
        other_k, other_n = references[name]
        if min(n, other_n) >= rule.min_n:
            share, before = k / n, other_k / other_n
            # A change below the bar is none, whatever its p: that is not worked out then.
            p = shares_p(k, n, other_k, other_n) if abs(share - before) >= rule.min_share - 1e-9 else 1.0
            found.append((share - before, p, Shift(ShiftState.STEADY, name, n, share, before, p)))
    return _shift(found, rule.min_share, rule.level(measures), [n for _, n in references.values()], rule.min_n)


def shares_p(k: int, n: int, other_k: int, other_n: int) -> float:
    """Fisher's exact test, two-sided, by logarithms: fit for numbers in the thousands.

    Source: R. A. Fisher (1935), as `evalbot.stats.missing.fisher_exact`, which is exact to the last digit and slow here.
    """
    import numpy as np
    from scipy.special import gammaln

    drawn = k + other_k
    i = np.arange(max(0, drawn - other_n), min(n, drawn) + 1, dtype=float)
    ways = -(gammaln(i + 1) + gammaln(n - i + 1) + gammaln(drawn - i + 1) + gammaln(other_n - drawn + i + 1))
    weights = np.exp(ways - ways.max())
    here = weights[k - int(i[0])]
    return min(1.0, float(weights[weights <= here * (1 + 1e-7)].sum() / weights.sum()))


def _shift(found: Sequence[tuple[float, float, Shift]], bar: float, level: float, references: Sequence[int], min_n: int) -> Shift:
    if max(references, default=0) < min_n:
        return Shift(ShiftState.NO_REFERENCE)
    if not found:
        return Shift(ShiftState.LOW_VOLUME)
    at = _alarm([(change, p) for change, p, _ in found], bar, level)
    return found[0][2] if at is None else replace(found[at][2], state=ShiftState.SHIFTED)


def _alarm(found: Sequence[tuple[float, float]], bar: float, level: float) -> int | None:
    """Which comparison is an alarm, of (change, p) with the shortest window first.

    A long window remembers what is over: it is heard only while each shorter one shows half of the bar, in the same direction.
    """
    for at, (change, p) in enumerate(found):
        sign = 1.0 if change > 0 else -1.0
        if abs(change) >= bar - 1e-9 and p < level and all(sign * shorter >= bar / 2 for shorter, _ in found[:at]):
            return at
    return None


def _compared(name: str, window: Sample, reference: Sample, lower_is_better: bool) -> Quality:
    test = welch_of(reference, window)
    drop = test.effect if lower_is_better else -test.effect
    p = test.p / 2 if drop > 0 else 1 - test.p / 2
    return Quality(QualityState.STEADY, name, window.n, window.mean, reference.mean, drop, p)
