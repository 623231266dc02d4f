"""A run: what was planned for each side, and the rows that came back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Outcome, Request, Usage
from evalbot.domain.scores import Score

_CONSTANT = re.compile(r"(?P<file>.+\.py):[A-Za-z_]\w*\Z")


def file_of(path: str) -> str:
    """The file that holds a prompt: of the constant `app.py:SYSTEM` it is `app.py`, of any other path itself."""
    constant = _CONSTANT.match(path)
    return constant["file"] if constant else path


class Side(StrEnum):
    """The two sides of a comparison."""

    BASE = "base"
    HEAD = "head"


class Part(StrEnum):
    """What an example counts for in this run."""

    EXAM = "exam"  # policy's row: means, tests, coverage and gates
    ADDED = "added"  # head's new row: pass/fail only
    EDITED = "edited"  # head's unapproved version of an edited row: shown, nothing more
    HUNK = "hunk"  # policy's row again with one hunk of the change alone (`epoch` is its number): for blame only


class Cause(StrEnum):
    """Why a prompt is measured, or what else a pull request changed."""

    TEMPLATE = "template"
    PARTIAL = "partial"
    MODEL = "model"
    PARAMS = "params"
    SCHEMA = "schema"
    NEW = "new"
    DELETED = "deleted"
    RENAMED = "renamed"
    DATASET = "dataset"
    JUDGE = "judge"
    GATE = "gate"
    POLICY = "policy"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class ChangedPrompt:
    """A prompt that this comparison measures (or that head deleted): `sides` says where it can be run."""

    suite: str
    prompt: str
    path: str
    causes: tuple[Cause, ...]
    sides: tuple[Side, ...] = (Side.BASE, Side.HEAD)


@dataclass(frozen=True)
class Task:
    """One planned answer. `confirmation` is 0 for the first measurement, 1 to `confirm` for a fresh re-run.

    `request` is what the model is asked.
    """

    suite: str
    prompt: str
    side: Side
    example: Example
    part: Part
    epoch: int
    request: Request
    confirmation: int = 0

    @property
    def key(self) -> tuple[str, str, str, str, str, int, int]:
        """What makes a task the same task on a second run."""
        return (self.suite, self.prompt, self.side, self.example.id, self.example.hash, self.epoch, self.confirmation)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `results.jsonl`: one answer of one side to one example, with its scores.

    `passed` is None where nothing could be said (`error` or a score's error says why). `usage` and `cost_usd` are the
    answer's own; the judges' are in `judge_usd` (None: price unknown) and `judge_calls`. `graded_by` is the identity of all
    metrics that graded it. `context` and `tool_calls` are what a target that is no prompt said of its answer. `cached` says
    that the answer was paid for by an earlier run, `cached_calls` how many of the row's calls were, gradings included.
    """

    suite: str
    prompt: str
    side: Side
    example: str
    example_hash: str
    partition: Partition
    part: Part
    epoch: int
    confirmation: int
    request_hash: str
    output: str | None = None
    outcome: Outcome | None = None
    error: ErrorClass | None = None
    reason: str = ""
    usage: Usage | None = None
    cost_usd: float | None = None
    judge_usd: float | None = 0.0
    judge_calls: int = 0
    retried: int = 0
    latency_ms: float | None = None
    cached: bool = False
    cached_calls: int = 0
    shared: bool = False
    scores: Mapping[str, Score] = field(default_factory=dict)
    passed: bool | None = None
    graded_by: str = ""
    context: tuple[str, ...] | None = None
    tool_calls: tuple[Mapping[str, Json], ...] | None = None


@dataclass(frozen=True, slots=True)
class ExamChange:
    """A row that head edited or deleted; it blocks until approved."""

    suite: str
    example: str
    partition: Partition
    kind: str  # "edited" | "deleted"
    path: str = ""
    line: int = 0
