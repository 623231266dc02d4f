"""What has to be mended before anything can be measured: every problem with its place."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.errors import Problem
from evalbot.domain.record import RunRecord
from evalbot.report.escape import code, inline
from evalbot.report.numbers import counted
from evalbot.report.section import Section, ladder, optional


def render(record: RunRecord) -> Section:
    """One line a problem; empty where there is none."""
    if not record.problems:
        return Section("problems", 12, optional(""))
    return Section("problems", 12, ladder(record.problems, _lines, least=3))


def _lines(problems: Sequence[Problem], left_out: int) -> str:
    lines = [_line(problem) for problem in problems]
    if left_out:
        lines.append(f"- and {counted(left_out, 'more problem', 'more problems')}, listed in `summary.json`")
    return "### To fix\n\n" + "\n".join(lines)


def _line(problem: Problem) -> str:
    place = f"{problem.path}:{problem.line}" if problem.line else problem.path
    words = [code(place, 200) + ":"] if place else []
    words += [inline(problem.message, 500)] + ([inline(problem.hint, 300)] if problem.hint else [])
    return "- " + " ".join(words)
