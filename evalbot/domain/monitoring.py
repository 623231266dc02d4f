"""Words of the monitor: its policy, what one production sample showed, what shifted, and what is an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evalbot.domain.canonical import Json

NO_ANSWER = "no answer"
"""What a sample failed that has none."""


@dataclass(frozen=True)
class MonitorPolicy:
    """`monitor:` of the configuration; see its shape for what each key means."""

    suite: str
    stream: Mapping[str, Json] = field(default_factory=dict)
    store: str = ".evalbot-monitor/results.sqlite"
    judge_share: float = 0.1
    flush_seconds: float = 60.0
    weekly_alpha: float = 0.05
    min_effect: float = 0.15
    min_n: int = 30
    min_share: float = 0.05
    min_length: float = 0.1
    canary_seconds: float = 86_400.0
    floors: Mapping[str, float] = field(default_factory=dict)
    cooldown_seconds: float = 21_600.0
    webhook_env: str = ""
    issue: bool = False
    openmetrics: str = ""
    redact: tuple[str, ...] = ()
    line: int = 0
    keep_samples: int = 1_000_000
    names: str = ""


@dataclass(frozen=True, slots=True)
class Seen:
    """What one sample showed. `scores` holds numbers by metric, `failed` the names of what failed; `at` is its own time.

    `cost_usd` is what judging it cost, None where a price is unknown; `language` a code such as "en", "" where it is not known.
    """

    id: str
    at: float
    scores: Mapping[str, float]
    failed: tuple[str, ...] = ()
    hallucinated: bool | None = None
    violations: int = 0
    length: int = 0
    judged: bool = False
    input: str = ""
    output: str = ""
    cost_usd: float | None = 0.0
    language: str = ""


class AlertKind(StrEnum):
    """What is told to somebody."""

    HALLUCINATION = "hallucination_detected"
    CONSTRAINT = "constraint_violation"
    QUALITY = "quality_degradation"
    DRIFT = "drift_detected"
    JUDGE = "judge_drift"


SEVERITY = {
    AlertKind.HALLUCINATION: "high", AlertKind.CONSTRAINT: "medium", AlertKind.QUALITY: "high", AlertKind.DRIFT: "medium",
    AlertKind.JUDGE: "high",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Alert:
    """Something to tell. `about` (a metric or a check) and kind make it the same alert again; `samples` are ids to look at."""

    kind: AlertKind
    about: str
    message: str
    at: float
    count: int = 1
    samples: tuple[str, ...] = ()

    @property
    def severity(self) -> str:
        """high or medium."""
        return SEVERITY[self.kind]


@dataclass(frozen=True, slots=True)
class Standing:
    """An alert that is not over. `since` is when it was first called for, `at` when last; `told` when somebody last heard of it."""

    alert: Alert
    since: float
    told: float

    @property
    def name(self) -> tuple[AlertKind, str]:
        """What makes it the same alert."""
        return self.alert.kind, self.alert.about


@dataclass(frozen=True, slots=True)
class Drift:
    """One measure at one whole hour, beside the pinned reference.

    `measure` is "score:<metric>" (a mean), "failed:<what>" or "language:<code>" (shares), or "length" (the mean in characters).
    `window` is the one that speaks, "" where none has enough; `state` one of the words of `evalbot.stats.drift`. `p` is one-sided for scores.
    """

    at: float
    measure: str
    state: str
    window: str = ""
    n: int = 0
    value: float | None = None
    reference: float | None = None
    p: float | None = None


@dataclass(frozen=True, slots=True)
class WindowKept:
    """One measure in one window, as a flush found it: a mean, a rate (of `n`), or a mere count."""

    at: float
    window: str
    measure: str
    n: int
    value: float | None = None
    p10: float | None = None


class JudgeState(StrEnum):
    """What a judge's canaries show: it grades as before, it grades otherwise, it gave no grades."""

    STEADY = "steady"
    DRIFTED = "drifted"
    UNHEARD = "unheard"


@dataclass(frozen=True, slots=True)
class Canaries:
    """A judge's canaries at one time: how many got a grade, how many got none, and the mean of grade − frozen grade."""

    at: float
    metric: str
    state: JudgeState
    n: int = 0
    lost: int = 0
    drift: float | None = None
