"""Comparisons: metrics that look at both sides' answers to an example, once both answers exist."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from evalbot.domain.canonical import digest
from evalbot.domain.examples import Example
from evalbot.domain.ports import Comparing
from evalbot.domain.runs import Part, Row, Side, Task
from evalbot.domain.scores import Pair, Score, ScoreStatus
from evalbot.engine.asking import Bill
from evalbot.engine.scoring import Scorer, SuiteMetrics

OF = "answers"  # in a score's detail: which two answers it compares, so that a stored one is known again


@dataclass(frozen=True, slots=True)
class _Both:
    """One example's rows on both sides, and where head's stands."""

    place: int
    base: Row
    head: Row
    example: Example


async def compared(
    rows: Sequence[Row], tasks: Iterable[Task], suites: Mapping[str, SuiteMetrics], scorer: Scorer, deadline: float, at_once: int
) -> list[Row]:
    """The rows, with what comparing metrics say of both sides' answers on head's row.

    First answers to policy's rows are compared, epoch by epoch. What a row of an earlier run says of the same two answers
    is kept. What cannot be had any more is unscored, and costs nothing but itself: comparisons gate nothing.

    Args:
        deadline: When to give up, in seconds of the gateway's clock.
        at_once: How many comparisons to open at once.
    """
    found = list(rows)
    examples = {(task.suite, task.example.id, task.example.hash): task.example for task in tasks}
    turns = asyncio.Semaphore(max(1, at_once))
    comparing = {name for name, suite in suites.items() if _comparing(suite)}

    async def one(both: _Both) -> None:
        async with turns:
            found[both.place] = await _row(both, suites[both.head.suite], scorer, deadline)

    await asyncio.gather(*(one(both) for both in _pairs(found, examples) if both.head.suite in comparing))
    return found


def _comparing(suite: SuiteMetrics) -> dict[str, Comparing]:
    return {name: metric for name, metric in suite.metrics.items() if isinstance(metric, Comparing)}


def _pairs(rows: Sequence[Row], examples: Mapping[tuple[str, str, str], Example]) -> Iterator[_Both]:
    first = [(place, row) for place, row in enumerate(rows) if row.part is Part.EXAM and not row.confirmation]
    at_base = {_key(row): row for _, row in first if row.side is Side.BASE}
    for place, head in first:
        base = at_base.get(_key(head))
        example = examples.get((head.suite, head.example, head.example_hash))
        if head.side is Side.HEAD and base is not None and example is not None and base.answered and head.answered:
            yield _Both(place, base, head, example)


def _key(row: Row) -> tuple[str, str, str, str, int]:
    return (row.suite, row.prompt, row.example, row.example_hash, row.epoch)


async def _row(both: _Both, suite: SuiteMetrics, scorer: Scorer, deadline: float) -> Row:
    bill, scores = Bill(), dict(both.head.scores)
    pair = Pair(both.example, _said(both.base), _said(both.head))
    answers = digest([pair.base, pair.head])[:16]
    for name, metric in _comparing(suite).items():
        judge_id = suite.judge_ids.get(name)
        stored = scores.get(name)
        if stored is None or stored.status is not ScoreStatus.SCORED or (stored.detail.get(OF), stored.detail.get("judge_id")) != (answers, judge_id):
            score = await scorer.compare(suite, metric, pair, bill, deadline)
            scores[name] = _stamped(score, answers, judge_id)
    usd = None if both.head.judge_usd is None or bill.usd is None else both.head.judge_usd + bill.usd
    return both.head.but(
        scores=scores, judge_usd=usd, judge_calls=both.head.judge_calls + bill.calls,
        cached_calls=both.head.cached_calls + bill.cached, retried=both.head.retried + bill.retried,
    )  # fmt: skip


def _said(row: Row) -> str:
    """Everything that the target said: its answers to the earlier turns of a conversation too."""
    return "\n\n".join((*row.earlier, row.output or ""))


def _stamped(score: Score, answers: str, judge_id: str | None) -> Score:
    return replace(score, detail={**score.detail, OF: answers, **({"judge_id": judge_id} if judge_id else {})})
