"""Comment, plain text, page and JSON say the same in every number and word."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalbot.report.comment import comment
from evalbot.report.numbers import difference, interval, score
from evalbot.report.plain import plain
from evalbot.report.results import results
from evalbot.report.summary import summary
from evalbot.report.title import title
from tests.report.hostile import strings
from tests.report.page.test_document import read
from tests.report.situations import SITUATIONS, fail
from tools.one_result import page

HERE = Path(__file__).parents[2] / "docs" / "one-result.md"
CUT = {"300_prompts"}  # the comment leaves rows out and says so


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_form_has_the_title_the_reason_and_every_cell(name: str) -> None:
    record = SITUATIONS[name]()
    text, shown = plain(record), read(record).text
    said = comment(record).replace("\\", "").replace("`", "")
    for form in (text, shown, said):
        assert title(record) in form
    for form in (text, shown):
        assert record.decision.reason in form
    for row in results(record):
        for cell in (row.n, row.base, row.head, row.effect, row.p, row.passed, row.verdict):
            assert cell in text
            assert cell in shown
            assert cell in said or name in CUT


def test_slices_are_the_same_in_every_form() -> None:
    record = fail()
    forms = (plain(record), read(record).text, comment(record).replace("\\", "").replace("`", ""))
    by_hand = ("refund", "billing", "−1.20 (−1.76 to −0.64)", "0.00133", "0.310", "corrected for all 3, and 1 drop stands after that")
    for form in forms:
        assert "By tag and metadata: 3 comparisons, 1 down by more than luck explains" in form
        assert all(words in form for words in by_hand)
        assert "greeting" not in form  # it did not fall


@pytest.mark.parametrize("name", SITUATIONS)
def test_the_numbers_of_the_json_are_those_of_the_words(name: str) -> None:
    record = SITUATIONS[name]()
    text = plain(record)
    for row in summary(record)["comparisons"]:
        if row["partition"] != "all" and row["effect"] is not None:
            for words in (score(row["base_mean"]), score(row["head_mean"]), f"{difference(row['effect'])} {interval(row['welch']['ci'] if row['welch'] else None)}".strip()):
                assert words in text


def test_the_page_of_the_documentation_is_this_run() -> None:
    assert HERE.read_text(encoding="utf-8") == page(), "run: python -m tools.one_result > docs/one-result.md"


def test_findings_are_the_same_sentences_everywhere() -> None:
    record = fail()
    for finding in record.decision.findings:
        sentence = finding.message.rstrip(".")
        assert sentence in plain(record)
        assert sentence in read(record).text


def test_hostile_text_hides_nothing_in_plain_text() -> None:
    from tests.builders import a_decision, a_record

    for text in strings(200):
        assert not any(char in plain(a_record(a_decision("fail", text))) for char in "\u202e\u200b\x00\x1b")
