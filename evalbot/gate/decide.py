"""From evidence to a decision: every rule is asked, the findings are summed, and only one line can say `pass`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace

from evalbot.domain.runs import Part
from evalbot.domain.verdicts import PRECEDENCE, Comparison, Coverage, Decision, FailedExample, Finding, Level, Verdict
from evalbot.gate import rules
from evalbot.gate.comparing import comparisons, slices
from evalbot.gate.confirm import failed_examples
from evalbot.gate.duels import duels
from evalbot.gate.evidence import Evidence, passes
from evalbot.gate.health import health, health_findings
from evalbot.gate.tables import coverage, partition_counts
from evalbot.gate.wavering import flakes, flips
from evalbot.report.accepting import acceptable
from evalbot.report.numbers import counted
from evalbot.stats.compare import adjust
from evalbot.stats.conclude import assurance, by_pairs
from evalbot.stats.multiple import holm


def decide(suites: Sequence[Evidence], *, general: Iterable[Finding] = (), golden_approvals_missing: int = 0) -> Decision:
    """The decision over a whole run.

    Args:
        suites: The evidence of each suite that was looked at; none where nothing concerned any suite.
        general: Findings that belong to no suite (policy, secrets).
        golden_approvals_missing: How many approvals edited and deleted rows still need.
    """
    rows = _compared(suites)
    failed: list[FailedExample] = []
    findings = list(general)
    verdicts = [verdict(findings, planned=False, complete=True)]
    for evidence in suites:
        own_failed, own_findings = _judge(evidence, [row for row in rows if row.suite == evidence.suite], golden_approvals_missing)
        failed += own_failed
        findings += own_findings
        verdicts.append(verdict(own_findings, planned=bool(evidence.tasks), complete=_complete(evidence)))

    worst = min(verdicts, key=PRECEDENCE.index)
    return Decision(
        worst, reason(worst, findings), tuple(findings), tuple(rows),
        tuple(count for evidence in suites for count in partition_counts(evidence)), tuple(failed), _total_coverage(suites),
        tuple(found for evidence in suites for found in flips(evidence)), tuple(_sliced(suites)),
        tuple(found for evidence in suites for found in flakes(evidence)),
        tuple(found for evidence in suites for found in duels(evidence)),
        tuple(found for evidence in suites for found in health(evidence)),
    )  # fmt: skip


def verdict(findings: Iterable[Finding], *, planned: bool, complete: bool) -> Verdict:
    """The sum of findings; the only place from which `pass` can come.

    Args:
        findings: All findings of the suite.
        planned: Whether anything was to be measured.
        complete: Whether what was measured is enough to stand on.
    """
    blocking = [finding for finding in findings if finding.level is Level.BLOCKS]
    if any(finding.proves for finding in blocking):
        return Verdict.FAIL
    if blocking or not complete:
        return Verdict.INCONCLUSIVE
    return Verdict.PASS if planned else Verdict.NOT_APPLICABLE


def accepted(decision: Decision, words: str, *, everything: bool = False) -> Decision:
    """The decision once somebody has accepted its findings by id; what needs approvals still blocks, unless `everything`."""
    if decision.verdict not in (Verdict.FAIL, Verdict.INCONCLUSIVE):
        return decision
    left = [f for f in decision.findings if f.level is Level.BLOCKS and not acceptable(f, everything=everything)]
    if left:
        return replace(decision, verdict=Verdict.FAIL, reason=f"{left[0].message} (the rest was {words})")
    return replace(decision, verdict=Verdict.ACCEPTED, reason=words)


def reason(verdict: Verdict, findings: Sequence[Finding]) -> str:
    """One sentence for a verdict: the first finding behind it, and how many more there are."""
    wanted = {Verdict.FAIL: True, Verdict.INCONCLUSIVE: False}.get(verdict)
    behind = [f for f in findings if f.level is Level.BLOCKS and (wanted is None or f.proves is wanted)]
    if verdict is Verdict.PASS:
        warnings = sum(finding.level is Level.WARNS for finding in findings)
        return "no regression shown" + (f"; {counted(warnings, 'warning')}" if warnings else "")
    if verdict is Verdict.NOT_APPLICABLE:
        return "nothing that evalbot measures has changed"
    if not behind:
        return "nothing could be measured"
    return behind[0].message + (f" (and {len(behind) - 1} more)" if len(behind) > 1 else "")


def _compared(suites: Sequence[Evidence]) -> list[Comparison]:
    """All comparisons of the run, corrected together where the policy asks for it: one check, one family."""
    rows = [row for evidence in suites for row in comparisons(evidence)]
    return list(adjust(rows, {evidence.suite: evidence.gates.scores for evidence in suites}))


def _sliced(suites: Sequence[Evidence]) -> list[Comparison]:
    """The slices of the run by the paired test, with Holm's correction over all of them: looking often finds something."""
    rows = [row for evidence in suites for row in slices(evidence)]
    looked = [(row, row.paired.p) for row in rows if row.paired is not None and row.paired.p is not None]
    adjusted = holm([p for _, p in looked])
    found = []
    for (row, _), p in zip(looked, adjusted, strict=True):
        conclusion = by_pairs(row, row.alpha, p)
        found.append(replace(row, p_holm=p, conclusion=conclusion, assurance=assurance(row, conclusion, row.alpha, p)))
    return found


def _judge(evidence: Evidence, rows: Sequence[Comparison], approvals_missing: int) -> tuple[list[FailedExample], list[Finding]]:
    failed, open_cases = failed_examples(evidence)
    findings = [
        *rules.leaks(evidence),
        *rules.scores(evidence, rows),
        *rules.failures(evidence, failed),
        *evidence.findings,
        *rules.exam(evidence, approvals_missing),
        *rules.undecided(evidence, open_cases),
        *rules.covered(evidence),
        *rules.asked(evidence),
        *rules.cost(evidence),
        *health_findings(evidence, health(evidence)),
    ]
    order = list(Level)
    return failed, sorted(findings, key=lambda finding: order.index(finding.level))


def _complete(evidence: Evidence) -> bool:
    """Whether something was measured wherever something was planned: nothing measured is never a pass."""
    if not evidence.tasks:
        return True
    judged = {task.part for task in evidence.tasks if passes(evidence.first_rows(task.prompt, task.side, task.example)) is not None}
    planned = {task.part for task in evidence.tasks}
    return (planned - {Part.EDITED} or planned) <= judged


def _total_coverage(suites: Sequence[Evidence]) -> Coverage:
    parts = [coverage(evidence) for evidence in suites]
    errors: Counter[str] = Counter()
    for part in parts:
        errors.update(part.errors)
    return Coverage(sum(p.planned for p in parts), sum(p.scored for p in parts), dict(sorted(errors.items())))
