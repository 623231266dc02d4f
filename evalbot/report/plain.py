"""A run in plain text, for mail and terminals: the words and numbers of the comment without any markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Finding, Level, Verdict
from evalbot.report.escape import visible
from evalbot.report.labels import is_sha, prompt_name, suites
from evalbot.report.numbers import duration, money
from evalbot.report.results import HEADERS, results
from evalbot.report.sections import slices
from evalbot.report.sections.cost import HEADERS as COST_HEADERS
from evalbot.report.sections.cost import sides
from evalbot.report.sections.failures import kinds
from evalbot.report.sections.findings import together, unnamed_examples
from evalbot.report.suspicion import lines, named, why
from evalbot.report.title import title

_HEADINGS = {Level.BLOCKS: "What blocks", Level.WARNS: "Warnings", Level.NOTES: "Notes"}


def plain(record: RunRecord, *, advisory: bool = False) -> str:
    """The whole text; what hides or reorders in words of others is shown as an escape."""
    decision = record.decision
    parts = [title(record, advisory=advisory), f"{decision.verdict.replace('_', ' ')}: {decision.reason}"]
    parts += [_listed("Problems", [str(problem) for problem in record.problems])]
    parts += [_findings(record, level) for level in Level]
    parts += [_listed("Where to look", [f"{one.hunk.path}, {lines(one)}: {why(one)}." for one in named(record)])]
    parts += [_results(record), _table("What fails", ("Kind", "Base", "Head", "Δ"), [list(map(str, kind)) for kind in kinds(record)]), _slices(record)]
    parts += [_table(f"Cost and speed: {money(record.cost_usd)}, {duration(record.seconds)}", COST_HEADERS, sides(record))]
    parts += [" · ".join(_versions(record))]
    return "\n\n".join(visible(part) for part in parts if part) + "\n"


def _findings(record: RunRecord, level: Level) -> str:
    found = together([finding for finding in record.decision.findings if finding.level is level])
    accepted = level is Level.BLOCKS and record.decision.verdict is Verdict.ACCEPTED
    return _listed("What was accepted" if accepted else _HEADINGS[level], [_finding(one) for one in found])


def _finding(finding: Finding) -> str:
    examples = unnamed_examples(finding)
    return f"{finding.rule}: {finding.message.rstrip('.')}." + (f" Examples: {', '.join(examples)}." if examples else "")


def _results(record: RunRecord) -> str:
    several = len(suites(record)) > 1
    rows = [
        [prompt_name(row.suite, row.prompt, several=several), f"{row.partition} {row.metric}".strip(), row.n, row.base, row.head, row.effect, row.p, row.passed, row.verdict]
        for row in results(record)
    ]
    return _table("Results", HEADERS, rows)


def _slices(record: RunRecord) -> str:
    fallen, several = slices.fallen(record), len(suites(record)) > 1
    rows = [[prompt_name(row.suite, row.prompt, several=several), f"{row.tag} {slices.metric(record, row)}".strip(), *slices.numbers(row)] for row in fallen]
    return f"{_table(slices.heading(record), slices.HEADERS, rows)}\n{slices.note(record)}" if fallen else ""


def _listed(heading: str, sentences: Sequence[str]) -> str:
    return "\n".join([heading, *(f"- {sentence}" for sentence in sentences)]) if sentences else ""


def _table(heading: str, headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    if not rows:
        return ""
    clean = [[visible(cell).replace("\n", " ") for cell in row] for row in rows]
    return f"{heading}\n" + tabulate(clean, headers, tablefmt="plain", disable_numparse=True)


def _versions(record: RunRecord) -> Iterator[str]:
    for word, name in (("head", record.head_sha), ("base", record.base_sha), ("policy", record.policy_sha)):
        if name:
            yield f"{word} {name[:7] if is_sha(name) else name}"
    yield f"evalbot {record.version}"
