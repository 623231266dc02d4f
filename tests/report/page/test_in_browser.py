"""`report.html` in a real Chromium: what a reviewer clicks, types and reads."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.domain.scores import Score
from evalbot.report.page import document
from tests.browser import chromium, opened
from tests.builders import a_comparison, a_decision, a_failure, a_record, a_row, an_example
from tests.report.situations import fail

HOSTILE = '<img src=x onerror="document.title=1"> \u202eabc'


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def shown(tmp_path_factory):
    """The failing pull request of the snapshots: one golden example broken, four regression examples."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text("".join(document(fail())), encoding="utf-8")
    return path


def names(page) -> list[str]:
    return page.locator(".row .name").all_inner_texts()


def test_the_worst_example_comes_first_and_opens_with_both_answers(browser, shown):
    with opened(browser, shown) as page:
        assert names(page)[0] == "refund-eu"
        page.click(".row >> nth=0")
        detail = page.locator(".detail")
        assert "Fails 5 of 5 at head, base 0 of 5." in detail.inner_text()
        assert "promises a refund that the policy forbids" in detail.inner_text()
        assert "Happy Holidays" in page.locator(".sides ins").all_inner_texts()[0]
        assert "Annual" in page.locator(".sides del").all_inner_texts()[0]


def test_search_and_filters_narrow_the_list_and_escape_widens_it(browser, shown):
    with opened(browser, shown) as page:
        everything = len(names(page))
        page.fill("#search", "question 3")
        assert names(page) == ["r-03"]
        page.keyboard.press("Escape")
        assert len(names(page)) == everything
        page.select_option("#partition", "golden")
        assert names(page) == ["refund-eu"]
        page.fill("#search", "no such words")
        assert "Nothing matches" in page.locator(".list").inner_text()


def test_keys_walk_the_list_and_the_address_names_the_example(browser, shown):
    with opened(browser, shown) as page:
        page.keyboard.press("j")
        page.keyboard.press("j")
        second = names(page)[1]
        assert second in page.locator(".detail h2").inner_text()
        assert "#example=" in page.url
        page.keyboard.press("k")
        assert "refund-eu" in page.locator(".detail h2").inner_text()
        page.keyboard.press("?")
        assert page.locator("#keys").is_visible()


def test_an_address_opens_its_example(browser, shown):
    with opened(browser, shown, fragment="#example=r-02") as page:
        assert "r-02" in page.locator(".detail h2").inner_text()


def test_a_dot_of_the_paired_plot_picks_its_examples(browser, shown):
    with opened(browser, shown) as page:
        page.locator("circle.pick.worse").first.click()
        assert "picked" in page.locator("#shown").inner_text()
        assert 0 < len(names(page)) < 5


def test_a_phone_shows_list_then_example_then_list(browser, shown):
    with opened(browser, shown, width=360, height=740) as page:
        assert page.evaluate("document.documentElement.scrollWidth <= 360")
        page.click(".row >> nth=0")
        assert not page.locator(".list").is_visible()
        page.click("text=← all examples")
        assert page.locator(".list").is_visible()


def test_hostile_text_stays_text(browser, tmp_path):
    example = an_example("r-01", "regression", input={"user_input": HOSTILE})
    record = a_record(rows=[a_row(example, side, output=HOSTILE, judge=2.0, reason=HOSTILE) for side in ("base", "head")], known_examples=[example])
    path = tmp_path / "report.html"
    path.write_text("".join(document(record)), encoding="utf-8")
    with opened(browser, path) as page:
        page.click(".row >> nth=0")
        assert page.locator("img").count() == 0
        assert "\\u202eabc" in page.locator(".sides pre").first.inner_text()


def test_thousands_of_examples_keep_the_document_small(browser, tmp_path):
    rows = [
        a_row(f"r-{number:04}", side, output=f"Answer {number} of {side}.", judge=float(1 + (number * 7 + len(side) * number) % 5))
        for number in range(2000)
        for side in ("base", "head")
    ]
    row = a_comparison()
    decision = a_decision(comparisons=(row,), failed_examples=(a_failure("r-1999"),))
    path = tmp_path / "report.html"
    path.write_text("".join(document(replace(a_record(decision), rows=rows))), encoding="utf-8")
    with opened(browser, path) as page:
        assert "2000 of 2000 examples" in page.locator("#shown").inner_text()
        assert page.locator(".row").count() < 60
        page.select_option("#order", "id")
        page.evaluate("document.querySelector('.list').scrollTop = 1e9")
        page.locator(".row .name", has_text="r-1999").wait_for()


def test_claims_are_listed_with_their_quotes_and_a_conversation_with_its_answers(browser, tmp_path):
    example = an_example("g-01")
    claims = [
        {"claim": "It is blue.", "verdict": "unsupported", "reasoning": "", "evidence": []},
        {"claim": f"It takes 5 days. {HOSTILE}", "verdict": "reasonable_inference", "reasoning": "", "evidence": ["within 5 days"]},
    ]
    grounded = Score.scored(0.5, False, "unsupported: 'It is blue.'", detail={"claims": claims})
    rows = [a_row(example, side, output="Five days.", earlier=("Hello Ada!",), passed=False, scores={"grounded": grounded}) for side in ("base", "head")]
    path = tmp_path / "report.html"
    path.write_text("".join(document(a_record(rows=rows, known_examples=(example,)))), encoding="utf-8")
    with opened(browser, path) as page:
        page.click(".row >> nth=0")
        told = page.locator(".detail").inner_text()
        assert "unsupported: It is blue." in told
        assert "“within 5 days”" in told
        assert "answer to turn 1" in told
        assert "Hello Ada!" in told
        assert page.locator(".detail img").count() == 0
