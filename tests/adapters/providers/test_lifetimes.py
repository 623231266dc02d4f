"""Models that end: announced days, and the line that a comment shows when one is near."""

from __future__ import annotations

from datetime import date

import pytest

from evalbot.adapters.providers.lifetimes import announced_end, ending
from evalbot.domain.models import Model


@pytest.mark.parametrize(
    ("name", "ends"),
    [("gpt-4o", date(2027, 1, 14)), ("gpt-4o-2024-08-06", date(2027, 1, 14)), ("gpt-4o-audio", None), ("gpt-5-mini", date(2026, 12, 11)), ("gpt-6-luna", None), ("claude-sonnet-4-5-20250929", date(2026, 11, 30))],
)
def test_a_dated_name_ends_with_the_bare_one(name: str, ends: date | None) -> None:
    assert announced_end(name) == ends


@pytest.mark.parametrize(
    ("today", "said"),
    [
        (date(2026, 10, 15), []),  # 91 days before
        (date(2026, 10, 16), ["openai/gpt-4o ends on 2027-01-14, in 90 days; move to a newer one in a pull request of its own"]),
        (date(2027, 1, 15), ["openai/gpt-4o ended on 2027-01-14; move to a newer one in a pull request of its own"]),
    ],
)
def test_the_end_is_said_from_90_days_before(today: date, said: list[str]) -> None:
    assert list(ending([Model("openai", "gpt-4o"), Model("openai", "gpt-6-luna")], today)) == said


def test_what_answers_behind_an_address_of_your_own_is_yours() -> None:
    assert list(ending([Model("openai", "gpt-4o", base_url="https://models.example.com")], date(2027, 1, 1))) == []
