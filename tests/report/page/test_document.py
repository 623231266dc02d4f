"""`report.html` without a browser: what stands in it, what cannot get into it, and that it says what the comment says."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from evalbot.domain.policy import ReportOptions
from evalbot.domain.record import RunRecord
from evalbot.report.page import document
from evalbot.report.results import results
from evalbot.report.title import title
from tests.builders import a_decision, a_finding, a_record, a_row, an_example
from tests.report.situations import SITUATIONS

HOSTILE = '</script><script>alert(1)</script><img src=x onerror="alert(1)"><!-- <style>@import "https://evil.example"</style> \u202e\x00'


class Read(HTMLParser):
    """Elements with their attributes, the words outside scripts and styles, and the data."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.data: dict[str, str] = {}
        self.text = ""
        self._inside: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        self._inside.append(tag)

    def handle_endtag(self, tag):
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data):
        inside = self._inside[-1] if self._inside else ""
        if inside == "script":
            name = self.elements[-1][1].get("id")
            if name:
                self.data[name] = data
        elif inside != "style":
            self.text += data

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def read(record: RunRecord) -> Read:
    return Read("".join(document(record)))


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_says_its_title_its_reason_and_its_results(name):
    record = SITUATIONS[name]()
    page = read(record)
    assert title(record) in page.text
    assert record.decision.reason in page.text
    for row in results(record):
        for cell in (row.prompt, row.partition, row.n, row.base, row.head, row.effect, row.p, row.passed, row.verdict):
            assert cell in page.text


def test_a_page_without_rows_has_no_explorer_and_still_stands():
    page = read(a_record(a_decision("not_applicable", "No prompt changed."), changed=(), rows=()))
    assert "No prompt changed." in page.text
    assert not any(attributes.get("id") == "explorer" for _, attributes in page.elements)
    assert json.loads(page.data["rows"]) == []


def test_text_of_models_files_and_people_makes_no_element():
    example = an_example("r-01", "regression", input={"user_input": HOSTILE}, expected_output=HOSTILE, tags=(HOSTILE,))
    rows = [a_row(example, side, output=HOSTILE, judge=2.0, reason=HOSTILE) for side in ("base", "head")]
    finding = a_finding("new_failure", message=HOSTILE, examples=(HOSTILE,), partition="regression")
    harmless = a_record(
        a_decision("fail", "x", findings=(replace(finding, message="x", examples=("x",)),)), rows=[replace(row, output="x") for row in rows]
    )
    hostile = a_record(a_decision("fail", HOSTILE, findings=(finding,)), rows=rows, known_examples=[example], warnings=(HOSTILE,))
    found, plain = read(hostile), read(harmless)
    assert found.count("script") == plain.count("script") == 4
    assert found.count("img") == 0
    assert found.count("style") == 1
    assert not any(name.startswith("on") for _, attributes in found.elements for name in attributes)
    assert json.loads(found.data["rows"])[0]["output"] == HOSTILE  # nothing is lost on the way


def test_the_page_may_load_and_connect_to_nothing():
    page = read(SITUATIONS["fail"]())
    policy = next(a["content"] for tag, a in page.elements if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy")
    assert policy is not None
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    loading = [attributes for tag, attributes in page.elements if tag in ("link", "iframe", "img", "object") or "src" in attributes]
    assert loading == []
    assert all(
        attributes["href"].startswith(("https://github.com/evalbot/evalbot/blob/main/docs/rules.md#", "#example="))
        for tag, attributes in page.elements
        if tag == "a" and attributes.get("href")
    )


def test_no_answer_is_in_it_where_policy_shows_none():
    record = replace(SITUATIONS["fail"](), options=ReportOptions(show_outputs=False))
    page = "".join(document(record))
    assert "Happy Holidays" not in page
    assert "promises a refund that the policy forbids" not in page


def test_it_is_written_in_pieces_no_larger_than_a_row():
    rows = [a_row(f"r-{number:03}", "head", output="word " * 400) for number in range(300)]
    record = a_record(rows=rows)
    pieces = [len(piece) for piece in document(record)]
    assert sum(pieces) > 600_000
    assert max(pieces) < 60_000  # the script itself is the largest
