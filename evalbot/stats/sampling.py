"""Which production samples are worth looking at: a fair share of every stratum, and whatever looks like trouble."""

from __future__ import annotations

import heapq
import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, TypeVar

T = TypeVar("T")
SLOW = 0.95

@dataclass(frozen=True, slots=True)
class Facts:
    """What the sampler needs to know of one sample.

    Args:
        id: The sample's own id; what is seen twice counts once.
        stratum: Where it belongs: hour, segment, anything that can be compared.
        text: What `always` patterns are looked for in.
        latency_ms: How long its answer took, if known.
        trouble: Whether it is to be taken whatever its stratum: an error, bad feedback.
    """

    id: str
    stratum: tuple[object, ...] = ()
    text: str = ""
    latency_ms: float | None = None
    trouble: bool = False


class ProductionSampler(Generic[T]):
    """Draws a sample from a stream in one pass, within bounded memory, and the same one each time.

    From each stratum a share of `rate` is taken, at least one; where that is more than `most`, strata with few samples
    come first and the large ones share what is left evenly. Taken whatever their stratum: samples with `trouble`, those
    whose text matches one of `always`, and those slower than 95 % of the window.

    Which samples of a stratum are taken depends on a hash of their ids and the seed alone: not on their order, and
    not on what else the window holds. Memory grows with `most` and the number of strata, and by about 80 bytes a sample.

    Args:
        rate: Share of every stratum, 0 to 1.
        always: Words or regular expressions, looked for without regard to case.
        most: So many samples at the most.
        seed: Another seed draws another sample.
        slow: Take what is slower than this share of the window; None takes nothing for being slow.

    Example:
        >>> sampler = ProductionSampler(rate=0.05, always=["refund"], most=500)
        >>> for request in log:
        ...     sampler.offer(request, Facts(request.id, (request.hour,), request.text, request.latency_ms))
        >>> chosen = sampler.chosen()
    """

    def __init__(
        self, rate: float = 0.05, always: Iterable[str] = (), most: int = 500, seed: int = 0, slow: float | None = SLOW
    ) -> None:
        if not 0 <= rate <= 1 or most < 1 or not (slow is None or 0 < slow < 1):
            raise ValueError(f"rate must lie in 0 to 1, most be at least 1 and slow lie between 0 and 1, not {rate}, {most} and {slow}")
        self._rate, self._most, self._slow = rate, most, slow
        self._pattern = _together(always)
        self._key = str(seed).encode()
        self._seen: set[int] = set()
        self._strata: dict[tuple[object, ...], _Pool[T]] = {}
        self._trouble: _Pool[T] = _Pool()
        self._slowest: list[tuple[float, int, T]] = []
        self._latencies = array("d")
        self._repeated = 0

    @property
    def offered(self) -> int:
        """Distinct samples offered so far."""
        return len(self._seen)

    @property
    def repeated(self) -> int:
        """Samples whose id had been offered before."""
        return self._repeated

    def offer(self, sample: T, facts: Facts) -> None:
        """Look at one sample; it is kept only while it may still be chosen."""
        number = self._hash(facts.id)
        if number in self._seen:
            self._repeated += 1
            return
        self._seen.add(number)
        if facts.trouble or (self._pattern is not None and self._pattern.search(facts.text)):
            self._trouble.offer(number, sample, self._most)
        else:
            pool = self._strata.get(facts.stratum)
            if pool is None:
                pool = self._strata[facts.stratum] = _Pool()
            pool.offer(number, sample, self._most)
        if self._slow is not None and facts.latency_ms is not None:
            self._latencies.append(facts.latency_ms)
            entry = (facts.latency_ms, number, sample)
            if len(self._slowest) < self._most:
                heapq.heappush(self._slowest, entry)
            elif entry[:2] > self._slowest[0][:2]:
                heapq.heapreplace(self._slowest, entry)

    def chosen(self) -> list[T]:
        """The sample: trouble first, then what was slow, then every stratum's share, the rarest strata first."""
        found: dict[int, T] = {}
        for number, sample in [*self._trouble.lowest(self._most), *self._slow_ones(), *self._shares()]:
            if len(found) >= self._most:
                break
            found.setdefault(number, sample)
        return list(found.values())

    def _slow_ones(self) -> list[tuple[int, T]]:
        if self._slow is None or not self._latencies:
            return []
        ordered = sorted(self._latencies)
        bar = ordered[min(len(ordered) - 1, int(self._slow * len(ordered)))]
        above = sorted((entry for entry in self._slowest if entry[0] > bar), key=lambda entry: (-entry[0], entry[1]))
        return [(number, sample) for _, number, sample in above]

    def _shares(self) -> list[tuple[int, T]]:
        """In rounds, one of each stratum that has something left, the smallest strata first."""
        order = sorted(self._strata.items(), key=lambda item: (item[1].count, repr(item[0])))
        left = [pool.lowest(max(1, round(self._rate * pool.count)) if self._rate else 0) for _, pool in order]
        return [share[turn] for turn in range(max(map(len, left), default=0)) for share in left if turn < len(share)]

    def _hash(self, name: str) -> int:
        return int.from_bytes(blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8, key=self._key).digest(), "big")


@dataclass
class _Pool(Generic[T]):
    """The samples with the lowest hashes of those that were offered, and how many there were."""

    count: int = 0
    _heap: list[tuple[int, T]] = field(default_factory=list)

    def offer(self, number: int, sample: T, most: int) -> None:
        self.count += 1
        if len(self._heap) < most:
            heapq.heappush(self._heap, (-number, sample))
        elif -number > self._heap[0][0]:
            heapq.heapreplace(self._heap, (-number, sample))

    def lowest(self, most: int) -> list[tuple[int, T]]:
        return [(-number, sample) for number, sample in sorted(self._heap, key=lambda entry: -entry[0])[:most]]


def _together(patterns: Iterable[str]) -> re.Pattern[str] | None:
    listed: Sequence[str] = tuple(patterns)
    if not listed:
        return None
    return re.compile("|".join(f"(?:{pattern})" for pattern in listed), re.IGNORECASE)


