"""Kinds of failure, base against head: what the failing answers have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Side
from evalbot.report.escape import inline
from evalbot.report.numbers import MINUS, count, counted
from evalbot.report.section import Section, ladder, optional
from evalbot.report.table import details, table


def render(record: RunRecord) -> Section:
    """A folded table of reasons with their counts, what grew most first; empty where nothing failed."""
    sides: dict[Side, Counter[str]] = {Side.BASE: Counter(), Side.HEAD: Counter()}
    for part in record.decision.partitions:
        sides[part.side].update(part.failure_reasons)
    kinds = sorted({*sides[Side.BASE], *sides[Side.HEAD]}, key=lambda kind: (sides[Side.BASE][kind] - sides[Side.HEAD][kind], kind))
    # Reasons may quote answers, so they follow the answers' switch.
    if not kinds or not record.options.show_outputs:
        return Section("failure kinds", 6, optional(""))

    def lines(shown: Sequence[str], left_out: int) -> str:
        if not shown:
            return ""
        rows = [_row(kind, sides[Side.BASE][kind], sides[Side.HEAD][kind]) for kind in shown]
        more = f"\n\nand {counted(left_out, 'more kind')}" if left_out else ""
        base, head = (sum(sides[side].values()) for side in (Side.BASE, Side.HEAD))
        return details(f"Failure kinds: {base} at base, {head} at head", table(["Kind", "Base", "Head", "Δ"], rows, (1, 2, 3)) + more)

    return Section("failure kinds", 6, ladder(kinds, lines))


def _row(kind: str, base: int, head: int) -> list[str]:
    grown = head - base
    sign = "+" if grown > 0 else MINUS if grown < 0 else ""
    return [inline(kind, 100), count(base), count(head), f"{sign}{count(abs(grown))}"]
