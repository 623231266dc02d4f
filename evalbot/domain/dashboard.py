"""What the dashboard shows: numbers with their intervals, and what they allow to be said; nothing measured is a value of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

HALLUCINATION, VIOLATIONS = "hallucination rate", "constraint violations"
"""The measures that are shares of the samples; every other one is a metric's mean."""


class Standing(StrEnum):
    """What a number allows to be said."""

    WORSE = "worse"
    NOTHING = "nothing"
    FEW = "few"
    NO_REFERENCE = "no_reference"
    UNTESTED = "untested"
    STEADY = "steady"


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean or a share of `n` values with its 95 % interval; no value where there were none, no interval where they tell nothing of their spread."""

    n: int = 0
    value: float | None = None
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Point:
    """An estimate at a time (seconds since 1970), with what a reader may want to know of it: a commit, a span."""

    at: float
    estimate: Estimate
    label: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that is measured in each window: a metric's mean, or a share of the samples (`share`)."""

    name: str
    share: bool = False
    lower_is_better: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class Cell:
    """One measure in one window. `why` says what makes it worse; `reference` is the mean that it is compared with."""

    estimate: Estimate
    standing: Standing
    points: tuple[Point, ...] = ()
    p10: float | None = None
    reference: float | None = None
    why: str = ""


@dataclass(frozen=True)
class WindowShown:
    """The last hour, day or week. `cells` are by the name of the measure."""

    name: str
    samples: int
    judged: int
    violations: int
    cost_usd: float | None
    cells: Mapping[str, Cell]


@dataclass(frozen=True)
class SampleShown:
    """A production sample. `name` is the id that its example would have; the texts are empty where they may not be shown."""

    name: str
    at: float
    scores: Mapping[str, float]
    failed: tuple[str, ...]
    hallucinated: bool | None
    judged: bool
    length: int
    input: str = ""
    output: str = ""


@dataclass(frozen=True, slots=True)
class ShiftShown:
    """Something that is neither good nor bad beside the reference, at the last whole hour: `state` is a word of `evalbot.stats.drift`."""

    what: str
    state: str
    share: bool
    window: str = ""
    n: int = 0
    value: float | None = None
    reference: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class JudgeShown:
    """What a judge's canaries showed last; `state` is "" and `at` None where it has none. `drift` is the mean of grade − frozen grade."""

    metric: str
    state: str = ""
    at: float | None = None
    n: int = 0
    lost: int = 0
    drift: float | None = None


@dataclass(frozen=True)
class AlertShown:
    """An alert with the samples that are still kept; `gone` counts those that are not. `since` is set while it stands."""

    kind: str
    severity: str
    about: str
    message: str
    at: float
    count: int
    samples: tuple[SampleShown, ...] = ()
    gone: int = 0
    since: float | None = None


@dataclass(frozen=True)
class Production:
    """What the monitor keeps. `last` is the time of the newest sample, None before the first; `earlier` counts alerts that are not listed."""

    suite: str
    standing: Standing
    words: str
    measures: tuple[Measure, ...]
    windows: tuple[WindowShown, ...]
    min_n: int
    alerts: tuple[AlertShown, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    last: float | None = None
    reference: tuple[float, float] | None = None
    earlier: int = 0
    shifts: tuple[ShiftShown, ...] = ()
    judges: tuple[JudgeShown, ...] = ()


@dataclass(frozen=True)
class RunShown:
    """One run of a suite on the default branch. `at` is seconds since 1970."""

    at: float
    commit: str
    verdict: str
    event: str = ""
    findings: tuple[str, ...] = ()
    cost_usd: float | None = None


@dataclass(frozen=True)
class Trend:
    """One prompt × partition of a suite over its runs, oldest first: passes (`metric` is "") or the mean of a metric."""

    prompt: str
    partition: str
    metric: str
    points: tuple[Point, ...]


@dataclass(frozen=True)
class SuiteShown:
    """A suite's runs, newest first, and its trends."""

    name: str
    owner: str = ""
    runs: tuple[RunShown, ...] = ()
    trends: tuple[Trend, ...] = ()


@dataclass(frozen=True)
class CostShown:
    """What was spent in the last days: name of the window → US dollars, None where a price is unknown, absent where nothing ran."""

    what: str
    spent: Mapping[str, float | None]


@dataclass(frozen=True)
class Proposing:
    """How samples become examples here: the suite that they go to, and what the commands need beside them."""

    suite: str
    config: str = "evalbot.yml"
    key: str = "default"
    repository: str = ""
    server: str = "https://github.com"


@dataclass(frozen=True)
class Dashboard:
    """Everything on the page. `at` is when it was made, in seconds since 1970; `production` is None where no monitor is configured."""

    at: float
    version: str
    repository: str
    production: Production | None
    suites: tuple[SuiteShown, ...]
    costs: tuple[CostShown, ...]
    proposing: Proposing | None = None
    texts: bool = False
    notes: tuple[str, ...] = ()
