"""What is concluded, in a heading and a sentence; never cut."""

from __future__ import annotations

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Verdict
from evalbot.report.escape import code, inline
from evalbot.report.numbers import count
from evalbot.report.section import Section, fixed
from evalbot.report.sections import sensitivity
from evalbot.report.title import title

_BESIDE = {
    Verdict.CONFIG_ERROR: "No model was called.",
    Verdict.INCONCLUSIVE: "This is neither a pass nor a regression: what was not measured is no evidence.",
    Verdict.NEEDS_APPROVAL: "No model was called and no key was used.",
    Verdict.CANCELLED: "What was measured is kept for the next run.",
}
_BOOTSTRAP = (
    "Bootstrap: what the base branch does not define yet, or not validly, was run as this pull request defines it. "
    "Once it is merged, the base branch's word rules."
)


def render(record: RunRecord, *, advisory: bool = False) -> Section:
    """Heading, the contract's word for the verdict, one sentence of reason, and what it does not mean."""
    decision = record.decision
    lines = [
        f"## {title(record, advisory=advisory)}",
        f"**{decision.verdict.replace('_', ' ')}**: {inline(decision.reason, 600)}",
    ]
    return Section("verdict", 99, fixed("\n\n".join([*lines, *filter(None, (_BOOTSTRAP if record.bootstrap else "", _beside(record)))])))


def _beside(record: RunRecord) -> str:
    verdict = record.decision.verdict
    if verdict is Verdict.PASS:
        return "\n\n".join(filter(None, (sensitivity.smallest(record), sensitivity.hidden(record))))
    if verdict is Verdict.NOT_APPLICABLE and record.suite is not None:
        return f"Suites without a change: {', '.join(code(name, 60) for name in record.suite.unchanged)}." if record.suite.unchanged else ""
    if verdict is Verdict.NOT_APPLICABLE:
        return (
            f"Files looked at: {count(record.examined)}. Changed prompts to measure: none."
            if not record.changed
            else ""
        )
    return _BESIDE.get(verdict, "")
