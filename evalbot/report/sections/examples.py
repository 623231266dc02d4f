"""The worst examples, base and head side by side: answers, grades with their reasons, input, and why the row exists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from evalbot.domain.examples import Example
from evalbot.domain.models import Outcome
from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Row
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.report.escape import block, code, html, inline
from evalbot.report.evidence import Exhibit, exhibits
from evalbot.report.labels import sha, suites
from evalbot.report.numbers import MISSING, count, score
from evalbot.report.section import Form, Section, optional
from evalbot.report.table import details, table

CELL = 320  # characters of an answer within the table; the whole of it follows below where it is longer
WHOLE = 2400
_MOST_METRICS = 5


def render(record: RunRecord) -> Section:
    """Up to `report.max_examples` examples; shortened by dropping whole answers first, then examples."""
    found = exhibits(record)
    most = min(record.options.max_examples, len(found))
    if most <= 0:
        return Section("worst examples", 1, optional(""))
    sizes = [most, *(size for size in (50, 20, 10, 5, 3, 2, 1) if size < most)]
    forms: list[Form] = [partial(_examples, record, found, most, whole=True)]
    forms += [partial(_examples, record, found, size) for size in sizes]
    return Section("worst examples", 1, (*forms, lambda: ""))


def _examples(record: RunRecord, found: Sequence[Exhibit], shown: int, *, whole: bool = False) -> str:
    heading = "### Worst examples" + (f" ({shown} of {count(len(found))})" if shown < len(found) else "")
    parts = [_example(record, exhibit.whole, whole=whole, opened=index == 0) for index, exhibit in enumerate(found[:shown])]
    return "\n\n".join([heading, *parts])


def _example(record: RunRecord, exhibit: Exhibit, *, whole: bool, opened: bool) -> str:
    suite, prompt, example = exhibit.place
    named = f"{suite}: {prompt}" if len(suites(record)) > 1 else prompt
    summary = f"{html(named, 60)} · {exhibit.partition} {html(example, 60)}: {_why(exhibit)}"
    body = [_side_by_side(record, exhibit)]
    if record.options.show_outputs:
        body += _about(exhibit.example)
        body += _whole_answers(exhibit) if whole else []
    return details(summary, "\n\n".join(body), opened=opened)


def _why(exhibit: Exhibit) -> str:
    """Why it is shown: its confirmed failures, else the mean scores that fell."""
    failed = exhibit.failed
    if failed is not None:
        base = (
            f", base {failed.base_failures} of {failed.runs}" if failed.base_failures is not None else ", no base side"
        )
        return f"fails {failed.head_failures} of {failed.runs} at head{base}"
    base_mean, head_mean = exhibit.means.get(exhibit.metric, (None, None))
    return f"{html(exhibit.metric, 40)} {score(base_mean)} → {score(head_mean)}"


def _side_by_side(record: RunRecord, exhibit: Exhibit) -> str:
    rows = [["Answer", _answer(exhibit.base), _answer(exhibit.head)]] if record.options.show_outputs else []
    rows += [["Passed", _passed(exhibit.base), _passed(exhibit.head)]]
    for name in _telling(exhibit):
        base_mean, head_mean = exhibit.means[name]
        cells = [
            _grade(row.scores.get(name) if row else None, mean, record.options.show_outputs)
            for row, mean in ((exhibit.base, base_mean), (exhibit.head, head_mean))
        ]
        rows.append([code(name, 40), *cells])
    return table(["", f"Base {sha(record.base_sha)}", f"Head {sha(record.head_sha)}"], rows)


def _telling(exhibit: Exhibit) -> list[str]:
    """The metrics that tell most: what failed at head, then what moved, then the rest."""

    def weight(name: str) -> tuple[bool, bool]:
        head = exhibit.head.scores.get(name) if exhibit.head else None
        base_mean, head_mean = exhibit.means[name]
        return (not (head is not None and head.passed is False), base_mean == head_mean)

    return sorted(exhibit.means, key=weight)[:_MOST_METRICS]


def _answer(row: Row | None) -> str:
    if row is None:
        return "not run on this side"
    if row.output is None:
        return f"no answer ({row.error or 'not kept'})" + (f": {inline(row.reason, 160)}" if row.reason else "")
    ended = f" ({row.outcome.replace('_', ' ')})" if row.outcome not in (None, Outcome.OK) else ""
    return code(row.output, CELL) + ended


def _passed(row: Row | None) -> str:
    return MISSING if row is None or row.passed is None else "yes" if row.passed else "**no**"


def _grade(given: Score | None, mean: float | None, with_reason: bool) -> str:
    """A metric's word on one answer: mean over the epochs, pass or fail, single grades, reason."""
    if given is None:
        return MISSING
    if given.status is not ScoreStatus.SCORED:
        return given.status.replace("_", " ") + (
            f": {inline(given.reason, 160)}" if given.reason and with_reason else ""
        )
    mark = "" if given.passed is None else " ✓" if given.passed else " ✗"
    grades = f" ({', '.join(score(sample) for sample in given.samples[:9])})" if len(given.samples) > 1 else ""
    reason = f" {inline(given.reason, 240)}" if given.reason and with_reason else ""
    return f"{score(mean)}{mark}{grades}{reason}"


def _about(example: Example | None) -> list[str]:
    """The input, what was expected, and the root cause that a regression row records."""
    if example is None:
        return []
    asked = example.input.get("user_input") if len(example.input) == 1 else None
    text = asked if isinstance(asked, str) else json.dumps(dict(example.input), ensure_ascii=False, default=str)
    lines = [f"Input: {code(text, 500)}"]
    if example.expected_output:
        lines.append(f"Expected: {code(example.expected_output, 300)}")
    for key, word in (("root_cause", "Why it is in the set"), ("issue", "Issue")):
        value = example.source.get(key)
        if isinstance(value, str | int) and str(value):
            lines.append(f"{word}: {code(str(value), 300)}")
    return ["\n".join(f"- {line}" for line in lines)]


def _whole_answers(exhibit: Exhibit) -> list[str]:
    """Both answers with their line breaks, where the table could not hold them."""
    answers = [("Base", exhibit.base), ("Head", exhibit.head)]
    if not any(row and row.output and (len(row.output) > CELL or "\n" in row.output.strip()) for _, row in answers):
        return []
    return [text for side, row in answers if row and row.output for text in (f"{side}:", block(row.output, WHOLE))]
