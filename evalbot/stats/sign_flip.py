"""The sign-flip test: how often chance alone, flipping the sign of each example's difference, does as much."""

from __future__ import annotations

import random
from collections.abc import Sequence

from evalbot.stats.difference import numbers

EXACT_UP_TO = 16
FLIPS = 20_000


def sign_flip(differences: Sequence[float], seed: str = "") -> float:
    """Two-sided p of the mean difference, under the hypothesis that each difference is symmetric about 0.

    Exact over all sign patterns for up to 16 non-zero differences, else (1 + as extreme) / (1 + 20,000) over random
    patterns. Assumes no distribution; with many ties it is conservative, and with fewer than 6 non-zero differences it
    cannot fall below 0.0625.

    Args:
        differences: Head − base by example; zeros are allowed and change nothing. An empty sequence has p = 1.
        seed: Makes the random patterns; pass what identifies the comparison, such as its example ids.

    Raises:
        ValueError: A difference that is no finite number.

    Source: R. A. Fisher, The Design of Experiments (1935), section 21; the +1 of Phipson and Smyth (2010).
    """
    nonzero = [abs(d) for d in numbers(differences, "differences") if d]
    if not nonzero:
        return 1.0
    observed = abs(sum(differences)) - 1e-9 * max(nonzero)  # sums of the same scores differ by rounding
    if len(nonzero) <= EXACT_UP_TO:
        return _exact(nonzero, observed)
    return _sampled(nonzero, observed, seed)


def _exact(sizes: Sequence[float], observed: float) -> float:
    import numpy as np

    sums = np.zeros(1)
    for size in sizes:
        sums = np.concatenate([sums + size, sums - size])
    return float(np.mean(np.abs(sums) >= observed))


def _sampled(sizes: Sequence[float], observed: float, seed: str) -> float:
    import numpy as np

    width = -(-len(sizes) // 8)
    # The standard library's generator, because its stream is the same on every version of numpy.
    raw = random.Random(seed).randbytes(FLIPS * width)
    bits = np.unpackbits(np.frombuffer(raw, dtype=np.uint8).reshape(FLIPS, width), axis=1, count=len(sizes))
    sums = (bits.astype(np.float64) * 2.0 - 1.0) @ np.array(sizes)
    return float((1 + int(np.count_nonzero(np.abs(sums) >= observed))) / (1 + FLIPS))
