"""Annotations: on the changed lines of each prompt that got worse, what got worse, in plain words."""

# No `from __future__ import annotations` here: it would bind the name of the function.
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Literal

from evalbot.domain.pulls import Annotation
from evalbot.domain.record import Notice, RunRecord
from evalbot.domain.runs import Part, file_of
from evalbot.domain.verdicts import (
    Assurance,
    Comparison,
    Conclusion,
    FailedExample,
    Finding,
    Level,
    PassStatus,
    Rule,
    Verdict,
)
from evalbot.report.escape import shortened, visible
from evalbot.report.numbers import counted, difference, interval, score
from evalbot.report.suspicion import named, why

MOST = 50  # GitHub takes so many in one request
_MOST_EXAMPLES = 5
_MOST_CHARACTERS = 4000
_STATUSES = {
    PassStatus.NEW_FAILURE: ("newly fails", "newly fail"),
    PassStatus.UNSTABLE: ("fails at head and wavered at base", "fail at head and wavered at base"),
    PassStatus.ADDED_FAILURE: ("is new and fails", "are new and fail"),
    PassStatus.PRE_EXISTING: ("fails as it does at base", "fail as they do at base"),
}
_Hunks = Sequence[tuple[int, int]]


def annotations(record: RunRecord, hunks: Mapping[str, _Hunks]) -> tuple[Annotation, ...]:
    """At most 50, plain text; each prompt's first changed lines come before any prompt's second.

    Args:
        record: The run.
        hunks: Path of a prompt → (first, last) changed lines of head, from 1. A path that is not in it is not annotated.

    Returns:
        Level `failure` where the prompt blocks, `warning` where it warns or was accepted. After them come the lines of
        prompts that speak to a judge.
    """
    by_path = [_of_path(record, path, places, hunks.get(path, ())) for path, places in _places(record).items()]
    in_turn = chain.from_iterable(zip_longest(*by_path))
    return (*(one for one in in_turn if one is not None), *map(_noticed, record.notices))[:MOST]


def _noticed(notice: Notice) -> Annotation:
    message = f"This line speaks to a judge, not to a user: {_plain(notice.words, 200)}"
    return Annotation(notice.path, notice.line, notice.line, "warning", "evalbot: words for a judge", message)


def _places(record: RunRecord) -> Mapping[str, list[tuple[str, str]]]:
    """Path → the (suite, prompt) pairs that live there: two suites may share a prompt."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for prompt in record.changed:
        if (prompt.suite, prompt.prompt) not in found[prompt.path]:
            found[prompt.path].append((prompt.suite, prompt.prompt))
    return found


def _of_path(record: RunRecord, path: str, places: Sequence[tuple[str, str]], lines: _Hunks) -> list[Annotation]:
    level: Literal["failure", "warning"] = "warning"
    sentences: list[str] = []
    for suite, prompt in places:
        blocks, said = _worse(record, suite, prompt)
        level = "failure" if blocks else level
        sentences += [f"{suite}: {one}" if len(places) > 1 else one for one in said]
    if not sentences:
        return []
    if record.decision.verdict is Verdict.ACCEPTED:
        level = "warning"
    blamed = {one.hunk.lines: one for one in named(record) if one.hunk.path == file_of(path)}
    title = _plain(f"evalbot: {places[0][1]} got worse", 200)
    found = []
    for place in sorted(lines, key=lambda place: place not in blamed):
        first = [f"Most likely at fault: {why(blamed[place])}."] if place in blamed else []
        message = shortened("\n".join([*first, *sentences]), _MOST_CHARACTERS)
        found.append(Annotation(file_of(path), *place, level, title, message))
    return found


def _worse(record: RunRecord, suite: str, prompt: str) -> tuple[bool, list[str]]:
    """Whether something blocks there, and what got worse in sentences."""
    decision = record.decision
    here = [row for row in decision.comparisons if (row.suite, row.prompt) == (suite, prompt) and _dropped(row)]
    failed = [f for f in decision.failed_examples if (f.suite, f.prompt) == (suite, prompt) and f.part is not Part.EDITED]
    sentences = [*map(_drop, here), *_failures(failed, decision.findings)]
    blocks = any(row.blocks for row in here) or any(_blocked(one, decision.findings) for one in failed)
    return blocks, [_plain(one, 600) for one in sentences]


def _dropped(row: Comparison) -> bool:
    """Rows that gate and went down, shown or likely; the row over all partitions only repeats them."""
    down = row.conclusion is Conclusion.REGRESSION or row.assurance is Assurance.LIKELY_DROP
    return row.gated and row.partition != "all" and down


def _drop(row: Comparison) -> str:
    how = "went" if row.conclusion is Conclusion.REGRESSION else "probably went"
    test = row.welch if row.conclusion is Conclusion.REGRESSION else row.paired or row.welch
    bounds = interval(test.ci if test else None)
    return (
        f"{row.metric} {how} from {score(row.base_mean)} to {score(row.head_mean)} on {row.partition} "
        f"({difference(row.effect)}{', 95% interval ' + bounds.strip('()') if bounds else ''}, {counted(row.n_head, 'example')})."
    )


def _failures(failed: Sequence[FailedExample], findings: Sequence[Finding]) -> Iterator[str]:
    """A sentence for each partition and status, where a finding speaks of it as more than a note."""
    groups: dict[tuple[str, PassStatus], list[str]] = defaultdict(list)
    for one in failed:
        if one.status in _STATUSES and (_blocked(one, findings) or one.status is PassStatus.NEW_FAILURE):
            groups[one.partition, one.status].append(one.example)
    for (partition, status), examples in groups.items():
        named = ", ".join(_plain(example, 60) for example in examples[:_MOST_EXAMPLES])
        more = f" and {len(examples) - _MOST_EXAMPLES} more" if len(examples) > _MOST_EXAMPLES else ""
        yield f"{counted(len(examples), f'{partition} example')} {_STATUSES[status][len(examples) > 1]}: {named}{more}."


def _blocked(failed: FailedExample, findings: Sequence[Finding]) -> bool:
    """Whether a blocking finding of the same rule covers it; an empty field of a finding covers everything."""
    return any(
        finding.level is Level.BLOCKS and finding.rule is Rule(failed.status) and finding.suite in ("", failed.suite)
        and finding.prompt in ("", failed.prompt) and finding.partition in ("", failed.partition)
        and finding.example in ("", failed.example)
        for finding in findings
    )  # fmt: skip


def _plain(text: str, limit: int) -> str:
    return visible(" ".join(shortened(text, limit).split()))
