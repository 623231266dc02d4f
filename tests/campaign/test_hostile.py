"""Ten thousand hostile strings through every channel at once: comment, check, annotations, summary, outputs, log, JUnit and HTML."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from evalbot.adapters.runner import Runner
from evalbot.app.outputs import outputs
from evalbot.domain.errors import Problem
from evalbot.domain.policy import ReportOptions
from evalbot.domain.record import RunRecord
from evalbot.report.annotations import annotations
from evalbot.report.comment import comment
from evalbot.report.junit import junit
from evalbot.report.title import title
from tests.builders import (
    a_change,
    a_comparison,
    a_count,
    a_decision,
    a_failure,
    a_finding,
    a_flips,
    a_judge,
    a_record,
    a_regression,
    a_row,
    a_slice,
    an_example,
)
from tests.longer import sized
from tests.report.hostile import strings
from tests.report.rendering import LIVE, Page
from tests.runner_model import Obeyed, read_outputs

pytestmark = pytest.mark.campaign
COUNT = sized(200, 10_000)
OURS = frozenset({"error", "warning", "notice"})
HIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e0fff]")


def poisoned(text: str) -> RunRecord:
    """A run in which whatever others write is this text: answers, reasons, names, tags, paths, messages, guidance, who accepted and why."""
    example = an_example("r-01", "regression", input={"user_input": text}, expected_output=text, context=(text,), source={"root_cause": text})
    rows = [
        a_row(example, "base", output="fine", judge=5.0, reason="fine"),
        a_row(example, "head", output=text, judge=1.0, reason=text, passed=False),
    ]
    prompt = f"prompts/{text}"
    decision = a_decision(
        "fail", text,
        findings=(
            a_finding("regression", message=text, prompt=prompt, partition="regression"),
            a_finding("new_failure", message=text, examples=(text, "r-01"), partition="golden"),
            a_finding("judge_preview", "notes", message=text), a_finding("leakage", "warns", message=text, examples=(text,)),
        ),
        comparisons=(a_comparison("golden", prompt=prompt), a_regression(prompt=prompt, metric=text, reason=text)),
        partitions=(a_count("golden", "head", 3, 1, prompt=prompt, failure_reasons=(text, f"rules: {text}")), a_count(prompt=prompt)),
        failed_examples=(a_failure(text, prompt=prompt), a_failure("r-01", prompt=prompt, partition="regression")),
        flips=(a_flips(worse=(text,), better=("r-01",), prompt=prompt),), slices=(a_slice(text, effect=-1.2, p_holm=0.001),),
    )  # fmt: skip
    return a_record(
        decision, rows=[replace(row, prompt=prompt) for row in rows], known_examples=[example], changed=(a_change(prompt),),
        judges=(a_judge(metric=text, model=text),), problems=(Problem(text, text, 3, text),), not_applied=(text,), warnings=(text,),
        options=ReportOptions(guidance=text), dropped_params={text: (text,)}, key="default",
    )  # fmt: skip


@pytest.fixture(scope="module")
def plain() -> Page:
    return Page(comment(poisoned("word")))


def assert_inert_page(text: str, plain: Page) -> None:
    markdown = comment(poisoned(text))
    page = Page(markdown)
    assert page.elements.count("!-- evalbot:v1 key=default --") == 1 == markdown.count("<!--")
    assert page.rules == plain.rules, ascii(text)
    for element in ("a", "img", "picture", "source", "video", "iframe", "script", "input", "h1", "h2", "h3", "hr", "table", "sup", "del", "blockquote", "ol", "h4"):
        assert page.elements.count(element) == plain.elements.count(element), (element, ascii(text))
    assert page.elements.count("details") == page.elements.count("/details") == page.elements.count("summary")
    assert sorted(set(LIVE.findall(page.text))) == sorted(set(LIVE.findall(plain.text))), ascii(text)
    assert not HIDDEN.search(markdown), ascii(text)
    json.dumps(markdown).encode()
    markdown.encode()


def assert_inert_log(text: str, folder: Path) -> None:
    record = poisoned(text)
    log = io.StringIO()
    (folder / "output").write_bytes(b"")
    (folder / "summary").write_bytes(b"")
    runner = Runner({"GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_ACTIONS": "true"}, log)
    said = outputs(record, "evalbot-report")
    notes = annotations(record, {record.changed[0].path: [(1, 3)]})

    runner.outputs(said)
    runner.summary(comment(record))
    runner.annotate(notes)
    for problem in record.problems:
        runner.say("error", str(problem))
    runner.untrusted(title(record))
    runner.untrusted(text)

    obeyed = Obeyed().read(log.getvalue())
    assert not obeyed.stopped
    assert {name for name, _, _ in obeyed.commands} <= OURS, ascii(text)
    assert len(obeyed.commands) == len(notes) + len(record.problems)
    assert obeyed.masks == []
    found = read_outputs((folder / "output").read_bytes())
    assert found.keys() == said.keys()
    changed = {name for name in said if found[name] != said[name].encode("utf-8", "backslashreplace").decode()}
    assert changed == set(), ascii(text)
    assert len(notes) >= 1
    assert not any(HIDDEN.search(note.message + note.title) for note in notes), ascii(text)


def test_the_text_is_in_every_channel(tmp_path):
    record = poisoned("zebra")

    assert comment(record).count("zebra") >= 20
    assert junit(record).count("zebra") >= 5
    assert "zebra" in outputs(record, "x")["reason"]
    assert any("zebra" in note.message for note in annotations(record, {record.changed[0].path: [(1, 3)]}))


def test_no_string_makes_anything_but_text_of_the_comment(plain):
    for text in strings(COUNT):
        assert_inert_page(text, plain)


def test_no_string_reaches_the_runner_as_a_command_or_changes_an_output(tmp_path):
    for text in strings(COUNT):
        assert_inert_log(text, tmp_path)


def test_every_string_is_a_readable_junit_file():
    for text in strings(COUNT):
        ElementTree.fromstring(junit(poisoned(text)))


def test_the_check_s_title_is_one_short_line():
    for text in strings(COUNT):
        said = title(poisoned(text))
        assert "\n" not in said
        assert "\r" not in said
        assert len(said) <= 300
        assert not HIDDEN.search(said)
