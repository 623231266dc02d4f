"""How the suite did on the default branch lately, folded: numbers to see this run's beside."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.trend import TrendCell, TrendPoint
from evalbot.report.escape import code, inline
from evalbot.report.labels import suites
from evalbot.report.numbers import MISSING, counted, score
from evalbot.report.section import Section, ladder
from evalbot.report.table import details, table

_MOST_COLUMNS = 4


def render(record: RunRecord) -> Section:
    """A table with a row a run, newest first; empty where the default branch has no log."""

    def text(shown: Sequence[TrendPoint], left_out: int) -> str:
        if not shown:
            return ""
        more = f"\n\nand {counted(left_out, 'older run')}" if left_out else ""
        note = "\n\nMean of the tested metric with its 95% interval, and passes. Shown beside this run's numbers; it decides nothing."
        return details(f"On the default branch: the last {counted(len(record.trend), 'run')}", _table(record, shown) + more + note)

    return Section("trend", 3, ladder(record.trend, text))


def _table(record: RunRecord, shown: Sequence[TrendPoint]) -> str:
    several = len(suites(record)) > 1
    changed = {(prompt.suite, prompt.prompt) for prompt in record.changed}
    columns = list(dict.fromkeys((cell.prompt, cell.partition) for point in shown for cell in point.cells if (point.suite, cell.prompt) in changed))[:_MOST_COLUMNS]
    headers = ["Run", *(["Suite"] if several else []), "Commit", "Verdict", *(f"{code(prompt, 40)} {partition}" for prompt, partition in columns)]
    rows = []
    for point in shown:
        cells = {(cell.prompt, cell.partition): cell for cell in point.cells}
        named = [inline(point.at[:10], 20), *([code(point.suite, 40)] if several else []), code(point.commit[:7]), inline(point.verdict, 20)]
        rows.append([*named, *(_cell(cells.get(column)) for column in columns)])
    return table(headers, rows)


def _cell(cell: TrendCell | None) -> str:
    if cell is None:
        return MISSING
    passes = f"{cell.passed} of {cell.answers}"
    if cell.mean is None:
        return passes
    return f"{score(cell.mean)}" + (f" ± {score(cell.half_width)}" if cell.half_width is not None else "") + f" ({passes})"
