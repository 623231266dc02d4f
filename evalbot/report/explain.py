"""Everything known about one example of a run, for the person who asked."""

from __future__ import annotations

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Row
from evalbot.report.escape import block, code, inline
from evalbot.report.numbers import score


def explain(record: RunRecord, example: str) -> str | None:
    """A page of Markdown with each answer and its scores; None where the run has no such example.

    Outputs are left out where the record says that they are not to be shown.
    """
    rows = [row.whole for row in record.rows if row.example == example]
    if not rows:
        return None
    found = record.examples.get((rows[0].suite, rows[0].example_hash))
    parts = [f"### {code(example)} ({rows[0].partition})"]
    if found is not None:
        parts.append("\n".join(f"- {inline(name, 60)}: {inline(str(value), 500)}" for name, value in found.input.items()))
        parts += [f"Expected: {inline(found.expected_output, 500)}"] if found.expected_output else []
    parts += [_row(row, record.options.show_outputs) for row in rows]
    return "\n\n".join(parts) + "\n"


def _row(row: Row, show_outputs: bool) -> str:
    again = f", asked again {row.confirmation}" if row.confirmation else ""
    passed = {True: "passed", False: "**failed**", None: f"not scored ({row.error})"}[row.passed]
    lines = [f"#### {row.prompt} at {row.side}, answer {row.epoch + 1}{again}: {passed}"]
    lines[0] = f"#### {code(row.prompt)} at {row.side}, answer {row.epoch + 1}{again}: {passed}"
    if show_outputs and row.output is not None:
        lines.append(block(row.output))
    lines += [
        f"- {code(name)}: {score(value.value)}" + (f", {inline(value.reason, 400)}" if show_outputs and value.reason else "")
        for name, value in row.scores.items()
    ]
    return "\n\n".join(lines[:1]) + "\n" + "\n".join(lines[1:])
