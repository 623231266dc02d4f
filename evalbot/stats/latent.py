"""Made-up judge scores whose truth is known: whole numbers from 1 to 5, cut from a normal variable nobody sees."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Scores = NDArray[np.float64]

LEVELS = 5


@dataclass(frozen=True, slots=True)
class Profile:
    """How often a healthy prompt gets each score: the shares of 1, 2, 3, 4 and 5, which sum to 1."""

    name: str
    shares: tuple[float, float, float, float, float]

    @property
    def cuts(self) -> tuple[float, ...]:
        """Where the normal variable passes from one score to the next."""
        return tuple(NormalDist().inv_cdf(sum(self.shares[: level + 1])) for level in range(LEVELS - 1))

    def shift(self, drop: float) -> float:
        """How far the normal variable must fall for the mean score to fall by `drop` points."""
        goal, low, high = self._mean(0.0) - drop, 0.0, 10.0
        for _ in range(60):
            middle = (low + high) / 2
            low, high = (middle, high) if self._mean(middle) > goal else (low, middle)
        return low if drop else 0.0

    def _mean(self, shift: float) -> float:
        return 1.0 + sum(NormalDist().cdf(-shift - cut) for cut in self.cuts)


CEILING = Profile("ceiling, mean 4.3", (0.02, 0.03, 0.10, 0.30, 0.55))
HIGH_CEILING = Profile("high ceiling, mean 4.7", (0.005, 0.01, 0.035, 0.15, 0.80))
SPREAD = Profile("spread, mean 3.2", (0.10, 0.20, 0.30, 0.25, 0.15))


@dataclass(frozen=True, slots=True)
class Spread:
    """What makes scores differ: shares of variance, which sum to 1.

    `example`: some are harder. `interaction`: an edit helps one and hurts another. `generation`: the model answers afresh.
    `judge`: it grades afresh.
    """

    example: float = 0.60
    interaction: float = 0.10
    generation: float = 0.20
    judge: float = 0.10


@lru_cache
def correlated(profile: Profile, correlation: float) -> Spread:
    """One answer and one grade an example, with this correlation between the scores of base and head."""
    low, high = 0.0, 1.0 - 1e-9
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (middle, high) if _score_correlation(profile, middle) < correlation else (low, middle)
    return Spread(low, 0.0, 1.0 - low, 0.0)


@dataclass(frozen=True, slots=True)
class Design:
    """What a run measures: examples, fresh answers of each, and judge samples of each answer."""

    examples: int
    epochs: int = 1
    samples: int = 1

    @property
    def calls(self) -> int:
        """Grades of each example on one side."""
        return self.epochs * self.samples


def draw(
    rng: np.random.Generator, rows: int, design: Design, drops: Sequence[float], profile: Profile, spread: Spread
) -> tuple[Scores, Scores]:
    """Scores of base and head: two arrays of shape (rows, examples, epochs, samples).

    Row r of head has its true mean lower by `drops[r % len(drops)]` points.
    """
    import numpy as np

    shape = (rows, design.examples, design.epochs, design.samples)
    example = rng.standard_normal((rows, design.examples, 1, 1)) * math.sqrt(spread.example)
    shifts = np.resize([profile.shift(drop) for drop in drops], rows).reshape(rows, 1, 1, 1)
    sides = []
    for lowered in (0.0, shifts):
        latent = example - lowered
        for share, width in ((spread.interaction, 2), (spread.generation, 3), (spread.judge, 4)):
            latent = latent + rng.standard_normal(shape[:width] + (1,) * (4 - width)) * math.sqrt(share)
        latent = np.broadcast_to(latent, shape)
        sides.append(1.0 + np.searchsorted(profile.cuts, latent).astype(np.float64))
    return sides[0], sides[1]


def _score_correlation(profile: Profile, example: float) -> float:
    """Correlation of two scores of one example, by quadrature over what the example gives to both."""
    import numpy as np
    from scipy.special import ndtr

    nodes, weights = np.polynomial.hermite_e.hermegauss(60)
    weights = weights / weights.sum()
    cuts = np.array(profile.cuts)[:, None]
    given = ndtr((math.sqrt(example) * nodes - cuts) / math.sqrt(1.0 - example)).sum(axis=0)  # expected score − 1
    covariance = float((weights * given**2).sum() - (weights * given).sum() ** 2)
    levels = np.arange(1, LEVELS + 1)
    shares = np.array(profile.shares)
    return covariance / float((shares * levels**2).sum() - (shares * levels).sum() ** 2)
