"""Earlier runs of this pull request, folded: what was said of which head."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import PastRun, RunRecord
from evalbot.report.escape import code, inline
from evalbot.report.numbers import counted
from evalbot.report.section import Section, optional
from evalbot.report.table import details, table


def render(record: RunRecord) -> Section:
    """The newest first; empty where this is the first run."""
    return Section("earlier runs", 1, optional(folded(record.past)))


def folded(past: Sequence[PastRun]) -> str:
    """The runs as a folded table; empty without any."""
    rows = [(inline(run.at.replace("T", " ").replace("Z", " UTC"), 40), code(run.head, 12), inline(run.words, 200)) for run in past]
    return details(f"{counted(len(rows), 'earlier run')} of this pull request", table(("Began", "Head", "Said"), rows)) if rows else ""
