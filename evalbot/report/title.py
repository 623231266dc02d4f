"""The verdict in one line of plain text, for the comment's heading and the check's title."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Assurance, Conclusion, Finding, Level, Rule, Verdict
from evalbot.report.labels import ICONS, NO_KEY, too_few
from evalbot.report.numbers import counted

_NOUNS = {
    Rule.REGRESSION: ("regression", "regressions"),
    Rule.LIKELY_DROP: ("likely drop", "likely drops"),
    Rule.NEW_FAILURE: ("new failure", "new failures"),
    Rule.UNSTABLE: ("unstable example", "unstable examples"),
    Rule.PRE_EXISTING: ("failure from before", "failures from before"),
    Rule.ADDED_FAILURE: ("failing added example", "failing added examples"),
    Rule.EXAMPLE_EDITED: ("edited example to approve", "edited examples to approve"),
    Rule.EXAMPLE_DELETED: ("deleted example to approve", "deleted examples to approve"),
    Rule.POLICY_CHANGED: ("policy change to approve", "policy changes to approve"),
    Rule.PROMPT_DELETED: ("deleted prompt to approve", "deleted prompts to approve"),
    Rule.SECRET_LEAK: ("leaked secret", "leaked secrets"),
    Rule.COST: ("cost increase", "cost increases"),
    Rule.INSUFFICIENT_DATA: ("row without enough evidence", "rows without enough evidence"),
    Rule.COVERAGE: ("part not measured enough", "parts not measured enough"),
}


def title(record: RunRecord, *, advisory: bool = False) -> str:
    """One line such as "❌ evalbot: do not merge: 1 regression, 2 new failures"; holds no text of a model or a file."""
    notes = [note for note in (_bootstrap(record), _not_tested(record), "NOT GATED" if advisory else "") if note]
    verdict = record.decision.verdict
    return f"{ICONS[verdict]} evalbot: {_words(record)}" + (f" ({'; '.join(notes)})" if notes else "")


def _words(record: RunRecord) -> str:
    decision = record.decision
    blocking = [finding for finding in decision.findings if finding.level is Level.BLOCKS]
    match decision.verdict:
        case Verdict.PASS:
            return _passed(record)
        case Verdict.FAIL:
            worse = "do not merge" if record.suite is None else "worse than the baseline" if any(record.suite.against.values()) else "failing"
            return f"{worse}: {_tally(blocking)}" if blocking else worse
        case Verdict.ACCEPTED:
            how = "self-accepted" if decision.reason.startswith("self-accepted ") else "accepted"  # by the owner alone, edits and policy too
            return f"{how}: {_tally(blocking).replace(' to approve', '')}" if blocking else how
        case Verdict.CONFIG_ERROR:
            return f"configuration error: {counted(len(record.problems) or 1, 'problem')} to fix"
        case Verdict.INCONCLUSIVE:
            return "could not evaluate: nothing is concluded"
        case Verdict.NEEDS_APPROVAL:
            return "not run: this job has no key for the models" if NO_KEY in decision.reason else "not run: somebody with write access has to approve this head"
        case Verdict.CANCELLED:
            return "cancelled: nothing is concluded"
        case Verdict.NOT_APPLICABLE:
            return "nothing to measure"


def _passed(record: RunRecord) -> str:
    gated = [row for row in record.decision.comparisons if row.gated]
    if any(row.assurance is Assurance.LIKELY_DROP for row in gated):
        return "passed, but a drop is likely"
    tested = any(row.conclusion is not Conclusion.INSUFFICIENT_DATA for row in gated)
    return "no regression shown" if tested else "no new failures"


def _tally(findings: Iterable[Finding]) -> str:
    tally = Counter[Rule]()
    for finding in findings:
        tally[finding.rule] += max(1, len(finding.examples)) if finding.rule in _PER_EXAMPLE else 1
    return ", ".join(
        counted(number, *_NOUNS.get(rule, (f"{rule} finding".replace("_", " "), ""))) for rule, number in tally.items()
    )


_PER_EXAMPLE = {
    Rule.NEW_FAILURE, Rule.UNSTABLE, Rule.PRE_EXISTING, Rule.ADDED_FAILURE, Rule.EXAMPLE_EDITED, Rule.EXAMPLE_DELETED,
}  # fmt: skip


def _bootstrap(record: RunRecord) -> str:
    return "bootstrap" if record.bootstrap else ""


def _not_tested(record: RunRecord) -> str:
    rows = [row for row in record.decision.comparisons if row.gated and row.conclusion is Conclusion.INSUFFICIENT_DATA]
    short = [row for row in rows if too_few(row)]
    if not short or record.decision.verdict not in (Verdict.PASS, Verdict.FAIL, Verdict.ACCEPTED):
        return ""
    return f"scores not tested ({too_few(min(short, key=lambda row: min(row.n_base, row.n_head)))})"
