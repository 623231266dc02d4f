"""Confirmation and attribution: a first failure is re-run on both sides, and only then somebody's fault (contract, 7)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from evalbot.domain.examples import Example, Partition
from evalbot.domain.policy import PassGate
from evalbot.domain.runs import Part, Row, Side, Task
from evalbot.domain.verdicts import FailedExample, Level, PassStatus
from evalbot.gate.evidence import Cell, Evidence, failure_kinds

_GATING_PARTS = (Part.EXAM, Part.ADDED)


@dataclass(frozen=True, slots=True)
class Undecided:
    """An example whose confirmation broke where it would have decided."""

    prompt: str
    partition: Partition
    example: str
    message: str


def confirmations(evidence: Evidence) -> list[Task]:
    """The fresh answers that first failures at head call for: `confirm` a side, base too where it can be run."""
    again = [task for cell, example, _, row in _first_failures(evidence) for task in _reruns(evidence, cell, example, row)]
    return [task for task in again if task.side is Side.HEAD] if evidence.recorded_base else again


def failed_examples(evidence: Evidence) -> tuple[list[FailedExample], list[Undecided]]:
    """Every example that failed at head with its status, and those that the evidence cannot decide."""
    results = [_attribute(evidence, *failure) for failure in _first_failures(evidence)]
    failed = [result for result in results if isinstance(result, FailedExample)]
    return failed, [result for result in results if isinstance(result, Undecided)]


def level(status: PassStatus, partition: Partition, gate: PassGate) -> Level:
    """What a status does in a partition; the table of contract section 7."""
    golden = partition is Partition.GOLDEN
    if status is PassStatus.NEW_FAILURE:
        return Level.BLOCKS if golden or gate.new_failures == "block" else Level.WARNS
    if status in (PassStatus.UNSTABLE, PassStatus.ADDED_FAILURE):
        return Level.BLOCKS if golden else Level.WARNS
    if status is PassStatus.PRE_EXISTING:
        return Level.BLOCKS if golden and gate.pre_existing == "block" else Level.WARNS
    return Level.NOTES


def _first_failures(evidence: Evidence) -> Iterator[tuple[Cell, Example, Part, Row]]:
    """Examples with a failing first answer at head: the earliest failing epoch stands for the failure."""
    for cell in evidence.cells:
        if evidence.gates.pass_gate(cell[1]) is None:
            continue
        for part in _GATING_PARTS:
            for example in evidence.planned(cell, Side.HEAD, part):
                rows = sorted(evidence.first_rows(cell[0], Side.HEAD, example), key=lambda row: row.epoch)
                row = next((row for row in rows if row.passed is False), None)
                if row is not None:
                    yield cell, example, part, row


def _reruns(evidence: Evidence, cell: Cell, example: Example, row: Row) -> Iterator[Task]:
    gate = evidence.gates.pass_gate(cell[1]) or PassGate()
    for task in evidence.cells[cell]:
        if task.example.id == example.id and task.example.hash == example.hash and task.epoch == row.epoch:
            yield from (replace(task, confirmation=number) for number in range(1, gate.confirm + 1))


def _attribute(evidence: Evidence, cell: Cell, example: Example, part: Part, row: Row) -> FailedExample | Undecided:
    gate = evidence.gates.pass_gate(cell[1]) or PassGate()
    prompt, partition = cell
    head_failures, head_unknown, reasons = _count(evidence, prompt, Side.HEAD, example, row.epoch, gate)
    has_base = any(e.id == example.id and e.hash == example.hash for e in evidence.planned(cell, Side.BASE, part))
    base_failures, base_unknown, _ = (
        _count(evidence, prompt, Side.BASE, example, row.epoch, gate) if has_base else (None, 0, ())
    )

    if evidence.recorded_base:
        base_unknown = 0
    statuses = list(_possible(gate, part, (head_failures, head_unknown), (base_failures, base_unknown)))
    if len({level(status, partition, gate) is Level.BLOCKS for status in statuses}) > 1:
        lost = head_unknown + base_unknown
        message = f"{lost} of {2 * (gate.confirm + 1)} answers that would decide whether it is broken could not be scored"
        return Undecided(prompt, partition, example.id, message)
    return FailedExample(
        evidence.suite, prompt, example.id, str(partition), statuses[0], head_failures, base_failures,
        gate.confirm + 1, part, reasons, _same_answer(_asked(evidence, prompt, Side.HEAD, example, row.epoch)),
    )  # fmt: skip


def _count(
    evidence: Evidence, prompt: str, side: Side, example: Example, epoch: int, gate: PassGate
) -> tuple[int, int, tuple[str, ...]]:
    """Failures, unscored answers and kinds of failure among the first answer of the epoch and its confirmations."""
    rows = _asked(evidence, prompt, side, example, epoch)
    failures = sum(row.passed is False for row in rows)
    scored = sum(row.passed is not None for row in rows)
    kinds = (kind for row in rows if row.passed is False for kind in failure_kinds(row, evidence.deciding))
    return failures, gate.confirm + 1 - scored, _most_frequent(kinds)


def _asked(evidence: Evidence, prompt: str, side: Side, example: Example, epoch: int) -> list[Row]:
    """The first answer of an epoch and its confirmations."""
    rows = [*evidence.first_rows(prompt, side, example), *evidence.confirmations(prompt, side, example)]
    return [row for row in rows if row.epoch == epoch]


def _same_answer(rows: Sequence[Row]) -> bool:
    """Whether a target that was asked again, and always graded, said the very same every time."""
    graded = len(rows) >= 2 and all(row.passed is not None for row in rows)
    return graded and rows[0].output is not None and {row.output for row in rows} == {rows[0].output}


def _possible(
    gate: PassGate, part: Part, head: tuple[int, int], base: tuple[int | None, int]
) -> Iterator[PassStatus]:
    """Every status that the unscored answers leave open, the one without them first."""
    for head_failures in (head[0], head[0] + head[1]):
        if head_failures < gate.breaks_at:
            yield PassStatus.FLAKY
        elif part is Part.ADDED:
            yield PassStatus.ADDED_FAILURE
        elif base[0] is None:
            yield PassStatus.NEW_FAILURE
        else:
            yield from (_against_base(gate, failures) for failures in range(base[0], base[0] + base[1] + 1))


def _against_base(gate: PassGate, base_failures: int) -> PassStatus:
    if base_failures == 0:
        return PassStatus.NEW_FAILURE
    return PassStatus.PRE_EXISTING if base_failures >= gate.breaks_at else PassStatus.UNSTABLE


def _most_frequent(kinds: Iterable[str]) -> tuple[str, ...]:
    counts: dict[str, int] = {}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return tuple(sorted(counts, key=lambda kind: (-counts[kind], kind)))


def most_frequent_kinds(rows: Sequence[Row], deciding: frozenset[str]) -> tuple[str, ...]:
    """Kinds of failure over several rows, the most frequent first."""
    return _most_frequent(kind for row in rows if row.passed is False for kind in failure_kinds(row, deciding))
