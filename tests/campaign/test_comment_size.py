"""A comment of one to five hundred prompts stays within GitHub's limits and is made of whole sections only."""

from __future__ import annotations

import pytest

from evalbot.domain.record import RunRecord
from evalbot.report.comment import comment, marker, sections
from tests.longer import sized
from tests.report.rendering import Page
from tests.report.situations import many

pytestmark = pytest.mark.campaign
MOST_CHARACTERS, MOST_BYTES = 60_000, 262_144
NUMBERS = sized([1, 2, 3, 7, 25, 60, 61, 150, 499, 500], list(range(1, 501)))


def assert_whole_sections(record: RunRecord, text: str) -> None:
    """Read the page from its top: each section stands there in one of its own lengths, one after the other, and nothing else does."""
    first, rest = text.removesuffix("\n").split("\n", 1)
    assert first == marker(record.key)
    parts = sections(record)
    for number, section in enumerate(parts):
        if number == len(parts) - 1 and rest.startswith("Shortened to fit GitHub's limit: "):
            rest = rest.partition("\n\n")[2]
        forms = sorted({form() for form in section.forms}, key=len, reverse=True)
        found = next((form for form in forms if rest == form or (form and rest.startswith(form + "\n\n"))), None)
        if found is None:
            assert "" in forms, f"{section.name} is neither whole nor left out: {rest[:200]!r}"
        else:
            rest = rest.removeprefix(found).removeprefix("\n\n")
    assert rest == ""


@pytest.mark.parametrize("prompts", NUMBERS)
def test_a_comment_of_any_number_of_prompts_is_made_of_whole_sections_within_the_limits(prompts):
    record = many(prompts)

    text = comment(record)

    assert len(text) <= MOST_CHARACTERS
    assert len(text.encode("utf-8")) <= MOST_BYTES
    assert_whole_sections(record, text)
    page = Page(text)
    for element in ("details", "table", "summary", "pre"):
        assert page.elements.count(element) == page.elements.count(f"/{element}")
    assert "against base" in page.text, "the last line stands outside of every block of code"


@pytest.mark.parametrize("limit", sized([3_000, 8_000, 30_000], list(range(2_500, 60_000, 500))))
def test_it_is_the_same_at_any_limit(limit):
    record = many(120)

    text = comment(record, max_characters=limit)

    assert len(text) <= limit
    assert_whole_sections(record, text)
