"""Who judged: each judge's identity, its samples, and how often it disagreed with itself."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import JudgeUsed, RunRecord
from evalbot.report.escape import code
from evalbot.report.labels import suites
from evalbot.report.numbers import count, counted
from evalbot.report.section import Section, ladder


def render(record: RunRecord) -> Section:
    """A line a judge; empty where none judged."""

    def lines(shown: Sequence[JudgeUsed], left_out: int) -> str:
        if not record.judges:
            return ""
        more = [f"{counted(left_out, 'more judge')} in `summary.json`"] if left_out else []
        return "Judged by " + "; ".join([*(_line(record, judge) for judge in shown), *more]) + "."

    return Section("judges", 6, ladder(record.judges, lines, least=3))


def _line(record: RunRecord, judge: JudgeUsed) -> str:
    graded = [
        row.scores[judge.metric] for row in record.rows if row.suite == judge.suite and judge.metric in row.scores
    ]
    unstable = sum(score.detail.get("unstable") is True for score in graded)
    wavering = f", unstable on {count(unstable)} of {counted(len(graded), 'answer')}" if unstable else ""
    suite = f"{code(judge.suite, 40)} " if len(suites(record)) > 1 else ""
    samples = counted(judge.samples, "sample")
    return f"{suite}{code(judge.metric, 40)}: {code(judge.model, 80)} (id {code(judge.judge_id, 16)}, {samples} an answer{wavering})"
