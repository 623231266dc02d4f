"""The part that needs no script: verdict, findings, results, cost and versions, with the words that the comment has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Comparison, Finding, Level, Verdict
from evalbot.report.escape import text
from evalbot.report.frame import table
from evalbot.report.labels import RULES, is_sha, prompt_name, suites
from evalbot.report.numbers import MISSING, count, duration, money
from evalbot.report.page.interval import interval_picture
from evalbot.report.results import HEADERS, Result, results
from evalbot.report.sections import slices
from evalbot.report.sections.cost import HEADERS as COST_HEADERS
from evalbot.report.sections.cost import sides as cost_rows
from evalbot.report.sections.failures import kinds
from evalbot.report.sections.findings import together, unnamed_examples
from evalbot.report.suspicion import lines, named, why
from evalbot.report.title import title

_HEADINGS = {Level.BLOCKS: "What blocks", Level.WARNS: "Warnings", Level.NOTES: "Notes"}


def before(record: RunRecord, *, advisory: bool = False) -> Iterator[str]:
    """What a reader needs first: verdict, what blocks, results. A section with nothing to say is left out."""
    decision = record.decision
    yield f"<header>\n<h1>{text(title(record, advisory=advisory))}</h1>\n"
    yield f"<p><strong>{text(decision.verdict.replace('_', ' '))}</strong>: {text(decision.reason)}</p>\n"
    yield f'<p class="soft small">{" · ".join(_versions(record))}</p>\n</header>\n<main>\n'
    yield from _list("Problems", [str(problem) for problem in record.problems])
    yield from _findings(record, Level.BLOCKS)
    yield from _findings(record, Level.WARNS)
    yield from _list("Where to look", [f"{one.hunk.path}, {lines(one)}: {why(one)}." for one in named(record)])
    yield from _results(record)


def after(record: RunRecord) -> Iterator[str]:
    """What is worth knowing beside it."""
    yield from _kinds(record)
    yield from _slices(record)
    yield from _cost(record)
    yield from _findings(record, Level.NOTES)
    yield from _list("Configuration warnings", record.warnings)
    yield from _list("Not applied to this pull request", record.not_applied)


def _versions(record: RunRecord) -> Iterator[str]:
    for word, name in (("head", record.head_sha), ("base", record.base_sha), ("policy", record.policy_sha)):
        if name:
            yield f"{word} <code>{text(name[:7] if is_sha(name) else name)}</code>"
    if record.pull_request:
        yield f"pull request {record.pull_request}"
    for judge in record.judges:
        yield f"judge <code>{text(judge.metric)}</code> {text(judge.model)} (id <code>{text(judge.judge_id)}</code>)"
    yield f"{text(record.started_at)} · evalbot {text(record.version)}"


def _list(heading: str, sentences: Sequence[str]) -> Iterator[str]:
    if sentences:
        items = "".join(f"<li>{text(line)}</li>" for line in sentences)
        yield f"<section><h2>{heading}</h2><ul>{items}</ul></section>\n"


def _findings(record: RunRecord, level: Level) -> Iterator[str]:
    found = together([finding for finding in record.decision.findings if finding.level is level])
    if not found:
        return
    yield f'<section><h2>{_heading(record, level)}</h2><ul class="findings">\n'
    for finding in found:
        rule = f'<a href="{RULES}#{finding.rule}"><code>{finding.rule}</code></a>'
        yield f'<li class="{finding.level}">{rule} {text(finding.message)}{_examples(finding)}</li>\n'
    yield "</ul></section>\n"


def _heading(record: RunRecord, level: Level) -> str:
    if level is Level.BLOCKS and record.decision.verdict is Verdict.ACCEPTED:
        return "What was accepted"
    return _HEADINGS[level]


def _examples(finding: Finding) -> str:
    """Links that the script opens; without it they lead nowhere and still name the examples."""
    named = [f'<a href="#example={text(example)}"><code>{text(example)}</code></a>' for example in unnamed_examples(finding)]
    return f' <span class="soft">Examples: {", ".join(named)}</span>' if named else ""


def _results(record: RunRecord) -> Iterator[str]:
    found = results(record)
    if found:
        several = len(suites(record)) > 1
        yield "<section><h2>Results</h2>"
        yield from table((*HEADERS[:6], "", *HEADERS[6:]), [_cells(row, several) for row in found], range(2, 9))
        yield "</section>\n"


def _cells(row: Result, several: bool) -> list[str]:
    prompt = prompt_name(row.suite, row.prompt, several=several)
    partition = text(row.partition) + (f" <code>{text(row.metric)}</code>" if row.metric else "")
    picture = interval_picture(row.comparison) if row.comparison else ""
    numbers = [text(cell) for cell in (row.n, row.base, row.head, row.effect)]
    return [f"<code>{text(prompt)}</code>", partition, *numbers, picture, text(row.p), text(row.passed), text(row.verdict)]


def _kinds(record: RunRecord) -> Iterator[str]:
    found = kinds(record)
    if found:
        rows = [[text(kind), count(base), count(head), change] for kind, base, head, change in found]
        yield "<section><h2>What fails</h2>"
        yield from table(("Kind", "Base", "Head", "Δ"), rows, range(1, 4))
        yield "</section>\n"


def _slices(record: RunRecord) -> Iterator[str]:
    fallen = slices.fallen(record)
    if fallen:
        yield f"<section><h2>{text(slices.heading(record))}</h2>"
        yield from table(slices.HEADERS, [_slice(record, row) for row in fallen], range(2, 8))
        yield f'<p class="soft small">{text(slices.note(record))}</p></section>\n'


def _slice(record: RunRecord, row: Comparison) -> list[str]:
    also = slices.metric(record, row)
    name = f"<code>{text(row.tag)}</code>" + (f" <code>{text(also)}</code>" if also else "")
    return [f"<code>{text(prompt_name(row.suite, row.prompt, several=len(suites(record)) > 1))}</code>", name, *map(text, slices.numbers(row))]


def _cost(record: RunRecord) -> Iterator[str]:
    calls = record.calls
    if not (calls.model or calls.cached or record.rows):
        return
    yield f"<section><h2>Cost and speed</h2><p>This run: {money(record.cost_usd)}, {duration(record.seconds)}; "
    yield f"{count(calls.model)} answers asked for, {count(calls.judge)} judge calls, {count(calls.cached)} from the cache, {count(calls.retried)} retried.</p>"
    yield from table(COST_HEADERS, [[text(cell or MISSING) for cell in row] for row in cost_rows(record)], range(1, 4))
    yield "</section>\n"
