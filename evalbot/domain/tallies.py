"""Sums of what production samples showed: they add up, so that a window is known without looking at its samples again."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.monitoring import NO_ANSWER, Seen

SAMPLES, LENGTH, HALLUCINATED, VIOLATIONS, COST, UNPRICED = "samples", "length", "hallucinated", "violations", "cost", "unpriced"
SCORE, FAILED, LANGUAGE = "score:", "failed:", "language:"
_EXACT = 256
_STEP = math.log(1.01)  # neighbours are 1 % apart, so that a value is moved by half a percent at most


@dataclass(slots=True)
class Sum:
    """How many numbers, their sum, and their squared deviations from their mean; `values` counts each of them where that is wanted."""

    n: int = 0
    total: float = 0.0
    spread: float = 0.0
    values: dict[float, int] = field(default_factory=dict)

    @property
    def mean(self) -> float:
        """0 for none."""
        return self.total / self.n if self.n else 0.0

    @property
    def sd(self) -> float:
        """With n − 1; 0 for fewer than two."""
        return math.sqrt(self.spread / (self.n - 1)) if self.n > 1 else 0.0

    def add(self, other: Sum) -> None:
        """Those numbers too. Source: Chan, Golub and LeVeque (1979): nothing cancels out, whatever the size of the numbers."""
        if self.n and other.n:
            self.spread += (other.mean - self.mean) ** 2 * self.n * other.n / (self.n + other.n)
        self.n, self.total, self.spread = self.n + other.n, self.total + other.total, self.spread + other.spread
        for value, count in other.values.items():
            self.values[value] = self.values.get(value, 0) + count

    def p10(self) -> float | None:
        """The value below which a tenth lies, of those that are counted; None where none is."""
        left = sum(self.values.values()) // 10
        for value in sorted(self.values):
            left -= self.values[value]
            if left < 0:
                return value
        return None

    def coarse(self) -> None:
        """Where there are more than 256 different values, count them at values 1 % apart: each is moved by half a percent at most."""
        if len(self.values) > _EXACT:
            moved: dict[float, int] = {}
            for value, count in self.values.items():
                near = _near(value)
                moved[near] = moved.get(near, 0) + count
            self.values = moved


@dataclass(slots=True)
class Tally:
    """Sums by measure. `samples`, `failed:<what>` and `language:<code>` only count; `score:<metric>` counts values as well.

    `length` is of `log1p` of the answers' lengths; `hallucinated` of 0 and 1 for each judged answer; `violations` of the samples that
    have any; `cost` of the judged samples of which it is known, `unpriced` counts the others.
    """

    sums: dict[str, Sum] = field(default_factory=dict)

    def of(self, measure: str) -> Sum:
        """The sum; an empty one where there is none."""
        return self.sums.get(measure) or Sum()

    def named(self, kind: str) -> frozenset[str]:
        """What there is of a kind: metrics of `score:`."""
        return frozenset(name.removeprefix(kind) for name in self.sums if name.startswith(kind))

    def add(self, other: Tally) -> None:
        """Those samples too."""
        for measure, one in other.sums.items():
            self.sums.setdefault(measure, Sum()).add(one)

    @property
    def samples(self) -> int:
        """How many there are."""
        return self.of(SAMPLES).n

    @property
    def judged(self) -> int:
        """How many of them a metric that asks a model has looked at."""
        return self.of(COST).n + self.of(UNPRICED).n

    @property
    def cost_usd(self) -> float | None:
        """What judging them cost; None where a price is unknown."""
        return None if self.of(UNPRICED).n else self.of(COST).total

    @property
    def violations(self) -> int:
        """How many rules were broken."""
        return round(self.of(VIOLATIONS).total)


def summed(values: Sequence[float], *, counted: bool = False) -> Sum:
    """The sum of these; `counted` keeps how many there are of each."""
    if not values:
        return Sum()
    total = math.fsum(values)
    mean = total / len(values)
    found = Sum(len(values), total, math.fsum([(value - mean) ** 2 for value in values]))
    for value in values if counted else ():
        found.values[value] = found.values.get(value, 0) + 1
    return found


def tally_of(rows: Iterable[Seen]) -> Tally:
    """What these samples showed, in sums."""
    found: dict[str, list[float]] = {}
    for one in rows:
        for measure, value in _measured(one):
            found.setdefault(measure, []).append(value)
    return Tally({measure: summed(values, counted=measure.startswith(SCORE)) for measure, values in found.items()})


def together(parts: Iterable[Tally]) -> Tally:
    """All of them in one."""
    whole = Tally()
    for part in parts:
        whole.add(part)
    return whole


def growing(parts: Mapping[str, Tally]) -> dict[str, Tally]:
    """Windows from disjoint parts, the shortest first: each holds the shorter ones."""
    names = list(parts)
    return {name: together(parts[inner] for inner in names[: at + 1]) for at, name in enumerate(names)}


def _measured(one: Seen) -> Iterable[tuple[str, float]]:
    yield SAMPLES, 1.0
    if one.failed != (NO_ANSWER,):
        yield LENGTH, math.log1p(one.length)
    if one.hallucinated is not None:
        yield HALLUCINATED, float(one.hallucinated)
    if one.violations:
        yield VIOLATIONS, float(one.violations)
    if one.judged:
        yield (UNPRICED, 1.0) if one.cost_usd is None else (COST, one.cost_usd)
    if one.language:
        yield LANGUAGE + one.language, 1.0
    yield from ((FAILED + kind, 1.0) for kind in set(one.failed))
    yield from ((SCORE + metric, float(value)) for metric, value in one.scores.items())


def _near(value: float) -> float:
    return math.copysign(math.exp(round(math.log(abs(value)) / _STEP) * _STEP), value) if value else 0.0
