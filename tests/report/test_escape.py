"""Whatever a model writes stays text: proved on the page that GitHub's own parser makes of it."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.report.escape import block, code, command, html, inline, shortened, visible
from evalbot.report.table import details, table
from tests.report.hostile import FRAGMENTS, strings
from tests.report.rendering import LIVE, Page

MANY = 10_000
ANY_TEXT = st.one_of(
    st.text(st.characters(codec=None, exclude_categories=()), max_size=60),
    st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join),
    st.text("`@#<>|\\\n [](){}!*_~-=+.:/$w0aA&;", max_size=40),
)
INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e0fff]"
)


def a_page(text: str) -> str:
    """The text in every place where a page may hold it."""
    cells = table(["a", inline(text, 80)], [[inline(text), code(text)], [code(text), inline(text)]])
    inside = f"- {inline(text)}\n- ❌ `rule`: {inline(text)}\n- {code(text)}\n\n{block(text)}\n\n{cells}"
    return f"## evalbot: {inline(text)}\n\n**fail**: {inline(text)} end\n\n{details(html(text), inside)}\n\n{inline(text)}\n"


PLAIN = Page(a_page("word"))


def assert_inert(text: str) -> None:
    markdown = a_page(text)
    page = Page(markdown)
    assert page.elements == PLAIN.elements, ascii(text)
    assert not LIVE.search(page.text), ascii(text)
    assert not INVISIBLE.search(markdown), ascii(text)
    assert "<!--" not in markdown, ascii(text)
    json.dumps(markdown).encode()
    markdown.encode()


@pytest.mark.slow
def test_ten_thousand_hostile_strings_make_no_element_link_mention_or_comment() -> None:
    for text in strings(MANY):
        assert_inert(text)


@settings(max_examples=300)
@given(ANY_TEXT)
def test_no_text_at_all_leaves_its_place(text: str) -> None:
    assert_inert(text)


@settings(max_examples=300)
@given(ANY_TEXT)
def test_a_block_shows_every_visible_character_of_its_text(text: str) -> None:
    page = Page(block(text, 10_000))
    assert page.elements == ["pre", "/pre"]
    words = re.findall(r"[A-Za-z]{3,}", visible(text))
    assert all(word in page.code for word in words if word not in ("details", "summary"))


def test_a_run_too_long_for_a_parser_to_count_is_counted_for_it() -> None:
    fenced = block("`" * 300 + "\n@you")
    assert Page(fenced).elements == ["pre", "/pre"]
    assert "\\u0060×300" in fenced


@pytest.mark.parametrize("run", [1, 3, 4, 60, 100])
def test_a_fence_is_longer_than_any_run_inside(run: int) -> None:
    fenced = block(f"a\n{'`' * run}\n</details>\n@you")
    assert Page(fenced).elements == ["pre", "/pre"]
    assert fenced.startswith("`" * max(3, run + 1) + "text\n")


@pytest.mark.parametrize(
    ("hidden", "shown"),
    [
        ("a\u202eb", "a\\u202eb"),
        ("\x1b[31m", "\\u001b[31m"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("x\rb", "x\\u000db"),
    ],
    ids=["right to left", "terminal colour", "half a character", "tag character", "lone carriage return"],
)
def test_what_hides_is_shown_as_an_escape(hidden: str, shown: str) -> None:
    assert visible(hidden) == shown


def test_honest_text_of_any_script_is_left_alone() -> None:
    for text in ("Grüße, 東京 – 60 % (ok)!", "❤️ 🎄", "line\nline\ttab", ""):
        assert visible(text) == text


def test_ordinary_sentences_stay_as_they_are_for_those_who_read_mail() -> None:
    text = "judge fell from 4.40 to 3.60 (-0.80, p = 0.005) on snake_case rows; don't merge."
    assert inline(text) == text


def test_words_that_would_come_alive_stand_in_code_spans() -> None:
    assert inline("ask @you about #12 now") == "ask `@you` about `#12` now"


@pytest.mark.parametrize("text", ["", " ", "\n\n", "\t"], ids=["nothing", "a blank", "lines", "a tab"])
def test_nothing_at_all_is_called_empty(text: str) -> None:
    assert inline(text) == "(empty)"
    assert code(text) == "`(empty)`"
    assert "(empty)" in block(text)
    assert html(text) == "<code>(empty)</code>"


def test_a_long_text_loses_its_middle_and_says_how_much() -> None:
    text = "a" * 500 + "b" * 500
    short = shortened(text, 100)
    assert len(short) <= 100
    assert short.startswith("aaa")
    assert short.endswith("bbb")
    assert "900 characters left out" in short


COMMAND = re.compile(r"^\s*::|##\[|\n|\r", re.MULTILINE)


def test_no_line_for_the_log_is_a_workflow_command() -> None:
    for text in strings(MANY):
        line = command(text)
        assert not COMMAND.search(line), ascii(text)
        assert not INVISIBLE.search(line), ascii(text)


def test_a_block_printed_on_a_runner_is_no_workflow_command_either() -> None:
    for text in strings(MANY):
        assert not re.search(r"^\s*::|##\[", block(text), re.MULTILINE), ascii(text)
