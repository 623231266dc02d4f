"""What the pull request changes: its prompts with the causes, and the policy that is not applied to it."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import ChangedPrompt
from evalbot.report.escape import code, inline
from evalbot.report.labels import suites
from evalbot.report.numbers import counted
from evalbot.report.section import Section, ladder
from evalbot.report.table import details

MOST_PROMPTS = 50


def not_applied(record: RunRecord) -> Section:
    """Head's changes of policy or workflow, which take effect once they are merged."""

    def lines(shown: Sequence[str], left_out: int) -> str:
        if not record.not_applied:
            return ""
        more = [f"- and {counted(left_out, 'more change')}"] if left_out else []
        return "### Not applied to this pull request\n\n" + "\n".join([*(f"- {inline(line)}" for line in shown), *more])

    return Section("policy not applied", 7, ladder(record.not_applied, lines, least=3))


def changed(record: RunRecord) -> Section:
    """The changed prompts and why each counts as changed; folded."""
    several = len(suites(record)) > 1

    def lines(shown: Sequence[ChangedPrompt], _: int) -> str:
        if not shown:
            return ""
        left_out = len(record.changed) - len(shown)
        more = [f"- and {counted(left_out, 'more prompt')} in `summary.json`"] if left_out else []
        return details(
            f"What changed ({counted(len(record.changed), 'prompt')})",
            "\n".join([*(_line(p, several) for p in shown), *more]),
        )

    return Section("what changed", 4, ladder(record.changed[:MOST_PROMPTS], lines))


def _line(prompt: ChangedPrompt, several: bool) -> str:
    suite = f" in {code(prompt.suite, 60)}" if several else ""
    return f"- {code(prompt.path or prompt.prompt, 120)}{suite}: {', '.join(prompt.causes) or 'changed'}"
