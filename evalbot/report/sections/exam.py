"""Rows that head adds or edits: run on both sides, shown apart, and in no mean or test."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.verdicts import PassStatus
from evalbot.report.escape import code
from evalbot.report.evidence import Place, rows_by_place
from evalbot.report.labels import STATUSES, subject
from evalbot.report.numbers import MISSING, counted
from evalbot.report.section import Section, ladder
from evalbot.report.table import details, table

_Line = tuple[Part, Place, dict[Side, list[Row]]]


def render(record: RunRecord) -> Section:
    """A folded table of added rows and of head's versions of edited rows, failing ones first."""
    lines: list[_Line] = [
        (part, place, sides)
        for part in (Part.ADDED, Part.EDITED)
        for place, sides in rows_by_place(record.rows, part).items()
    ]
    lines.sort(key=lambda line: _verdict(line[2][Side.HEAD]) != "no")
    statuses = {
        (f.suite, f.prompt, f.example): f.status for f in record.decision.failed_examples if f.part is not Part.EXAM
    }

    def render_lines(shown: Sequence[_Line], left_out: int) -> str:
        if not shown:
            return ""
        cells = [_cells(record, line, statuses.get(line[1])) for line in shown]
        text = table(["Example", "Prompt", "Partition", "Row", "Base passes", "Head passes"], cells)
        more = f"\n\nand {counted(left_out, 'more row')} in `summary.json`" if left_out else ""
        note = "These gate by pass and fail only and are in no mean, test or interval."
        return details(f"Rows of the exam that head changes ({len(lines)})", f"{text}{more}\n\n{note}")

    return Section("added and edited rows", 5, ladder(lines, render_lines))


def _cells(record: RunRecord, line: _Line, status: PassStatus | None) -> list[str]:
    part, (suite, prompt, example), sides = line
    partition = next((row.partition.value for rows in sides.values() for row in rows), MISSING)
    head = _verdict(sides[Side.HEAD]) + (f" ({STATUSES[status]})" if status else "")
    return [code(example, 60), subject(record, suite, prompt), partition, str(part), _verdict(sides[Side.BASE]), head]


def _verdict(rows: Sequence[Row]) -> str:
    """ "yes", "no", or a dash where nothing is known; one failing answer is a "no"."""
    known = [row.passed for row in rows if row.passed is not None]
    return MISSING if not known else "yes" if all(known) else "no"
