"""Words of the monitor: its policy, what one production sample showed, and what is an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evalbot.domain.canonical import Json


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
    floors: Mapping[str, float] = field(default_factory=dict)
    cooldown_seconds: float = 21_600.0
    webhook_env: str = ""
    issue: bool = False
    openmetrics: str = ""
    redact: tuple[str, ...] = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """What one sample showed. `scores` holds numbers by metric, `failed` the names of what failed; `at` is its own time."""

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


class AlertKind(StrEnum):
    """What is told to somebody."""

    HALLUCINATION = "hallucination_detected"
    CONSTRAINT = "constraint_violation"
    QUALITY = "quality_degradation"


SEVERITY = {AlertKind.HALLUCINATION: "high", AlertKind.CONSTRAINT: "medium", AlertKind.QUALITY: "high"}


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
