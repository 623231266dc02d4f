"""The rules: each is one function that looks at the evidence and says what it found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import fsum

from evalbot.domain.examples import Partition
from evalbot.domain.runs import Part, Side
from evalbot.domain.verdicts import (
    Assurance,
    Comparison,
    Conclusion,
    FailedExample,
    Finding,
    Level,
    PassStatus,
    Rule,
)
from evalbot.gate.confirm import Undecided, level
from evalbot.gate.evidence import Evidence
from evalbot.gate.tables import coverage, required_coverage
from evalbot.report.numbers import counted, score


def scores(evidence: Evidence, rows: Iterable[Comparison]) -> Iterator[Finding]:
    """What the score tests found on the gated rows."""
    several = len(evidence.gates.scores.metrics) > 1
    rows = list(rows)
    already = {(row.prompt, row.metric) for row in rows if row.gated and row.refused}
    for row in rows:
        if not row.gated and (not row.refused or (row.prompt, row.metric) in already):
            continue
        found = _score_finding(evidence, row)
        if found is not None:
            rule, at, message, proves = found
            where = f"{row.prompt}, {row.partition}" + (f", {row.metric}" if several else "")
            yield Finding(
                rule, at, f"{where}: {message}", row.suite, row.prompt, row.partition,
                example=row.metric if several else "", examples=() if row.refused else worst_examples(evidence, row), proves=proves,
            )  # fmt: skip


def _score_finding(evidence: Evidence, row: Comparison) -> tuple[Rule, Level, str, bool] | None:
    if row.refused:
        return Rule.INSUFFICIENT_DATA, Level.BLOCKS, f"not comparable: {row.reason}", False
    if row.conclusion is Conclusion.INSUFFICIENT_DATA:
        required = evidence.gates.scores.insufficient == "inconclusive"
        return Rule.INSUFFICIENT_DATA, Level.BLOCKS if required else Level.WARNS, row.reason or "too few scores", False
    change = f"{row.metric} mean {score(row.base_mean)} → {score(row.head_mean)} over {row.n_head} examples"
    if row.conclusion is Conclusion.REGRESSION and row.blocks:
        return Rule.REGRESSION, Level.BLOCKS, change, True
    if row.conclusion is Conclusion.REGRESSION:
        return Rule.REGRESSION, Level.WARNS, f"{change}; not blocking once corrected for several comparisons", True
    if row.assurance is Assurance.LIKELY_DROP:
        return Rule.LIKELY_DROP, Level.BLOCKS if row.blocks else Level.WARNS, f"{change}, example by example", True
    if row.blocks:
        return Rule.INSUFFICIENT_DATA, Level.BLOCKS, f"{change}; a drop of {row.min_effect:g} is not ruled out", True
    return None


def worst_examples(evidence: Evidence, row: Comparison, most: int = 5) -> tuple[str, ...]:
    """Ids of the examples that lost most on a row's metric, the worst first."""
    drops: list[tuple[float, str]] = []
    for example in evidence.planned((row.prompt, Partition(row.partition)), Side.HEAD):
        means = [
            _mean([r.scores[row.metric].value for r in evidence.first_rows(row.prompt, side, example) if row.metric in r.scores])
            for side in Side
        ]
        if means[0] is not None and means[1] is not None:
            drops.append(((means[1] - means[0]) * (-1 if row.lower_is_better else 1), example.id))
    return tuple(example for drop, example in sorted(drops) if drop < 0)[:most]


def _mean(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return fsum(known) / len(known) if known else None


_STATUS_RULES = {
    PassStatus.NEW_FAILURE: Rule.NEW_FAILURE,
    PassStatus.UNSTABLE: Rule.UNSTABLE,
    PassStatus.PRE_EXISTING: Rule.PRE_EXISTING,
    PassStatus.ADDED_FAILURE: Rule.ADDED_FAILURE,
    PassStatus.FLAKY: Rule.FLAKY,
}


def failures(evidence: Evidence, failed: Iterable[FailedExample]) -> Iterator[Finding]:
    """One finding per example that failed at head."""
    for item in failed:
        partition = Partition(item.partition)
        gate = evidence.gates.pass_gate(partition)
        if gate is None:
            continue
        base = "not run" if item.base_failures is None else f"{item.base_failures} of {item.runs}"
        message = f"{item.partition} example {item.example} fails {item.head_failures} of {item.runs} at head, base {base}{_told(item)}"
        yield Finding(
            _STATUS_RULES[item.status], level(item.status, partition, gate), message, item.suite, item.prompt,
            item.partition, example=item.example, examples=(item.example,),
        )  # fmt: skip


def _told(item: FailedExample) -> str:
    """What asking again was worth where the target always says the same."""
    if not item.same_answer:
        return ""
    if item.head_failures == item.runs:
        return f" (deterministic: the same answer {item.runs} times)"
    return f" (the same answer {item.runs} times: its grade wavers, not the model)"


def undecided(evidence: Evidence, items: Iterable[Undecided]) -> Iterator[Finding]:
    """Confirmations that broke where they would have decided: nothing is proved."""
    for item in items:
        message = f"{item.partition} example {item.example}: {item.message}"
        yield Finding(
            Rule.COVERAGE, Level.BLOCKS, message, evidence.suite, item.prompt, str(item.partition),
            example=item.example, examples=(item.example,), proves=False,
        )  # fmt: skip


def covered(evidence: Evidence) -> Iterator[Finding]:
    """Each prompt × partition must be measured well enough on its worse side, and golden rows without exception."""
    for cell in evidence.cells:
        prompt, partition = cell
        required = required_coverage(evidence, partition)
        for side in Side:
            found = coverage(evidence, [cell], side)
            if found.planned and found.scored < required * found.planned - 1e-9:
                yield _uncovered(evidence, prompt, partition, side, found.scored, found.planned, dict(found.errors))
        if partition is Partition.GOLDEN:
            yield from _added_golden(evidence, prompt)


def _uncovered(
    evidence: Evidence, prompt: str, partition: Partition, side: Side, scored: int, planned: int, errors: dict[str, int]
) -> Finding:
    kinds = ", ".join(f"{kind} × {count}" for kind, count in errors.items())
    message = f"{prompt}, {partition}: {scored} of {planned} answers measured at {side} ({kinds})"
    return Finding(
        Rule.COVERAGE, Level.BLOCKS, message, evidence.suite, prompt, str(partition), example=str(side), proves=False
    )


def _added_golden(evidence: Evidence, prompt: str) -> Iterator[Finding]:
    for example in evidence.planned((prompt, Partition.GOLDEN), Side.HEAD, Part.ADDED):
        rows = evidence.first_rows(prompt, Side.HEAD, example)
        if not rows or any(row.passed is None for row in rows):
            message = f"added golden example {example.id} could not be scored"
            yield Finding(
                Rule.COVERAGE, Level.BLOCKS, message, evidence.suite, prompt, Partition.GOLDEN,
                example=example.id, examples=(example.id,), proves=False,
            )  # fmt: skip


def asked(evidence: Evidence) -> Iterator[Finding]:
    """A changed prompt that no example meets was not examined, and empty is not green."""
    planned = {task.prompt for task in evidence.tasks}
    for changed in evidence.changed:
        if Side.HEAD in changed.sides and changed.prompt not in planned:
            yield Finding(
                Rule.COVERAGE, Level.BLOCKS, f"no example of the partitions that run is asked of {changed.prompt}",
                evidence.suite, changed.prompt, proves=False,
            )  # fmt: skip


def exam(evidence: Evidence, approvals_missing: int) -> Iterator[Finding]:
    """Rows that head edited or deleted, in partitions that gate."""
    rules = {"edited": Rule.EXAMPLE_EDITED, "deleted": Rule.EXAMPLE_DELETED}
    for change in evidence.exam_changes:
        gates = evidence.gates.pass_gate(change.partition) is not None
        at = Level.BLOCKS if gates and approvals_missing > 0 else Level.NOTES
        need = f"; needs {counted(approvals_missing, 'approval')} of the head commit" if at is Level.BLOCKS else ""
        message = f"{change.partition} example {change.example} {change.kind} ({change.path}:{change.line}){need}"
        yield Finding(
            rules[change.kind], at, message, change.suite, "", str(change.partition), change.example, (change.example,)
        )


def leaks(evidence: Evidence) -> Iterator[Finding]:
    """Answers of head in which a key of ours stood; base's are told too, since the key has to be replaced all the same."""
    for prompt in dict.fromkeys(row.prompt for row in evidence.rows if row.leaked):
        ids = tuple(dict.fromkeys(row.example for row in evidence.rows if row.leaked and row.prompt == prompt))
        message = f"an answer of {prompt} held a key that evalbot was given: replace the key"
        yield Finding(Rule.SECRET_LEAK, Level.BLOCKS, message, evidence.suite, prompt, examples=ids)


def cost(evidence: Evidence) -> Iterator[Finding]:
    """What an answer costs at head against base; prices that are unknown say nothing."""
    gate = evidence.gates.cost
    for prompt in sorted({task.prompt for task in evidence.tasks}):
        means = {side: _mean_cost(evidence, prompt, side) for side in Side}
        base, head = means[Side.BASE], means[Side.HEAD]
        if base and head is not None and head > base * (1 + gate.max_increase):
            at = Level.BLOCKS if gate.action == "block" else Level.WARNS
            message = f"{prompt}: an answer costs {head / base - 1:,.0%} more at head (allowed: {gate.max_increase:,.0%})"
            yield Finding(Rule.COST, at, message, evidence.suite, prompt)


def _mean_cost(evidence: Evidence, prompt: str, side: Side) -> float | None:
    costs = [row.cost_usd for row in evidence.rows if row.prompt == prompt and row.side is side and row.part is Part.EXAM
             and not row.confirmation and not row.shared]  # fmt: skip
    known = [value for value in costs if value is not None]
    return fsum(known) / len(known) if known and len(known) == len(costs) else None
