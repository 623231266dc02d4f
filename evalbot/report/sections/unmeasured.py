"""What was not measured, side by side: error classes with their counts and what was said, never a score."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Row, Side
from evalbot.domain.scores import ScoreStatus
from evalbot.report.escape import inline
from evalbot.report.numbers import count, percent
from evalbot.report.section import Section, optional
from evalbot.report.table import table


def render(record: RunRecord) -> Section:
    """A table of error classes per side and up to three reasons; empty where everything was measured."""
    failures = [(row.side, kind, reason) for row in record.rows for kind, reason in _errors(row)]
    coverage = record.decision.coverage
    if not failures and not coverage.errors and coverage.scored >= coverage.planned:
        return Section("what was not measured", 11, optional(""))
    lines = ["### What was not measured", *_coverage(coverage.planned, coverage.scored), *_kinds(record, failures)]
    reasons = (
        [] if not record.options.show_outputs else list(dict.fromkeys(reason for *_, reason in failures if reason))[:3]
    )
    lines += ["\n".join(f"- {inline(reason, 240)}" for reason in reasons)] if reasons else []
    return Section("what was not measured", 11, optional("\n\n".join(lines)))


def _coverage(planned: int, scored: int) -> list[str]:
    if not planned:
        return []
    return [f"{count(scored)} of {count(planned)} planned answers were scored ({percent(scored / planned)})."]


def _kinds(record: RunRecord, failures: list[tuple[Side, str, str]]) -> list[str]:
    tally = Counter((kind, side) for side, kind, _ in failures)
    if tally:
        kinds = sorted({kind for kind, _ in tally})
        rows = [[f"`{kind}`", count(tally[kind, Side.BASE]), count(tally[kind, Side.HEAD])] for kind in kinds]
        return [table(["Error", "Base", "Head"], rows, (1, 2))]
    errors = sorted(record.decision.coverage.errors.items())
    return (
        ["Errors: " + ", ".join(f"{count(number)} {inline(kind, 40)}" for kind, number in errors) + "."]
        if errors
        else []
    )


def _errors(row: Row) -> Iterable[tuple[str, str]]:
    """An answer's own error, else its scores'; one a row, so that the counts are answers."""
    if row.error is not None:
        yield row.error, row.reason
        return
    for score in row.scores.values():
        if score.status is ScoreStatus.UNSCORED and score.error is not None:
            yield score.error, score.reason
            return
