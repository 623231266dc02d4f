"""The changed lines that are most likely at fault, in a sentence a prompt."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.hunks import Suspect
from evalbot.domain.record import RunRecord
from evalbot.report.escape import code
from evalbot.report.numbers import counted
from evalbot.report.section import Section, ladder
from evalbot.report.suspicion import lines, named, why


def render(record: RunRecord) -> Section:
    """A line for each hunk that stands out; empty where none does."""
    found = named(record)

    def text(shown: Sequence[Suspect], left_out: int) -> str:
        more = [f"- and {counted(left_out, 'more hunk')} in `summary.json`"] if left_out else []
        return "\n".join(["### Where to look", "", *map(_line, shown), *more]) if shown else ""

    return Section("where to look", 7, ladder(found, text))


def _line(suspect: Suspect) -> str:
    sure = "at fault" if suspect.replayed is not None else "most likely at fault"
    hint = "" if suspect.replayed is not None else "; `evalbot check --by-hunk` tries each change alone"
    return f"- {code(suspect.hunk.path)}, {lines(suspect)}: {sure}, {why(suspect)}{hint}."
