"""Examples: the rows of a dataset, and the four partitions they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from evalbot.domain.canonical import Json, digest


class Partition(StrEnum):
    """Where an example belongs; each partition has gates of its own."""

    GOLDEN = "golden"
    REGRESSION = "regression"
    ADVERSARIAL = "adversarial"
    DISTRIBUTION = "distribution"


class Status(StrEnum):
    """`proposed` and `quarantined` examples are listed, and never gate nor enter a mean, n or coverage."""

    ACTIVE = "active"
    PROPOSED = "proposed"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Example:
    """One row of a dataset.

    `path` and `line` say where it stands, for error messages; they are no part of what it is.
    """

    id: str
    partition: Partition
    input: Mapping[str, Json]
    expected_output: str | None = None
    references: tuple[str, ...] = ()
    context: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict)
    created_at: str | None = None
    tags: tuple[str, ...] = ()
    criteria: tuple[str, ...] = ()
    checks: tuple[Mapping[str, Json], ...] = ()
    messages: tuple[Mapping[str, Json], ...] = ()
    cluster: str | None = None
    prompts: tuple[str, ...] | None = None
    reviewers: tuple[str, ...] = ()
    source: Mapping[str, Json] = field(default_factory=dict)
    labels: tuple[Json, ...] = ()
    status: Status = Status.ACTIVE
    path: str = ""
    line: int = 0

    # What an edit is measured by (contract, section 3). Moving a row, its tags or its metadata are no edit.
    EXAM_FIELDS = (
        "input", "expected_output", "references", "context", "criteria",
        "checks", "messages", "prompts", "partition", "status",
    )  # fmt: skip

    @cached_property
    def hash(self) -> str:
        """64 hex digits over the fields that make it the same exam question."""
        return digest({name: getattr(self, name) for name in self.EXAM_FIELDS})

    @property
    def gates(self) -> bool:
        """Whether it counts: proposed and quarantined rows do not."""
        return self.status is Status.ACTIVE

    @property
    def answers(self) -> tuple[str, ...]:
        """Every acceptable answer: the expected output first, then the references."""
        return ((self.expected_output,) if self.expected_output is not None else ()) + self.references

    def meets(self, prompt: str) -> bool:
        """Whether this example is asked of the prompt with this id."""
        return self.prompts is None or prompt in self.prompts
