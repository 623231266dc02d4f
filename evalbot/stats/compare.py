"""One row of the table: the scores of two sides in, every number and word about their difference out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, Test
from evalbot.stats import conclude
from evalbot.stats.changed import changed
from evalbot.stats.correlation import correlation_of
from evalbot.stats.difference import LARGEST, Difference, Sample, number, sample
from evalbot.stats.drop_bound import drop_bound, padded_se
from evalbot.stats.family import adjust
from evalbot.stats.paired import differences_of, paired_of
from evalbot.stats.power import min_detectable_effect, pairs_needed
from evalbot.stats.welch import welch_of

__all__ = ["adjust", "compare"]

FEWEST_CLUSTERS = 10
DEFAULT_EFFECT = 0.075  # of the scale's width: 0.3 on 1 to 5
PAD = 0.25  # of the scale's width: 1 on 1 to 5
POWER = 0.8


def compare(
    base: Mapping[str, float], head: Mapping[str, float], *,
    suite: str, prompt: str, partition: str, metric: str, n_planned: int, gate: ScoreGate, scale: tuple[float, float],
    lower_is_better: bool = False, clusters: Mapping[str, str] | None = None, coverage_min: float = 0.0, gated: bool = True,
) -> Comparison:  # fmt: skip
    """One comparison, complete but for `p_holm` and `blocks`, which need the whole run (`adjust`).

    Welch's test uses every score, the paired test the examples scored on both sides. `base_mean`, `head_mean`, `effect`
    and both `ci` stay on the metric's own scale, head − base; where `lower_is_better`, a rise is what the words call a
    regression, and `drop_bound` (positive: worse) bounds the rise. `min_detectable_effect` is that of the gate's test (the
    smaller of the two under `either`). A row without enough data keeps its numbers and concludes nothing.

    Args:
        base: Example id → mean score of that example; an example without a score is left out.
        head: The same for the other side.
        n_planned: Examples that were to be scored on each side.
        scale: Lowest and highest value of the metric; an infinite end needs `gate.min_effect`.
        clusters: Example id → what it shares with others; an example without an entry stands alone. Fewer than 10
            clusters are too few to conclude anything.
        coverage_min: Share of `n_planned` that each side must have scored, 0 to 1.
        gated: Whether the row can block.

    Raises:
        ValueError: A score that is no finite number or lies outside the scale (the example is named), or arguments that
            make no sense.
    """
    min_effect, pad = _sizes(gate, scale)
    data = _Scores(_checked(base, "base", scale), _checked(head, "head", scale), clusters or {})
    tests = _Tests.of(data)
    required = max(2, gate.min_examples)
    reason = _too_little(data, gate, required, n_planned, coverage_min)
    row = Comparison(
        suite=suite, prompt=prompt, partition=partition, metric=metric, n_planned=n_planned,
        n_base=len(data.base), n_head=len(data.head), n_pairs=len(data.shared),
        base_mean=tests.base.mean if tests.base else None, head_mean=tests.head.mean if tests.head else None,
        effect=tests.head.mean - tests.base.mean if tests.base and tests.head else None,
        conclusion=Conclusion.INSUFFICIENT_DATA, assurance=Assurance.INCONCLUSIVE, gated=gated, reason=reason,
        welch=_as_test(tests.welch), paired=_as_test(tests.paired),
        drop_bound=_bound(data, tests, pad, lower_is_better), min_effect=min_effect, min_examples=required,
        min_detectable_effect=None if reason else _detectable(data, tests, gate, min_effect, pad),
        correlation=tests.correlation, sd_difference=tests.moments.sd if tests.moments else None,
        n_changed=len(data.differences) - data.differences.count(0.0), lower_is_better=lower_is_better,
        n_needed=_needed(tests.moments, gate, min_effect, required), alpha=gate.alpha, test=gate.test,
        sd_base=tests.base.sd if tests.base else None, sd_head=tests.head.sd if tests.head else None,
    )  # fmt: skip
    if reason:
        return row
    conclusion = conclude.conclusion(row, gate)
    return changed(row, conclusion=conclusion, assurance=conclude.assurance(row, conclusion, gate.alpha))


class _Scores:
    """Checked scores, and what the examples that have both make together."""

    def __init__(self, base: Mapping[str, float], head: Mapping[str, float], clusters: Mapping[str, str]) -> None:
        self.base, self.head = list(base.values()), list(head.values())
        self.shared = [example for example in base if example in head]
        self.base_pairs = [base[example] for example in self.shared]
        self.head_pairs = [head[example] for example in self.shared]
        self.differences = differences_of(self.base_pairs, self.head_pairs)
        known = bool(clusters) and any(example in clusters for example in self.shared)
        self.clusters = [clusters.get(example, f"\0{example}") for example in self.shared] if known else None

    def correlation(self, base: Sample | None, head: Sample | None) -> float | None:
        """Pearson's correlation over pairs; `base` and `head` are the moments of all scores of a side."""
        if not self.shared:
            return None
        whole = len(self.base) == len(self.head) == len(self.shared)
        x, y = (base, head) if whole else (sample(self.base_pairs), sample(self.head_pairs))
        return correlation_of(self.base_pairs, self.head_pairs, x, y) if x and y else None

    @property
    def units(self) -> int:
        """How many independent pairs there are: clusters where examples share an origin."""
        return len(self.shared) if self.clusters is None else len(set(self.clusters))


@dataclass(frozen=True, slots=True)
class _Tests:
    base: Sample | None
    head: Sample | None
    moments: Sample | None  # of the differences
    welch: Difference | None
    paired: Difference | None
    correlation: float | None

    @classmethod
    def of(cls, data: _Scores) -> _Tests:
        base, head = (sample(side) if side else None for side in (data.base, data.head))
        moments = sample(data.differences) if data.differences else None
        welch = welch_of(base, head) if base and head and min(base.n, head.n) >= 2 else None
        paired = None
        if moments and moments.n >= 2 and (data.clusters is None or data.units >= FEWEST_CLUSTERS):
            ends = [f(side) for f in (min, max) for side in (data.base_pairs, data.head_pairs)]
            largest = max(map(abs, ends))
            paired = paired_of(data.differences, moments, data.clusters, largest=largest)
        return cls(base, head, moments, welch, paired, data.correlation(base, head))


def _checked(scores: Mapping[str, float], side: str, scale: tuple[float, float]) -> Mapping[str, float]:
    slack = 1e-9 * max([1.0] + [abs(end) for end in scale if math.isfinite(end)])  # the mean of 5s may round above 5
    low, high = max(scale[0] - slack, -LARGEST), min(scale[1] + slack, LARGEST)
    values = scores.values()
    if set(map(type, values)) == {float} and low <= min(values) <= max(values) <= high and not math.isnan(sum(values)):
        return scores
    checked = {}
    for example, value in scores.items():
        score = number(value, f"score of example {example!r} at {side}")
        if not low <= score <= high:
            ends = f"{scale[0]:g} to {scale[1]:g}"
            raise ValueError(f"score of example {example!r} at {side}: {score!r} is outside the scale {ends}")
        checked[example] = score
    return checked


def _sizes(gate: ScoreGate, scale: tuple[float, float]) -> tuple[float, float]:
    """The smallest effect that counts and the pad of the bound, both in points."""
    width = scale[1] - scale[0]
    if not width > 0:
        raise ValueError(f"a scale goes from low to high, not from {scale[0]} to {scale[1]}")
    if gate.min_effect is None and math.isinf(width):
        raise ValueError(f"a scale from {scale[0]} to {scale[1]} has no width: set min_effect, in points of the metric")
    min_effect = DEFAULT_EFFECT * width if gate.min_effect is None else gate.min_effect
    # Without a width, the pad keeps the proportion to the smallest effect that it has by default.
    return min_effect, PAD * width if math.isfinite(width) else min_effect * PAD / DEFAULT_EFFECT


def _too_little(data: _Scores, gate: ScoreGate, required: int, n_planned: int, coverage_min: float) -> str:
    """Why the row concludes nothing; empty where it may conclude."""
    counts = {"base": len(data.base), "head": len(data.head)}
    side = min(counts, key=counts.__getitem__)
    if counts[side] < required:
        return f"{counts[side]} of {required} examples"
    if counts[side] < coverage_min * n_planned - 1e-9:
        return f"{counts[side]} of {n_planned} planned examples scored at {side}, {coverage_min:.4g} of them needed"
    if gate.test == "paired" and len(data.shared) < required:
        return f"{len(data.shared)} of {required} examples scored on both sides"
    if data.clusters is not None and data.units < FEWEST_CLUSTERS:
        return f"{data.units} of {FEWEST_CLUSTERS} clusters"
    return ""


def _as_test(difference: Difference | None) -> Test | None:
    return None if difference is None else Test(difference.t, difference.df, difference.p, difference.ci)


def _bound(data: _Scores, tests: _Tests, pad: float, lower_is_better: bool) -> float | None:
    if tests.paired is None:
        return None
    gains = [-d for d in data.differences] if lower_is_better else data.differences
    return drop_bound(gains, pad, data.units - 1, se=0.0 if data.clusters is None else tests.paired.se)


def _detectable(data: _Scores, tests: _Tests, gate: ScoreGate, min_effect: float, pad: float) -> float | None:
    deciding: Sequence[Difference | None] = {
        "welch": (tests.welch,), "paired": (tests.paired,), "either": (tests.welch, tests.paired),
    }[gate.test]  # fmt: skip
    effects = []
    for test in deciding:
        if test is not None and test.df is not None:
            effects.append(min_detectable_effect(test.se, test.df, gate.alpha, POWER, min_effect))
        elif test is not None and data.units >= 2:  # nothing varied; that is no proof that nothing ever will
            error = padded_se(data.differences, pad)
            effects.append(min_detectable_effect(error, data.units - 1, gate.alpha, POWER, min_effect))
    return min(effects, default=None)


def _needed(moments: Sample | None, gate: ScoreGate, min_effect: float, required: int) -> int | None:
    if moments is None or not moments.sd > 0 or not min_effect > 0:
        return None
    return max(required, pairs_needed(moments.sd, min_effect, gate.alpha, POWER))
