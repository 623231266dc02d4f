"""The table: prompt × partition with both sides' means, the difference, its interval, the test, passes and the verdict."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.report.escape import code
from evalbot.report.labels import subject
from evalbot.report.numbers import counted
from evalbot.report.results import HEADERS, Result, results
from evalbot.report.section import Section, ladder, optional
from evalbot.report.table import table

MOST_ROWS = 100  # more is in summary.json: nobody reads it in a comment


def render(record: RunRecord) -> Section:
    """The table, worst rows first; empty where nothing was compared or counted."""
    found = results(record)
    if not found:
        return Section("the table", 9, optional(""))
    beyond = max(0, len(found) - MOST_ROWS)

    def rows(shown: Sequence[Result], left_out: int) -> str:
        text = table(HEADERS, [_cells(record, row) for row in shown], (2, 3, 4))
        hidden = left_out + beyond
        return text + (
            f"\n\nand {counted(hidden, 'more row')}, none worse than these; all are in `summary.json`." if hidden else ""
        )

    return Section("the table", 9, ladder(found[:MOST_ROWS], rows, least=3))


def _cells(record: RunRecord, row: Result) -> list[str]:
    partition = f"{row.partition} {code(row.metric, 40)}" if row.metric else row.partition
    return [
        subject(record, row.suite, row.prompt), partition, row.n, row.base, row.head, row.effect, row.p, row.passed, row.verdict,
    ]  # fmt: skip
