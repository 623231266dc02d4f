"""Looking before the end without paying for it in false alarms: group boundaries and confidence sequences.

No gate uses them: a verdict is a test of a fixed number of examples. They are for partitions of hundreds of examples.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist
from typing import NamedTuple

from evalbot.stats.difference import numbers, sample

NODES = 200
REACH = 8.0  # standard deviations beyond which nothing is


class ConfidenceSequence(NamedTuple):
    """The mean so far lies within `half_width` of the true one at every look at once."""

    mean: float
    half_width: float


def confidence_sequence(values: Sequence[float], alpha: float = 0.05, rho: float = 2.6) -> ConfidenceSequence:
    """The asymptotic confidence sequence of a mean, after however many values, in the order in which they came.

    s·√(2(n + ρ²)·ln(√(n + ρ²)/(α·ρ)))/n with s the standard deviation (n − 1). `rho` 2.6 is narrowest near 60 values.

    Args:
        values: At least two finite numbers.

    Source: Robbins' normal mixture; Waudby-Smith et al., "Time-uniform central limit theory", arXiv 2103.06476.
    """
    if len(values) < 2 or not 0 < alpha < 1 or not rho > 0:
        raise ValueError(f"no sequence from {len(values)} values at alpha {alpha} and rho {rho}")
    found = sample(numbers(values, "values"))
    size = found.n + rho * rho
    return ConfidenceSequence(found.mean, found.sd * math.sqrt(2 * size * math.log(math.sqrt(size) / (alpha * rho))) / found.n)


def obrien_fleming(looks: int, alpha: float = 0.025) -> list[float]:
    """The z that each of several equally spaced looks must exceed, one-sided, spending `alpha` as O'Brien and Fleming do.

    At the share t of the data 2(1 − Φ(z(1 − α/2)/√t)) is spent; each boundary is solved for by integrating over where the
    score stands at the look before.

    Source: Lan and DeMets, Biometrika 70 (1983) 659-663; equals R's rpact `getDesignGroupSequential(typeOfDesign = "asOF")`.
    """
    import numpy as np
    from scipy.special import ndtr

    if looks < 1 or not 0 < alpha < 1:
        raise ValueError(f"{looks} looks at alpha {alpha} are no design")
    normal = NormalDist()
    spent = [2 * (1 - normal.cdf(normal.inv_cdf(1 - alpha / 2) / math.sqrt(k / looks))) for k in range(1, looks + 1)]
    nodes, weights = np.polynomial.legendre.leggauss(NODES)
    places, density, bounds = np.zeros(1), np.ones(1), list[float]()  # scores in units of one look's spread
    for look in range(1, looks + 1):
        wanted = spent[look - 1] - (spent[look - 2] if look > 1 else 0.0)
        low, high = 0.0, REACH * math.sqrt(look)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if float(density @ ndtr(places - middle)) > wanted else (low, middle)
        bounds.append(high / math.sqrt(look))
        bottom = -REACH * math.sqrt(look)
        grid = bottom + (high - bottom) * (nodes + 1) / 2
        steps = np.exp(-((grid[:, None] - places) ** 2) / 2) / math.sqrt(2 * math.pi)
        density, places = (steps @ density) * weights * (high - bottom) / 2, grid
    return bounds
