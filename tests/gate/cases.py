"""Builders for evidence: a prompt, its examples and what both sides answered, stating only what matters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Model, Outcome, Request
from evalbot.domain.policy import Gates, ScoreGate
from evalbot.domain.runs import Cause, ChangedPrompt, Part, Row, Side, Task
from evalbot.domain.scores import Score
from evalbot.gate.evidence import Evidence, MetricFacts

PROMPT = "prompts/support"
JUDGE_GATES = Gates(scores=ScoreGate(metrics=("judge",)))
BOTH = (Side.BASE, Side.HEAD)
REQUEST = Request(Model("local", "extractive"), (Message("user", "hello"),))


def an_example(name: str = "g-1", partition: str = "golden", **more: object) -> Example:
    return Example(name, Partition(partition), {"user_input": name}, **more)  # type: ignore[arg-type]


@dataclass
class Bench:
    """Collects tasks and rows: `answered` for a first measurement, `confirmed` for the fresh re-runs."""

    gates: Gates = JUDGE_GATES
    sides: tuple[Side, ...] = BOTH
    causes: tuple[Cause, ...] = (Cause.TEMPLATE,)
    tasks: list[Task] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    partitions: tuple[Partition, ...] = (Partition.GOLDEN, Partition.REGRESSION)

    def answered(
        self, example: Example, base: float | bool | None = 5, head: float | bool | None = 5, *, part: Part = Part.EXAM,
        sides: tuple[Side, ...] | None = None, error: ErrorClass = ErrorClass.TARGET, epoch: int = 0,
    ) -> Bench:  # fmt: skip
        """Scores of both sides on 1 to 5 (4 passes), or True and False for a pass or a fall without a score, None for an error."""
        for side, value in zip(BOTH, (base, head), strict=True):
            if side in (sides or self.sides):
                self.tasks.append(Task("support", PROMPT, side, example, part, epoch, REQUEST))
                self.rows.append(a_row(example, side, value, part=part, error=error, epoch=epoch))
        return self

    def confirmed(self, example: Example, base: Sequence[bool | None], head: Sequence[bool | None], part: Part = Part.EXAM) -> Bench:
        for side, values in zip(BOTH, (base, head), strict=True):
            for number, value in enumerate(values, 1):
                self.rows.append(a_row(example, side, value, part=part, confirmation=number))
        return self

    def evidence(self, **more: object) -> Evidence:
        facts: Mapping[str, MetricFacts] = {"judge": MetricFacts((1.0, 5.0))}
        changed = (ChangedPrompt("support", PROMPT, PROMPT + ".md", self.causes, self.sides),)
        return Evidence(
            "support", self.gates, self.partitions, changed, tuple(self.tasks), tuple(self.rows), facts,
            frozenset({"judge"}), **more,  # type: ignore[arg-type]
        )  # fmt: skip


def a_row(
    example: Example, side: Side, value: float | bool | None, *, part: Part = Part.EXAM, confirmation: int = 0,
    error: ErrorClass = ErrorClass.TARGET, epoch: int = 0,
) -> Row:  # fmt: skip
    scores: dict[str, Score] = {}
    passed: bool | None = None
    if isinstance(value, bool):
        passed, scores = value, {"judge": Score.not_applicable("not judged")}
    elif value is not None:
        passed = value >= 4
        scores = {"judge": Score.scored(value, passed)}
    return Row(
        "support", PROMPT, side, example.id, example.hash, example.partition, part, epoch, confirmation, REQUEST.hash,
        "an answer" if value is not None else None, Outcome.OK if value is not None else None,
        error if value is None else None, scores=scores, passed=passed,
    )  # fmt: skip


def examples(count: int, partition: str = "regression") -> list[Example]:
    return [an_example(f"{partition[0]}-{number:02}", partition) for number in range(count)]
