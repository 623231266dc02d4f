"""`evalbot bench stats`: how often the verdict code is wrong, measured on scores whose truth is known."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, product
from typing import TYPE_CHECKING, TypeVar
from zlib import crc32

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion
from evalbot.stats import golden
from evalbot.stats.cells import Cell, missed, table
from evalbot.stats.compare import adjust, compare
from evalbot.stats.conclude import concluded
from evalbot.stats.difference import sample
from evalbot.stats.latent import CEILING, HIGH_CEILING, SPREAD, Design, Profile, Spread, correlated, draw
from evalbot.stats.welch import welch_of

if TYPE_CHECKING:
    import numpy as np

    from evalbot.stats.latent import Scores

__all__ = ["Cell", "constant_sweep", "missed", "run", "table"]

SEED = 20_261_123
SCALE = (1.0, 5.0)
PROMPTS = 4  # that a pull request changes
MOST_CLEARED = 0.075
SURE = 2.0  # standard errors between a rate and its bound
WELCH = ScoreGate()
GATES = {
    "Welch (default)": WELCH,
    "paired": ScoreGate(test="paired"),
    "paired, Holm": ScoreGate(test="paired", multiplicity="holm"),
    "either": ScoreGate(test="either"),
    "either, Holm": ScoreGate(test="either", multiplicity="holm"),
    "non-inferiority": ScoreGate(non_inferiority=True),
}
NAIVE = "naive pooling"

# What a reader is told of one comparison, and how often it may be said at most of a true drop of 0.5.
ANSWERS = {"regression": None, "likely_drop": None, "trivial": None, "inconclusive": None, "all-clear": 0.01}

HARMLESS = "Pull request blocked although nothing changed (4 prompts)"
ONE_DROP = "Pull request blocked, one of 4 prompts down by 0.5"
ALL_DROP = "Pull request blocked, all 4 prompts down by 0.3"
MANY = "Pull request blocked although nothing changed, by number of comparisons"
CLEARED = "`ruled_out` claimed although the true drop is 0.3"
WORDS = "What one comparison of 30 examples says of a true drop of 0.5"
EQUAL = "Drops of 0.5 found when each test may raise 1 % false alarms (n = 30)"
GOLDEN = "Golden set blocked although every example passes 98 times in 100"
FOUND = "One golden example found broken, by how often it still passes"
CONSTANT = "Constant, equal scores called significant"


T = TypeVar("T")
Job = Callable[[], list[Cell]]
Each = Callable[[Callable[[Job], list[Cell]], Iterable[Job]], Iterable[list[Cell]]]


ONE_CALL, FRESH = Design(30), Design(30, epochs=3)
DESIGNS = (*(Design(30, samples=k) for k in (1, 2, 3, 4, 5)), FRESH, Design(10), Design(20, samples=3), Design(50))


@dataclass(frozen=True, slots=True)
class PullRequests:
    """Four prompts a pull request, decided by every gate; and by Welch on all calls pooled, as if each were an example.

    Where a rate is bounded, as many as it takes to see on which side of its bound it lies, at most ten times `runs`.
    """

    table: str
    design: Design
    drops: tuple[float, ...]
    runs: int
    seed: int
    limits: tuple[tuple[str, float], ...] = ()
    at_least: bool = False

    def __call__(self) -> list[Cell]:
        """The share of pull requests blocked, by gate."""
        rng, limits, runs, blocked = _rng(self.seed, self), dict(self.limits), 0, Counter[str]()
        while runs < 10 * self.runs:
            blocked.update(self._blocked(rng))
            runs += self.runs
            if all(_settled(blocked[gate] / runs, limit, runs) for gate, limit in self.limits):
                break
        return [
            Cell(self.table, _named(self.design), gate, blocked[gate] / runs, runs, limits.get(gate), self.at_least)
            for gate in (*GATES, NAIVE)
        ]

    def _blocked(self, rng: np.random.Generator) -> dict[str, int]:
        """How many of `runs` pull requests each gate blocks."""
        base, head = draw(rng, self.runs * PROMPTS, self.design, self.drops, CEILING, Spread())
        by_gate = _blocked_by_gate(_rows(base, head), (PROMPTS,))
        blocked = {gate: sum(by_size[PROMPTS]) for gate, by_size in by_gate.items()}
        # With one call an example there is nothing to pool.
        return blocked | {NAIVE: blocked["Welch (default)"] if self.design.calls == 1 else sum(_naive(base, head))}


@dataclass(frozen=True, slots=True)
class Families:
    """Harmless comparisons, gathered into pull requests of several sizes."""

    examples: int
    runs: int
    seed: int

    def __call__(self) -> list[Cell]:
        """The share of pull requests blocked, by gate and number of comparisons."""
        base, head = draw(_rng(self.seed, self), self.runs, Design(self.examples), (0.0,), CEILING, Spread())
        cells = []
        gates = [gate for gate in GATES if gate != "either, Holm"]  # as "paired, Holm", and dear with 40 rows
        for gate, by_size in _blocked_by_gate(_rows(base, head), (1, 4, 12, 40), gates).items():
            for size, hits in by_size.items():
                case = f"n = {self.examples}, {size} comparison{'s' * (size > 1)}"
                limit = 0.035 if gate == "paired, Holm" else None
                cells.append(Cell(MANY, case, gate, sum(hits) / len(hits), len(hits), limit))
        return cells


@dataclass(frozen=True, slots=True)
class Clearings:
    """Single comparisons with a true drop of 0.3, which nobody may rule out.

    As many as it takes to see on which side of its bound the rate lies, at most ten times `runs`.
    """

    profile: Profile
    correlation: float
    examples: int
    runs: int
    seed: int

    def __call__(self) -> list[Cell]:
        """The share that claims `ruled_out` all the same."""
        rng, cleared, runs = _rng(self.seed, self), 0, 0
        while runs < 10 * self.runs:
            rows = _correlated(self.profile, self.correlation, self.examples, 0.3, self.runs, rng)
            cleared, runs = cleared + sum(row.assurance is Assurance.RULED_OUT for row in rows), runs + self.runs
            if _settled(cleared / runs, MOST_CLEARED, runs):
                break
        case = f"{self.profile.name}; correlation {self.correlation:g}"
        return [Cell(CLEARED, case, f"n = {self.examples}", cleared / runs, runs, MOST_CLEARED)]


@dataclass(frozen=True, slots=True)
class Words:
    """Single comparisons with a true drop of 0.5."""

    correlation: float
    runs: int
    seed: int

    def __call__(self) -> list[Cell]:
        """The share of each answer; an all-clear is wrong here."""
        rows = _correlated(CEILING, self.correlation, 30, 0.5, self.runs, _rng(self.seed, self))
        said = [_said(row) for row in rows]
        return [
            Cell(WORDS, f"correlation {self.correlation:g}", word, said.count(word) / self.runs, self.runs, limit)
            for word, limit in ANSWERS.items()
        ]


@dataclass(frozen=True, slots=True)
class EqualAlarms:
    """Both tests at the same false-alarm rate, to be honest about what pairing gains."""

    correlation: float
    runs: int
    seed: int

    def __call__(self) -> list[Cell]:
        """The share of drops found by each test."""
        rng, case = _rng(self.seed, self), f"correlation {self.correlation:g}"
        harmless = _correlated(CEILING, self.correlation, 30, 0.0, self.runs, rng)
        worse = _correlated(CEILING, self.correlation, 30, 0.5, self.runs // 2, rng)
        cells = []
        for test in ("welch", "paired"):
            threshold = sorted(_one_sided(row, test) for row in harmless)[self.runs // 100]
            found = sum(_one_sided(row, test) < threshold for row in worse)
            cells.append(Cell(EQUAL, case, test, found / len(worse), len(worse)))
        return cells


def constant_sweep() -> tuple[int, int]:
    """How many pairs of equal constants were compared, and how many came out significant (scipy 1.17.1: 5,244).

    Scores from 1 to 5 in thirds, as the mean of three grades gives them, with 10 to 39 examples a side.
    """
    cases = list(product([thirds / 3 for thirds in range(3, 16)], range(10, 40), range(10, 40)))
    quiet = (1.0, None, None, Conclusion.NO_CHANGE)
    wrong = 0
    for score, n_base, n_head in cases:
        row = _compare([score] * n_base, [score] * n_head)
        wrong += row.welch is None or (row.welch.p, row.welch.t, row.welch.df, row.conclusion) != quiet
    return len(cases), wrong


def run(seed: int = SEED, quick: bool = False, each: Each = map) -> Sequence[Cell]:
    """All cells, through the code that decides pull requests. The same seed gives the same numbers.

    Args:
        seed: Any whole number from 0.
        quick: A tenth of the runs, for a smoke test; its rates are rough.
        each: How to go through the independent jobs; `Executor.map` of a process pool spreads them over cores.
    """
    return list(chain.from_iterable(each(_done, _jobs(seed, 10 if quick else 1))))


def _jobs(seed: int, divide: int) -> Iterator[Job]:
    for design in DESIGNS:
        yield PullRequests(HARMLESS, design, (0.0,), 400 // divide, seed, (("Welch (default)", 0.02),))
    for design in (ONE_CALL, Design(30, samples=3), FRESH, Design(50)):
        floor = (("paired, Holm", 0.85),) if design == FRESH else ()
        yield PullRequests(ONE_DROP, design, (0.5, 0.0, 0.0, 0.0), 300 // divide, seed, floor, at_least=True)
        yield PullRequests(ALL_DROP, design, (0.3,), 300 // divide, seed)
    for examples in (20, 30):
        yield Families(examples, 6_000 // divide, seed)
    for profile, correlation, examples in product((CEILING, HIGH_CEILING, SPREAD), (0.3, 0.6, 0.9), (10, 30, 100)):
        yield Clearings(profile, correlation, examples, 600 // divide, seed)
    for correlation in (0.3, 0.6, 0.9):
        yield Words(correlation, 1500 // divide, seed)
        yield EqualAlarms(correlation, 1500 // divide, seed)
    yield _golden
    yield _constants


def _golden() -> list[Cell]:
    rules = {"strict, one run": 0, "2 of 3": 2, "3 of 5 (default)": 4}
    cells = []
    for n, (rule, confirm) in product((20, 50, 100, 200), rules.items()):
        limit = 0.01 if (n, confirm) == (100, 4) else None
        cells.append(Cell(GOLDEN, f"{n} examples", rule, golden.false_block(0.98, n, confirm), 0, limit))
    for passes, (rule, confirm) in product((0.0, 0.2, 0.5, 0.8), rules.items()):
        floor = None if passes else 1.0
        cells.append(Cell(FOUND, f"passes {passes:.0%}", rule, golden.broken(passes, confirm), 0, floor, at_least=True))
    return cells


def _constants() -> list[Cell]:
    cases, wrong = constant_sweep()
    return [Cell(CONSTANT, "scores in thirds, 10 to 39 examples a side", "evalbot", wrong / cases, cases, 0.0)]


def _settled(rate: float, limit: float, runs: int) -> bool:
    """Whether so many runs leave little doubt on which side of its bound a rate lies."""
    return abs(rate - limit) > SURE * math.sqrt(limit * (1 - limit) / runs)


def _done(job: Job) -> list[Cell]:
    return job()


def _rng(seed: int, job: object) -> np.random.Generator:
    """A stream of its own for each job, so that neither their order nor their number changes a result."""
    import numpy as np

    return np.random.default_rng([seed, crc32(repr(job).encode())])


def _compare(base: Sequence[float], head: Sequence[float]) -> Comparison:
    sides = (dict(zip(_ids(len(side)), side, strict=True)) for side in (base, head))
    return compare(
        *sides, suite="s", prompt="p", partition="regression", metric="judge", n_planned=max(len(base), len(head)),
        gate=WELCH, scale=SCALE,
    )  # fmt: skip


@lru_cache
def _ids(count: int) -> tuple[str, ...]:
    return tuple(f"r-{i}" for i in range(count))


def _rows(base: Scores, head: Scores) -> list[Comparison]:
    """One comparison a row, of the mean score of each example, as the run itself makes them."""
    means = (side.mean(axis=(2, 3)).tolist() for side in (base, head))
    return [_compare(b, h) for b, h in zip(*means, strict=True)]


def _correlated(
    profile: Profile, correlation: float, examples: int, drop: float, runs: int, rng: np.random.Generator
) -> list[Comparison]:
    return _rows(*draw(rng, runs, Design(examples), (drop,), profile, correlated(profile, correlation)))


def _blocked_by_gate(
    rows: Sequence[Comparison], sizes: Sequence[int], gates: Iterable[str] = tuple(GATES)
) -> dict[str, dict[int, list[bool]]]:
    """For each gate and size, whether each pull request of that many rows is blocked.

    A row's tests are the same under every gate. Without a correction rows do not know each other, so that one call serves
    all pull requests.
    """
    blocked: dict[str, dict[int, list[bool]]] = {}
    for name in gates:
        gate = GATES[name]
        alone = [row.blocks for row in adjust(rows, {"s": gate})] if gate.multiplicity == "none" else None
        blocked[name] = {size: _any(alone, size) if alone else _together(rows, size, gate) for size in sizes}
    return blocked


def _together(rows: Sequence[Comparison], size: int, gate: ScoreGate) -> list[bool]:
    return [any(row.blocks for row in adjust(family, {"s": gate})) for family in _grouped(rows, size)]


def _any(hits: Sequence[bool], size: int) -> list[bool]:
    return [any(group) for group in _grouped(hits, size)]


def _naive(base: Scores, head: Scores) -> list[bool]:
    calls = [side.reshape(len(side), -1).tolist() for side in (base, head)]
    tests = [welch_of(sample(b), sample(h)) for b, h in zip(*calls, strict=True)]
    hits = [concluded(t.p, -t.effect, WELCH.alpha, 0.3) is Conclusion.REGRESSION for t in tests]
    return _any(hits, PROMPTS)


def _grouped(items: Sequence[T], size: int) -> list[Sequence[T]]:
    """Groups of exactly `size`; what is left over is left out."""
    return [items[end - size : end] for end in range(size, len(items) + 1, size)]


def _said(row: Comparison) -> str:
    if row.conclusion is Conclusion.REGRESSION:
        return "regression"
    if row.conclusion is Conclusion.IMPROVEMENT or row.assurance is Assurance.RULED_OUT:
        return "all-clear"
    if row.conclusion is Conclusion.TRIVIAL:
        return "trivial"
    return str(row.assurance)


def _one_sided(row: Comparison, test: str) -> float:
    """A p-value that is small only for a drop."""
    found = row.welch if test == "welch" else row.paired
    assert found is not None and found.p is not None and row.effect is not None  # noqa: S101, PT018 - 30 examples a side
    return found.p / 2 if row.effect < 0 else 1.0 - found.p / 2


def _named(design: Design) -> str:
    calls = f"{design.epochs} fresh answers" if design.epochs > 1 else f"{design.samples} judge samples"
    return f"n = {design.examples}" if design.calls == 1 else f"n = {design.examples}, {calls}"
