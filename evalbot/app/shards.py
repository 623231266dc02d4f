"""One shard of a run: it measures its own examples and decides nothing; merged shards decide only where nothing is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evalbot.app.case import Case
from evalbot.app.policies import Policies
from evalbot.domain.errors import ConfigError, ErrorClass, Problem
from evalbot.domain.runs import Row
from evalbot.domain.shards import Shard
from evalbot.domain.verdicts import Decision, Finding, Level, Rule, Verdict

_UNFINISHED = (Verdict.CONFIG_ERROR, Verdict.NEEDS_APPROVAL, Verdict.CANCELLED)


def shard_of(text: str) -> Shard | None:
    """The shard that an option names, None where it is empty; raises ConfigError for what is none."""
    try:
        return Shard.read(text) if text else None
    except ValueError as error:
        raise ConfigError(Problem(f"{error}.", "--shard")) from None


def own_part(cases: Sequence[Case], shard: Shard) -> list[Case]:
    """The cases with the shard's examples only."""
    return [replace(case, tasks=tuple(task for task in case.tasks if shard.holds(task.example.id))) for case in cases]


def own_share(policies: Policies, shard: Shard) -> Policies:
    """The policies with the shard's share of the budget: all shards together keep within the whole."""
    limits = policies.policy.limits
    return replace(policies, policy=replace(policies.policy, limits=replace(limits, budget_usd=limits.budget_usd / shard.count)))


def undecided(decision: Decision, shard: Shard) -> Decision:
    """What a shard may say by itself: what it measured, and that this decides nothing."""
    if decision.verdict in _UNFINISHED:
        return decision
    coverage = decision.coverage
    message = f"this is shard {shard}: {coverage.scored} of its {coverage.planned} answers are measured; `evalbot merge` decides over all shards"
    finding = Finding(Rule.COVERAGE, Level.BLOCKS, message, proves=False)
    return Decision(Verdict.INCONCLUSIVE, message, (finding,), partitions=decision.partitions, coverage=coverage)


def withheld(decision: Decision, rows: Sequence[Row], planned: int, count: int | None) -> Decision:
    """The decision over merged shards, unless something is missing: then nothing is decided, however much there is of the rest.

    Args:
        rows: All rows, those that nobody measured too.
        planned: How many first answers are planned.
        count: Of the shards, where known.
    """
    lost = [row for row in rows if row.error is ErrorClass.STOPPED]
    if not lost:
        return decision
    which = sorted({Shard.of(row.example, count).index for row in lost}) if count else []
    named = [f"{index}/{count}" for index in which[:5]] + (["…"] if len(which) > 5 else [])
    where = f"shard {', '.join(named)}" if named else "a shard"
    message = f"{where} is missing or unfinished: {len(lost)} answers are not measured ({planned} are planned); run it again, then merge again"
    examples = tuple(dict.fromkeys(row.example for row in lost))[:10]
    finding = Finding(Rule.COVERAGE, Level.BLOCKS, message, examples=examples, proves=False)
    return replace(decision, verdict=Verdict.INCONCLUSIVE, reason=message, findings=(finding, *decision.findings))
