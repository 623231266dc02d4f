"""Whether production got worse: windows against a pinned reference, with a budget of false alarms for a week.

Each hour the last hour, day and week are compared with the reference by Welch's test, one-sided. The level of each comparison is the weekly
budget over the hours of a week and the three windows (Bonferroni, so it holds however the comparisons depend on each other). The last hour is
compared with the same hours of the reference's days, whole days with whole days: the daily rhythm is no drift. The shortest window with
enough samples speaks first; too few samples is a state of its own, never good news.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from evalbot.stats.difference import Sample
from evalbot.stats.student import two_sided_p
from evalbot.stats.welch import welch_of

HOURS_A_WEEK = 168
WINDOWS: Mapping[str, float] = {"1h": 3_600.0, "24h": 86_400.0, "7d": 604_800.0}
"""Names of the windows and their seconds, the shortest first."""


class QualityState(StrEnum):
    """What a metric's windows show."""

    STEADY = "steady"
    DEGRADED = "degraded"
    LOW_VOLUME = "low_volume"
    NO_REFERENCE = "no_reference"


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
    """When a drop is an alarm: `weekly_alpha` is the chance of one false alarm in a week without any drop, at most."""

    weekly_alpha: float = 0.05
    min_effect: float = 0.15
    min_n: int = 30

    @property
    def alpha(self) -> float:
        """The level of one comparison."""
        return self.weekly_alpha / (HOURS_A_WEEK * len(WINDOWS))


def moments(values: Sequence[float]) -> Sample | None:
    """Size, mean and standard deviation (n − 1); None for fewer than two values."""
    if len(values) < 2:
        return None
    mean = sum(values) / len(values)
    return Sample(len(values), mean, (sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)


def quality(windows: Mapping[str, Sample | None], references: Mapping[str, Sample | None], rule: DriftRule, *, lower_is_better: bool = False) -> Quality:
    """The state of one metric.

    Args:
        windows: Name → what its samples were, the shortest first; None where there are fewer than two.
        references: For each window, the pinned reference's part that is like it.
        rule: Levels and bars.
        lower_is_better: Whether smaller values are the better ones.
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
    return next((replace(one, state=QualityState.DEGRADED) for one in found if _is_alarm(one, rule)), found[0])


def _compared(name: str, window: Sample, reference: Sample, lower_is_better: bool) -> Quality:
    test = welch_of(reference, window)
    drop = test.effect if lower_is_better else -test.effect
    p = test.p / 2 if drop > 0 else 1 - test.p / 2
    return Quality(QualityState.STEADY, name, window.n, window.mean, reference.mean, drop, p)


def _is_alarm(one: Quality, rule: DriftRule) -> bool:
    return one.drop is not None and one.p is not None and one.drop >= rule.min_effect - 1e-9 and one.p < rule.alpha


def two_sided_shift(window: Sample | None, reference: Sample | None) -> float | None:
    """Two-sided p of a shift of a plain number such as the answers' length; None where a side has fewer than two."""
    return None if window is None or reference is None else welch_of(reference, window).p


def share_shift(k: int, n: int, reference_k: int, reference_n: int) -> float | None:
    """Two-sided p that two shares differ, by the pooled normal test; None where a side is empty or all are alike."""
    if not n or not reference_n:
        return None
    pooled = (k + reference_k) / (n + reference_n)
    variance = pooled * (1 - pooled) * (1 / n + 1 / reference_n)
    if variance <= 0:
        return None
    return two_sided_p((k / n - reference_k / reference_n) / variance**0.5, 1e9)
