"""`junit.xml`: valid for any text, and green only where the run is."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from evalbot.domain.errors import ErrorClass
from evalbot.domain.policy import ReportOptions
from evalbot.domain.record import RunRecord
from evalbot.report.junit import junit
from tests.builders import a_decision, a_failure, a_record, a_row, an_example
from tests.report.hostile import strings
from tests.report.situations import SITUATIONS, fail, insufficient


def read(record: RunRecord) -> ElementTree.Element:
    return ElementTree.fromstring(junit(record).encode())


def outcomes(record: RunRecord) -> dict[str, str]:
    return {case.get("name", ""): case[0].tag if len(case) else "passed" for case in read(record).iter("testcase")}


def test_each_example_at_head_is_a_test_case_with_its_reasons() -> None:
    root = read(fail())
    assert [suite.get("name") for suite in root] == [
        "support / prompts/support / golden", "support / prompts/support / regression", "gates", "verdict",
    ]  # fmt: skip
    case = root.find(".//testcase[@name='refund-eu']/failure")
    assert case is not None
    assert case.get("message") == "new_failure, 5 of 5 at head, 0 at base"
    assert "promises a refund that the policy forbids" in (case.text or "")


def test_unscored_is_an_error_flaky_passes_and_what_did_not_run_is_skipped() -> None:
    rows = [
        a_row("broken", "head", output=None, passed=None, error=ErrorClass.TARGET, reason="500"),
        a_row("wobbly", "head", passed=False),
        a_row("absent", "base"),
        a_row("fine", "head"),
        a_row("fine", "head", passed=False, confirmation=1),
    ]
    found = outcomes(a_record(a_decision(failed_examples=(a_failure("wobbly", "flaky", head_failures=1),)), rows=rows))
    assert found == {
        "broken": "error",
        "wobbly": "system-out",
        "absent": "skipped",
        "fine": "passed",
        "verdict": "passed",
    }


def test_each_gate_row_is_a_test_case() -> None:
    found = outcomes(fail())
    assert found["prompts/support / regression / judge"] == "failure"
    assert found["prompts/support / golden / judge"] == "system-out"
    assert outcomes(insufficient())["prompts/support / regression / judge"] == "skipped"


@pytest.mark.parametrize("situation", SITUATIONS)
def test_the_report_is_green_exactly_when_the_run_is(situation: str) -> None:
    record = SITUATIONS[situation]()
    root = read(record)
    verdict = root.find(".//testcase[@name='verdict']")
    assert verdict is not None
    assert (len(verdict) == 0) == (record.decision.verdict.exit_code == 0)
    assert int(root.get("tests", "")) == len(list(root.iter("testcase")))
    assert int(root.get("failures", "")) == len(list(root.iter("failure")))


def test_a_run_with_nothing_in_it_is_a_valid_file() -> None:
    assert read(RunRecord(a_decision("not_applicable"))).get("tests") == "1"


def test_any_text_is_valid_xml() -> None:
    for text in strings(1500, seed=3):
        example = an_example(text or "x")
        root = read(a_record(a_decision("fail", text), rows=[a_row(example, output=text, passed=False, prompt=text)]))
        assert len(list(root.iter("failure"))) == 2


def test_answers_that_are_not_to_be_shown_are_not_written() -> None:
    from dataclasses import replace

    text = junit(replace(fail(), options=ReportOptions(show_outputs=False)))
    assert "Happy Holidays" not in text
    assert "promises a refund" not in text
