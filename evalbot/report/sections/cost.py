"""Cost and speed: what the run took, and what merging would cost per thousand answers."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, median

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Row, Side
from evalbot.report.escape import inline
from evalbot.report.estimate import in_words
from evalbot.report.numbers import MISSING, count, duration, money, relative, score
from evalbot.report.section import Section, optional
from evalbot.report.table import details, table

HEADERS = ("", "Base", "Head", "Δ")


def render(record: RunRecord) -> Section:
    """A folded table of both sides' cost, length and latency, with calls and retries; empty where nothing was asked."""
    if not record.calls.model and not record.calls.cached and not record.rows:
        return Section("cost and speed", 6, optional(""))
    calls = record.calls
    of_budget = (
        f" of a budget of {money(record.budget_usd)}"
        if record.budget_usd is not None and record.cost_usd is not None
        else ""
    )
    summary = f"Cost and speed: {money(record.cost_usd)}{of_budget}, {duration(record.seconds)}"
    line = (
        f"Answers: {count(calls.model)} asked for, {count(calls.judge)} judge calls, {count(calls.cached)} from the cache, "
        f"{count(calls.retried)} retried.{_estimated(record)}{_from_cache(record)}"
    )
    rows = sides(record)
    body = f"{table(HEADERS, rows, (1, 2, 3))}\n\n{line}" if rows else line
    return Section("cost and speed", 6, optional(details(summary, body)))


def sides(record: RunRecord) -> list[list[str]]:
    """Cost, length and speed of an answer at base and at head, in words; empty where nothing was answered."""
    answered = [_first_answers(record, side) for side in (Side.BASE, Side.HEAD)]
    if not any(answered):
        return []
    costs = [_mean_cost(rows) for rows in answered]
    tokens = [
        fmean(lengths) if (lengths := [row.usage.output for row in rows if row.usage]) else None for rows in answered
    ]
    speeds = [
        median(times) if (times := [row.latency_ms for row in rows if row.latency_ms is not None]) else None
        for rows in answered
    ]
    return [
        [
            "Cost per 1,000 answers",
            *(money(cost * 1000) if cost is not None else "unknown" for cost in costs),
            relative(*costs),
        ],
        ["Output tokens, mean", *map(score, tokens), relative(*tokens)],
        ["Latency, median", *(duration(ms / 1000) if ms is not None else MISSING for ms in speeds), relative(*speeds)],
    ]


def _estimated(record: RunRecord) -> str:
    found = record.estimate
    return f" The estimate before the first call was {in_words(found, record.budget_usd)}." if found is not None and found.calls else ""


def _from_cache(record: RunRecord) -> str:
    """What of each side an earlier run paid for, how old it is, and why it may be compared with what is new."""
    used = record.recalled
    said = [f"The cache could not be used: {inline(used.trouble, 120)}."] if used.trouble else []
    answered = [(side, _first_answers(record, side)) for side in (Side.BASE, Side.HEAD)]
    if record.calls.cached:
        parts = [f"{side} {count(sum(row.cached for row in rows))} of {count(len(rows))}" for side, rows in answered if rows]
        age = f"; the oldest reply is {duration(used.oldest_seconds)} old" if used.replies else ""
        said.append(f"Answers from an earlier run: {', '.join(parts)}{age}.")
    if used.unpinned:
        names = ", ".join(inline(name, 80) for name in used.unpinned)
        said.append(f"Without a date in its name, a model may change: replies of {names} are used again for 24 hours.")
    if used.drifted:
        names = ", ".join(inline(name, 80) for name in used.drifted)
        said.append(f"Answers under another name by now, so earlier replies were not used: {names}.")
    passed_over = [
        f"{count(number)} {why}"
        for number, why in (
            (used.stale, "too old"), (used.untrusted, "kept by a run that is not trusted"), (used.corrupt, "damaged"),
            (used.ignored, "rows of earlier results that do not fit this run"),
        )
        if number
    ]
    if passed_over:
        said.append(f"Not used: {', '.join(passed_over)}.")
    return "".join(f" {line}" for line in said)


def _first_answers(record: RunRecord, side: Side) -> list[Row]:
    return [
        row
        for row in record.rows
        if row.side is side and row.part is Part.EXAM and not row.confirmation and row.answered
    ]


def _mean_cost(rows: Sequence[Row]) -> float | None:
    """US dollars an answer; None where one price is unknown, since a mean of the others would be too low."""
    costs = [row.cost_usd for row in rows]
    known = [cost for cost in costs if cost is not None]
    return fmean(known) if known and len(known) == len(costs) else None
