"""From test results to words: the conclusion of a score test and the assurance beside it (contract, section 8)."""

from __future__ import annotations

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, Test

# 4.2 − 4.5 is −0.2999999999999998: without a tolerance a drop of exactly 0.3 would pass.
TOLERANCE = 1e-9
# With five examples changed, all the same way, chance alone does as much in 1 of 16 runs.
FEWEST_CHANGED = 6

SHOWN = (Conclusion.REGRESSION, Conclusion.IMPROVEMENT)


def worse_by(difference: float, lower_is_better: bool) -> float:
    """A difference head − base as points of worsening: positive where head is worse."""
    return difference if lower_is_better else -difference


def concluded(p: float, worsening: float, alpha: float, min_effect: float) -> Conclusion:
    """The conclusion of one test: significant needs p < alpha, meaningful at least `min_effect` points."""
    if p >= alpha:
        return Conclusion.NO_CHANGE
    if abs(worsening) < min_effect - TOLERANCE:
        return Conclusion.TRIVIAL
    return Conclusion.REGRESSION if worsening > 0 else Conclusion.IMPROVEMENT


def by_welch(row: Comparison, alpha: float, p: float | None = None) -> Conclusion:
    """What Welch's test says of a row, with its own p or an adjusted one."""
    if row.welch is None or row.welch.p is None or row.effect is None:
        return Conclusion.INSUFFICIENT_DATA
    return concluded(row.welch.p if p is None else p, worse_by(row.effect, row.lower_is_better), alpha, row.min_effect)


def by_pairs(row: Comparison, alpha: float, p: float | None = None) -> Conclusion:
    """What the paired test says of a row, with its own p or an adjusted one; needs 6 examples that changed."""
    if row.paired is None or row.paired.p is None or row.n_pairs < row.min_examples:
        return Conclusion.INSUFFICIENT_DATA
    if row.n_changed < FEWEST_CHANGED:
        return Conclusion.NO_CHANGE
    worsening = worse_by(paired_mean(row.paired), row.lower_is_better)
    return concluded(row.paired.p if p is None else p, worsening, alpha, row.min_effect)


def paired_mean(test: Test) -> float:
    """The mean difference that an interval lies around: over pairs only, so it may differ from the row's effect."""
    return (test.ci[0] + test.ci[1]) / 2 if test.ci is not None else 0.0


def conclusion(row: Comparison, gate: ScoreGate) -> Conclusion:
    """The conclusion of a row with enough data, by the test that the gate names, before any adjustment.

    `welch` and `paired` speak for themselves. `either` says regression where one of the two does, since such a row
    blocks, and otherwise what Welch's test says.
    """
    if gate.test == "paired":
        return by_pairs(row, gate.alpha)
    if gate.test == "either" and by_pairs(row, gate.alpha) is Conclusion.REGRESSION:
        return Conclusion.REGRESSION
    return by_welch(row, gate.alpha)


def assurance(row: Comparison, conclusion: Conclusion, alpha: float, paired_p: float | None = None) -> Assurance:
    """What the data promise beside a conclusion.

    `shown` for a regression or improvement; `likely_drop` where the paired test finds a worsening that the conclusion
    does not name; `ruled_out` where every worsening of `min_effect` or more is excluded at one-sided 95 %; else
    `inconclusive`. A trivial change that is bounded below `min_effect` is `ruled_out`: the test did see it, and it is small.

    Args:
        row: The comparison; its own conclusion and assurance are not read.
        conclusion: What the gate's test concluded.
        alpha: The gate's.
        paired_p: The paired p adjusted over all gated rows; the row's own where None.
    """
    if conclusion is Conclusion.INSUFFICIENT_DATA:
        return Assurance.INCONCLUSIVE
    if conclusion in SHOWN:
        return Assurance.SHOWN
    if conclusion is Conclusion.TRIVIAL and rules_out(row):
        return Assurance.RULED_OUT
    if _drops(row, alpha, paired_p):
        return Assurance.LIKELY_DROP
    return Assurance.RULED_OUT if rules_out(row) else Assurance.INCONCLUSIVE


def rules_out(row: Comparison) -> bool:
    """Whether every worsening of `min_effect` or more is excluded, from enough pairs."""
    return row.n_pairs >= row.min_examples and row.drop_bound is not None and row.drop_bound < row.min_effect


def _drops(row: Comparison, alpha: float, paired_p: float | None) -> bool:
    found = by_pairs(row, alpha, paired_p) not in (Conclusion.NO_CHANGE, Conclusion.INSUFFICIENT_DATA)
    return found and row.paired is not None and worse_by(paired_mean(row.paired), row.lower_is_better) > 0
