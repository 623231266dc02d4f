"""A run: what was planned for each side, and the rows that came back."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

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


@dataclass(frozen=True, slots=True)
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
    def patient(self) -> bool:
        """Whether its answer may take minutes where that is cheaper: golden examples and confirmations are waited for."""
        return self.example.partition is not Partition.GOLDEN and not self.confirmation

    @property
    def key(self) -> tuple[str, str, str, str, str, int, int]:
        """What makes a task the same task on a second run."""
        return (self.suite, self.prompt, self.side, self.example.id, self.example.hash, self.epoch, self.confirmation)


class Shelf(Protocol):
    """Where rows stand as they were written, on disk; `place` is the line's number there."""

    def row(self, place: int) -> Row:
        """The row with all its words; raises CouldNotRun where it cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of `results.jsonl`: one answer of one side to one example, with its scores.

    `passed` is None where nothing could be said (`error` or a score's error says why). `usage` and `cost_usd` are the
    answer's own; the judges' are in `judge_usd` (None: price unknown) and `judge_calls`. `graded_by` is the identity of all
    metrics that graded it. `context` and `tool_calls` are what a target that is no prompt said of its answer. `cached` says
    that the answer was paid for by an earlier run, `cached_calls` how many of the row's calls were, gradings included.
    `earlier` are the target's answers to the earlier turns of a conversation, `output` the one to the last. `leaked` says that
    a key of ours stood in what the target said; it is redacted here. `answered_by` has the name under which each model answered,
    the target's and those that graded it, by "provider/model": an alias means another model by and by.

    A shelved row has its words on disk, so that a long run takes memory for numbers only: `output`, `context`, `tool_calls`
    and `earlier` are read whenever they are asked for, and its scores have no reasons and no texts in their detail. `whole`
    is the row with all of that.
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
    earlier: tuple[str, ...] = ()
    leaked: bool = False
    answered_by: Mapping[str, str] = field(default_factory=dict)
    shelf: Shelf | None = field(default=None, compare=False, repr=False)
    place: int = field(default=0, compare=False, repr=False)

    @property
    def answered(self) -> bool:
        """Whether the target answered; asks no disk."""
        return self.outcome is not None

    @property
    def whole(self) -> Row:
        """The row with its words in memory."""
        if self.shelf is None:
            return self
        told = self.shelf.row(self.place)
        known = {name: score for name, score in told.scores.items() if score.numbers == self.scores.get(name)}
        words = {name: getattr(told, name) for name in _WORDS}
        return self.but(scores={**self.scores, **known}, shelf=None, **words)

    @property
    def bare(self) -> Row:
        """The row without a word of target or judge: numbers, and names of what failed."""
        scores = {name: score.numbers for name, score in self.scores.items()}
        return self.but(scores=scores, output=None, context=None, tool_calls=None, earlier=(), reason="", shelf=None)

    def shelved(self, shelf: Shelf, place: int, scores: Mapping[str, Score], answered_by: Mapping[str, str]) -> Row:
        """The row with its words on the shelf, where it stands at `place`; `scores` are its own without theirs."""
        return _copied(self, {"shelf": shelf, "place": place, "scores": scores, "answered_by": answered_by}, leave=_WORDS)

    def but(self, **changes: object) -> Row:
        """The row with these fields changed; words that are on a shelf stay there."""
        return _copied(self, changes, leave=_WORDS - changes.keys() if self.shelf is not None else frozenset())

    if not TYPE_CHECKING:  # to a type checker the fields are simply there

        def __getattr__(self, name: str) -> object:
            """A field that was left out: Python asks here where a slot is empty."""
            if name in _WORDS:
                return getattr(self.shelf.row(self.place), name)
            raise AttributeError(name)


_WORDS = frozenset({"output", "context", "tool_calls", "earlier"})
_FIELDS = tuple(one.name for one in fields(Row))


def _copied(row: Row, changes: Mapping[str, object], leave: frozenset[str]) -> Row:
    copy = object.__new__(Row)
    for name in _FIELDS:
        if name not in leave:
            object.__setattr__(copy, name, changes[name] if name in changes else getattr(row, name))
    return copy


@dataclass(frozen=True, slots=True)
class ExamChange:
    """A row that head edited or deleted; it blocks until approved."""

    suite: str
    example: str
    partition: Partition
    kind: str  # "edited" | "deleted"
    path: str = ""
    line: int = 0
