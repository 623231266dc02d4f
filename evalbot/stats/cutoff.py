"""The cut-off of a score that tells good answers from bad ones best, and how well it does."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

FEWEST = 10
"""Of either kind: with fewer, a cut-off is luck."""


@dataclass(frozen=True, slots=True)
class Cutoff:
    """A cut-off and what it does.

    Args:
        value: From here on an answer passes.
        good: How many of the good ones pass, of how many.
        bad: How many of the bad ones are stopped, of how many.
        auc: The chance that a good one scores above a bad one, ties counting half: 0.5 is no information.
        ci: The 95 % interval of `auc`.
        left_out: How many of all are told right by the cut-off that the others give.
    """

    value: float
    good: tuple[int, int]
    bad: tuple[int, int]
    auc: float
    ci: tuple[float, float]
    left_out: tuple[int, int]

    @property
    def tells(self) -> bool:
        """Whether the score tells good from bad at all: the interval of `auc` lies above one half."""
        return self.ci[0] > 0.5


def best_cutoff(good: Sequence[float], bad: Sequence[float]) -> Cutoff:
    """The cut-off with the largest sum of good ones that pass and bad ones that are stopped, as shares (Youden's J).

    Of equally good ones the middle of the widest gap is taken, so that a score that moves a little changes nothing.

    Args:
        good: Scores of answers that should pass; at least 10, finite.
        bad: Scores of answers that should not; at least 10, finite.

    Raises:
        ValueError: There are too few, or a score is not finite.

    Source: W. J. Youden, Cancer 3 (1950) 32-35; the interval of the area is Hanley and McNeil's, Radiology 143 (1982) 29-36.
    """
    if min(len(good), len(bad)) < FEWEST:
        raise ValueError(f"{len(good)} good and {len(bad)} bad ones are too few; {FEWEST} of each are needed")
    if not all(map(math.isfinite, (*good, *bad))):
        raise ValueError("scores must be finite")
    value = _best(good, bad)
    auc = _area(good, bad)
    return Cutoff(
        value, (sum(score >= value for score in good), len(good)), (sum(score < value for score in bad), len(bad)),
        auc, _interval(auc, len(good), len(bad)), _left_out(good, bad),
    )  # fmt: skip


def _best(good: Sequence[float], bad: Sequence[float]) -> float:
    scores = sorted({*good, *bad})
    if len(scores) < 2:
        return scores[0]
    gaps = list(itertools.pairwise(scores))

    def worth(gap: tuple[float, float]) -> tuple[float, float]:
        middle = (gap[0] + gap[1]) / 2
        passed = sum(score >= middle for score in good) / len(good)
        stopped = sum(score < middle for score in bad) / len(bad)
        return (round(passed + stopped, 12), gap[1] - gap[0])

    low, high = max(gaps, key=worth)
    return (low + high) / 2


def _area(good: Sequence[float], bad: Sequence[float]) -> float:
    wins = sum((one > other) + 0.5 * (one == other) for one in good for other in bad)
    return wins / (len(good) * len(bad))


def _interval(auc: float, good: int, bad: int) -> tuple[float, float]:
    above, below = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    variance = (auc * (1 - auc) + (good - 1) * (above - auc * auc) + (bad - 1) * (below - auc * auc)) / (good * bad)
    half = NormalDist().inv_cdf(0.975) * math.sqrt(max(0.0, variance))
    return max(0.0, auc - half), min(1.0, auc + half)


def _left_out(good: Sequence[float], bad: Sequence[float]) -> tuple[int, int]:
    right = sum(score >= _best([*good[:at], *good[at + 1 :]], bad) for at, score in enumerate(good))
    right += sum(score < _best(good, [*bad[:at], *bad[at + 1 :]]) for at, score in enumerate(bad))
    return right, len(good) + len(bad)
