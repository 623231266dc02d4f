"""The comment while a comparison runs, an outdated one, and the history: whole pages, and what an old page cannot smuggle in."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from evalbot.domain.record import Estimate, PastRun
from evalbot.domain.verdicts import Coverage, Verdict
from evalbot.gate.decide import accepted
from evalbot.report.comment import comment, outdated
from evalbot.report.evaluating import evaluating, table_of
from tests.builders import a_decision, a_record
from tests.report.rendering import LIVE, Page
from tests.report.situations import fail, passed

SNAPSHOTS = Path(__file__).parent / "snapshots"
PLANNED = a_record(replace(a_decision(), verdict=Verdict.NEEDS_APPROVAL, coverage=Coverage(180)))
PAST = (
    PastRun("1d0aa95", "2026-11-23T06:40:12Z", "❌ do not merge: 2 regressions"),
    PastRun("c0ffee1", "2026-11-22T17:03:00Z", "⚪ could not evaluate: nothing is concluded"),
)


def again() -> str:
    return evaluating(replace(PLANNED, past=PAST[1:]), PAST[0], comment(fail()))


def self_accepted() -> str:
    record = fail()
    return comment(replace(record, decision=accepted(record.decision, "accepted by bob: holiday tone wanted"), past=PAST))


STATES: dict[str, Callable[[], str]] = {
    "evaluating": lambda: evaluating(PLANNED),
    "evaluating_again": again,
    "accepted": self_accepted,
    "outdated": lambda: outdated(comment(passed())),
}


@pytest.mark.parametrize("state", STATES)
def test_a_page_is_as_it_was_when_somebody_looked_at_it(state: str) -> None:
    path, page = SNAPSHOTS / f"{state}.md", STATES[state]()
    if os.environ.get("EVALBOT_UPDATE_SNAPSHOTS") == "1":
        path.write_text(page, encoding="utf-8")
    assert page == path.read_text(encoding="utf-8")


@pytest.mark.parametrize("state", STATES)
def test_a_page_holds_nothing_live_and_is_marked_on_its_first_line(state: str) -> None:
    text = STATES[state]()
    assert text.startswith("<!-- evalbot:v1 key=default")
    assert not {"a", "img"} & set(Page(text).elements)
    assert not LIVE.search(Page(text).text.replace("$", ""))  # our own prices


def test_an_outdated_page_is_not_found_as_the_current_one() -> None:
    assert outdated(comment(passed())).splitlines()[0] == "<!-- evalbot:v1 key=default outdated -->"


def test_the_stale_table_is_the_table_and_nothing_that_an_answer_drew() -> None:
    drawn = "| Prompt | x |\n|:--|:--|\n| ![](http://evil.example) | @ada |"
    page = f"<!-- evalbot:v1 key=default -->\n## ❌\n\n````text\n```\n{drawn}\n````\n\n| Prompt | n |\n|:--|--:|\n| `a` | 4 |\n\nafter"
    assert table_of(page) == "| Prompt | n |\n|:--|--:|\n| `a` | 4 |"
    assert table_of(f"```text\n{drawn}\n```") == ""
    assert table_of("") == ""
    assert table_of("| Prompt |\n" + "| x |\n" * 9000) == ""


def test_a_first_run_tells_no_history() -> None:
    assert "earlier run" not in comment(passed())
    assert "stale" not in evaluating(PLANNED)


def test_the_estimate_stands_there_before_the_first_call() -> None:
    record = a_record(estimate=Estimate(416, 0, 3.1))
    assert "The estimate is about 416 calls, about $3.10 of a budget of $5.00." in evaluating(record)
    assert "estimate" not in evaluating(a_record(estimate=Estimate(0, 416, 0.0)))
