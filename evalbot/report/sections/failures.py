"""Kinds of failure, base against head: what the failing answers have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Row, Side
from evalbot.report.escape import inline
from evalbot.report.numbers import MINUS, count, counted
from evalbot.report.section import Section, ladder, optional
from evalbot.report.table import details, table

Kind = tuple[str, int, int, str]


def render(record: RunRecord) -> Section:
    """A folded table of the failed checks and metrics with their counts, what grew most first; empty where nothing failed."""
    found = kinds(record)
    if not found:
        return Section("failure kinds", 6, optional(""))
    base, head = sum(kind[1] for kind in found), sum(kind[2] for kind in found)

    def lines(shown: Sequence[Kind], left_out: int) -> str:
        if not shown:
            return ""
        rows = [[inline(kind, 100), count(at_base), count(at_head), change] for kind, at_base, at_head, change in shown]
        more = f"\n\nand {counted(left_out, 'more kind')}" if left_out else ""
        return details(f"What fails: {base} at base, {head} at head", table(["Kind", "Base", "Head", "Δ"], rows, (1, 2, 3)) + more)

    return Section("failure kinds", 6, ladder(found, lines))


def kinds(record: RunRecord) -> list[Kind]:
    """What failed, how often at base and at head, and the change in words; what grew most first."""
    sides: dict[Side, Counter[str]] = {Side.BASE: Counter(), Side.HEAD: Counter()}
    deciding = {kind for part in record.decision.partitions for kind in part.failure_reasons}
    for row in record.rows:
        if row.part is Part.EXAM and not row.confirmation and row.passed is False:
            sides[row.side].update(kind for kind in _kinds(row) if kind in deciding)
    base, head = sides[Side.BASE], sides[Side.HEAD]
    names = sorted({*base, *head}, key=lambda kind: (base[kind] - head[kind], kind))
    return [(kind, base[kind], head[kind], _change(base[kind], head[kind])) for kind in names]


def _kinds(row: Row) -> Iterator[str]:
    """The names of what failed, as in `failure_reasons`: "metric: check" where a metric names its failed checks, else the metric."""
    for name, score in row.scores.items():
        if score.passed is False:
            failed = score.detail.get("failed")
            checks = failed if isinstance(failed, Sequence) and not isinstance(failed, str) else ()
            names = [str(check.get("name", check)) if isinstance(check, Mapping) else str(check) for check in checks]
            yield from (f"{name}: {check}" for check in names) if names else (name,)


def _change(base: int, head: int) -> str:
    """ "+3", "−2", "0"; a kind of failure that base did not have is marked."""
    grown = head - base
    sign = "+" if grown > 0 else MINUS if grown < 0 else ""
    return f"{sign}{count(abs(grown))}" + (" new" if head and not base else "")
