"""What the rules found: what blocks, what warns, and (folded) what is only worth knowing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Finding, Level, Rule, Verdict
from evalbot.report.escape import code, inline
from evalbot.report.labels import rule_link
from evalbot.report.numbers import counted
from evalbot.report.section import Section, ladder, optional
from evalbot.report.table import details

_ICONS = {Level.BLOCKS: "❌", Level.WARNS: "⚠️", Level.NOTES: "•"}
_MOST_EXAMPLES = 8
_SEVERAL = {
    Rule.NEW_FAILURE: "fail at head and passed at base",
    Rule.UNSTABLE: "fail at head and wavered at base",
    Rule.PRE_EXISTING: "fail at head as they do at base",
    Rule.ADDED_FAILURE: "are new and fail at head",
    Rule.FLAKY: "failed once at head and were not broken when asked again",
    Rule.EXAMPLE_EDITED: "are edited at head",
    Rule.EXAMPLE_DELETED: "are deleted at head",
    Rule.COVERAGE: "could not be decided",
}


def blocking(record: RunRecord) -> Section:
    """What blocks, or did until somebody accepted it."""
    heading = "What was accepted" if record.decision.verdict is Verdict.ACCEPTED else "What blocks"
    return _section(record, Level.BLOCKS, heading, rank=10, least=3)


def warning(record: RunRecord) -> Section:
    """What does not block and should be looked at."""
    return _section(record, Level.WARNS, "Warnings", rank=8)


def notes(record: RunRecord) -> Section:
    """Findings that only inform, and the configuration's own warnings; folded."""
    lines = [_line(finding) for finding in record.decision.findings if finding.level is Level.NOTES]
    lines += [f"- {inline(warning)}" for warning in record.warnings]
    lines += [
        f"- {inline(model, 80)} rejected {', '.join(code(name, 40) for name in names)}; left out on both sides"
        for model, names in sorted(record.dropped_params.items())
    ]

    def render(shown: Sequence[str], left_out: int) -> str:
        more = [f"- and {counted(left_out, 'more note')}"] if left_out else []
        return details(f"Notes ({len(lines)})", "\n".join([*shown, *more])) if shown else ""

    return Section("notes", 2, ladder(lines, render))


def _section(record: RunRecord, level: Level, heading: str, *, rank: int, least: int = 0) -> Section:
    found = together([finding for finding in record.decision.findings if finding.level is level])
    if not found:
        return Section(heading.lower(), rank, optional(""))
    return Section(heading.lower(), rank, ladder(found, _list(heading), least=least))


def together(findings: Sequence[Finding]) -> list[Finding]:
    """Findings of one rule on several examples of one prompt and partition as one line that names them."""
    groups: dict[tuple[str, ...], list[Finding]] = {}
    for number, finding in enumerate(findings):
        own = finding.examples == (finding.example,)
        place = (finding.rule, finding.suite, finding.prompt, finding.partition)
        groups.setdefault(place if own else (str(number),), []).append(finding)
    return [group[0] if len(group) == 1 else _sum(group) for group in groups.values()]


def _sum(group: Sequence[Finding]) -> Finding:
    first = group[0]
    what = _SEVERAL.get(first.rule, "concern it")
    where = f" of {first.prompt}" if first.prompt else ""
    message = f"{len(group)} {first.partition} examples{where} {what}."
    return replace(first, message=message, examples=tuple(finding.example for finding in group))


def _list(heading: str) -> Callable[[Sequence[Finding], int], str]:
    def render(findings: Sequence[Finding], left_out: int) -> str:
        lines = [_line(finding) for finding in findings]
        more = [f"- and {counted(left_out, 'more finding')}, listed in `summary.json`"] if left_out else []
        return f"### {heading}\n\n" + "\n".join([*lines, *more])

    return render


def _line(finding: Finding) -> str:
    unnamed = unnamed_examples(finding)
    listed = ", ".join(code(example, 60) for example in unnamed[:_MOST_EXAMPLES])
    more = f" and {len(unnamed) - _MOST_EXAMPLES} more" if len(unnamed) > _MOST_EXAMPLES else ""
    icon = _ICONS[finding.level]
    message = inline(finding.message, 500).rstrip(".")
    return f"- {icon} {rule_link(finding.rule)}: {message}." + (f" Examples: {listed}{more}." if listed else "")


def unnamed_examples(finding: Finding) -> list[str]:
    """The examples that its message does not name already."""
    return [example for example in finding.examples if example not in finding.message]
