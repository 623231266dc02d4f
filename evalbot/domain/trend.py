"""How a suite did on the default branch lately: what a pull request's own numbers stand beside."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TrendCell:
    """One prompt × partition of a run: passes of answers, and mean and 95 % half width of a metric where it was scored."""

    prompt: str
    partition: str
    passed: int
    answers: int
    metric: str = ""
    mean: float | None = None
    half_width: float | None = None


@dataclass(frozen=True, slots=True)
class TrendPoint:
    """A run of whole suites at a commit of the default branch."""

    suite: str
    at: str
    commit: str
    verdict: str
    cells: tuple[TrendCell, ...] = ()
