"""Scores: what a metric says of one answer, or that it could not say anything."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example
from evalbot.domain.models import Outcome


class ScoreStatus(StrEnum):
    """The three states of a score; an error is never a number."""

    SCORED = "scored"
    NOT_APPLICABLE = "not_applicable"
    UNSCORED = "unscored"


@dataclass(frozen=True, slots=True)
class Score:
    """One metric's word on one answer. Build it with `scored`, `not_applicable` or `unscored`.

    `value` is on the metric's own scale and finite. `samples` are a judge's single grades. `detail` holds what a report
    may show: failed checks, strengths, weaknesses, `unstable`.
    """

    status: ScoreStatus
    value: float | None = None
    passed: bool | None = None
    reason: str = ""
    error: ErrorClass | None = None
    samples: tuple[float, ...] = ()
    detail: Mapping[str, Json] = field(default_factory=dict)

    @property
    def numbers(self) -> Score:
        """The score without its words: no reason but why it is no number, and of its detail numbers, flags and short names."""
        reason = "" if self.status is ScoreStatus.SCORED else self.reason
        return Score(self.status, self.value, self.passed, reason, self.error, self.samples, _numbers(self.detail))

    @classmethod
    def scored(
        cls, value: float, passed: bool | None = None, reason: str = "", *,
        samples: tuple[float, ...] = (), detail: Mapping[str, Json] | None = None,
    ) -> Score:  # fmt: skip
        """A finite number; raises ValueError on anything else, since NaN compares as 'no change'."""
        if not math.isfinite(value):
            raise ValueError(f"a score must be finite, not {value!r}")
        return cls(ScoreStatus.SCORED, float(value), passed, reason, None, samples, detail or {})

    @classmethod
    def not_applicable(cls, reason: str) -> Score:
        """The metric has nothing to say about this example, and that is no fault."""
        return cls(ScoreStatus.NOT_APPLICABLE, reason=reason)

    @classmethod
    def unscored(cls, error: ErrorClass, reason: str, *, detail: Mapping[str, Json] | None = None) -> Score:
        """The metric broke; the example counts against coverage and never as a number."""
        return cls(ScoreStatus.UNSCORED, reason=reason, error=error, detail=detail or {})


_NAME = 64  # characters; what is longer is text
_NAMES = frozenset({"failed"})  # lists of names: what failed


def _numbers(detail: Mapping[str, Json]) -> dict[str, Json]:
    return {key: _number(value, key in _NAMES) for key, value in detail.items() if not _is_text(value, key in _NAMES)}


def _number(value: Json, names: bool) -> Json:
    if isinstance(value, Mapping):
        return _numbers(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_number(inner, names) for inner in value]
    return value


def _is_text(value: Json, names: bool) -> bool:
    """Whether it is a long string, or a list that holds any string (of names: a long one)."""
    if isinstance(value, str):
        return len(value) > _NAME
    if isinstance(value, Sequence):
        return any(_is_text(inner, names) or (isinstance(inner, str) and not names) for inner in value)
    return False


@dataclass(frozen=True, slots=True)
class Answered:
    """One answer as a metric sees it.

    `context` are the passages that the target itself retrieved, `tool_calls` the calls that it made, each an object with
    its `name`; both None where the target says nothing of them. `cost_usd` is None where a price is unknown.
    """

    example: Example
    output: str
    outcome: Outcome = Outcome.OK
    latency_ms: float = 0.0
    cost_usd: float | None = None
    context: tuple[str, ...] | None = None
    tool_calls: tuple[Mapping[str, Json], ...] | None = None

    @property
    def passages(self) -> tuple[str, ...]:
        """What the answer rests on: the passages that the target retrieved, else those of the example."""
        return self.context if self.context is not None else self.example.context


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides' answers to one example, as a metric sees them that compares."""

    example: Example
    base: str
    head: str


class Decides(StrEnum):
    """Whether a metric makes an example pass or fail."""

    YES = "yes"
    ALONE = "alone"  # only where no other metric of the suite decides (exact_match)
    NO = "no"
