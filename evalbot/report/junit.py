"""`junit.xml`: every example at head as a test case, and every gate, for tools that read test reports."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import ScoreStatus
from evalbot.domain.verdicts import Comparison, Conclusion, FailedExample, PassStatus
from evalbot.report.escape import shortened, visible
from evalbot.report.numbers import difference, interval, p_value

_Suite = tuple[str, str, str]  # suite, prompt, partition
_Failures = Mapping[tuple[str, str, str, Part], FailedExample]
_MOST_TEXT = 4000


def junit(record: RunRecord) -> str:
    """A test suite per suite × prompt × partition, one for the gates, one for the verdict; valid XML 1.0 for any text."""
    root = Element("testsuites", name="evalbot")
    failures = {(f.suite, f.prompt, f.example, f.part): f for f in record.decision.failed_examples}
    for place, cases in _cases(record.rows).items():
        suite = _suite(root, " / ".join(filter(None, place)))
        for (example, part), rows in cases.items():
            _example(
                suite,
                place,
                example,
                part,
                rows,
                failures.get((place[0], place[1], example, part)),
                record.options.show_outputs,
            )
    gated = [row for row in record.decision.comparisons if row.gated]
    if gated:
        suite = _suite(root, "gates")
        for row in gated:
            _gate(suite, row)
    _verdict(_suite(root, "verdict"), record)
    _count(root)
    indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{tostring(root, encoding="unicode")}\n'


def _cases(rows: Iterable[Row]) -> dict[_Suite, dict[tuple[str, Part], list[Row]]]:
    found: dict[_Suite, dict[tuple[str, Part], list[Row]]] = {}
    for row in rows:
        if row.confirmation == 0:
            cases = found.setdefault((row.suite, row.prompt, row.partition.value), {})
            cases.setdefault((row.example, row.part), []).append(row)
    return found


def _example(
    suite: Element,
    place: _Suite,
    example: str,
    part: Part,
    rows: list[Row],
    failed: FailedExample | None,
    with_text: bool,
) -> None:
    head = [row for row in rows if row.side is Side.HEAD]
    name = example if part is Part.EXAM else f"{example} ({part})"
    seconds = sum(row.latency_ms or 0.0 for row in head) / 1000
    case = _case(suite, name, ".".join(place[:2]), seconds)
    if not head:
        _outcome(case, "skipped", "not run at head")
    elif failed is not None and failed.status is PassStatus.FLAKY:
        _text(case, "system-out", f"flaky: failed {failed.head_failures} of {failed.runs}")
    elif any(row.passed is False for row in head):
        status = failed.status.value if failed else "failed"
        runs = f", {failed.head_failures} of {failed.runs} at head, {failed.base_failures} at base" if failed else ""
        _outcome(case, "failure", status + runs, "\n".join(_reasons(head)) if with_text else "")
    elif any(row.passed is None for row in head):
        row = next(row for row in head if row.passed is None)
        _outcome(case, "error", f"unscored: {row.error or _score_error(row)}", row.reason if with_text else "")


def _reasons(rows: Iterable[Row]) -> Iterable[str]:
    for row in (row.whole for row in rows):
        if row.passed is False:
            yield from (f"{name}: {score.reason}" for name, score in row.scores.items() if score.passed is False)
            yield f"answer: {row.output}" if row.output is not None else row.reason


def _score_error(row: Row) -> str:
    errors = (score.error for score in row.scores.values() if score.status is ScoreStatus.UNSCORED and score.error)
    return next(errors, "nothing was measured")


def _gate(suite: Element, row: Comparison) -> None:
    case = _case(suite, f"{row.prompt} / {row.partition} / {row.metric}", row.suite)
    welch = f", Welch {p_value(row.welch.p)}" if row.welch else ""
    figures = (
        f"{difference(row.effect)} {interval(row.welch.ci if row.welch else None)}".strip()
        + f"{welch}, n = {row.n_pairs}"
    )
    if row.blocks or row.conclusion is Conclusion.REGRESSION:
        _outcome(case, "failure", f"{row.conclusion}, {row.assurance}: {figures}")
    elif row.conclusion is Conclusion.INSUFFICIENT_DATA:
        _outcome(case, "skipped", row.reason or f"insufficient_data: {row.n_head} of {row.min_examples} examples")
    else:
        _text(case, "system-out", f"{row.conclusion}, {row.assurance}: {figures}")


def _verdict(suite: Element, record: RunRecord) -> None:
    """One case that is green exactly when the run is, so that an outage or a bad configuration is not a green report."""
    verdict = record.decision.verdict
    case = _case(suite, "verdict", "evalbot")
    if verdict.exit_code:
        kind = "failure" if verdict.exit_code == 1 else "error"
        problems = "\n".join(map(str, record.problems))
        _outcome(case, kind, f"{verdict}: {record.decision.reason}", problems)


def _suite(root: Element, name: str) -> Element:
    return SubElement(root, "testsuite", name=_xml(name))


def _case(suite: Element, name: str, classname: str, seconds: float = 0.0) -> Element:
    return SubElement(suite, "testcase", name=_xml(name), classname=_xml(classname), time=f"{seconds:.3f}")


def _outcome(case: Element, kind: str, message: str, text: str = "") -> None:
    element = SubElement(case, kind, message=_xml(message).replace("\n", " "))
    if text:
        element.text = _xml(text)


def _text(case: Element, tag: str, text: str) -> None:
    SubElement(case, tag).text = _xml(text)


def _xml(text: str) -> str:
    """Text that XML 1.0 may hold: what it forbids is among what `visible` shows as escapes."""
    return visible(shortened(text, _MOST_TEXT))


def _count(root: Element) -> None:
    total = Counter[str]()
    for suite in root:
        tally = Counter({"tests": len(suite)}) + Counter(
            child.tag for case in suite for child in case if child.tag != "system-out"
        )
        for attribute, tag in (
            ("tests", "tests"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            suite.set(attribute, str(tally[tag]))
        total += tally
    for attribute, tag in (("tests", "tests"), ("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        root.set(attribute, str(total[tag]))
