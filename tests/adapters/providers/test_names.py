"""A dated version is the model that was asked for; a sibling is not."""

from __future__ import annotations

import pytest

from evalbot.adapters.providers.names import same_model


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-5-mini", "gpt-5-mini"),
        ("gpt-5-mini", "gpt-5-mini-2025-08-07"),
        ("gpt-5-mini-2025-08-07", "gpt-5-mini"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-sonnet-5", "claude-sonnet-5-20260801"),
        ("claude-3-5-sonnet-latest", "claude-3-5-sonnet-20241022"),
        ("claude-sonnet-4-0", "claude-sonnet-4-20250514"),
        ("claude-sonnet-4", "claude-sonnet-4@20250514"),
        ("gpt-5-mini", "openai/gpt-5-mini"),
        ("ft:gpt-4o-mini:acme::id1", "ft:gpt-4o-mini-2024-07-18:acme::id1"),
    ],
)
def test_these_are_one_model(asked: str, answered: str) -> None:
    assert same_model(asked, answered)


@pytest.mark.parametrize(
    ("asked", "answered"),
    [
        ("gpt-5-mini", "gpt-5"),
        ("gpt-5", "gpt-5-mini"),
        ("gpt-5-mini", "gpt-5-nano"),
        ("gpt-5", "gpt-5.1"),
        ("claude-sonnet-5", "claude-sonnet-4-5"),
        ("claude-opus-4", "claude-opus-4-1"),
        ("ft:gpt-4o-mini:acme::id1", "ft:gpt-4o-mini:acme::id2"),
        ("gpt-5-mini", "some-other-model"),
    ],
)
def test_these_are_two_models(asked: str, answered: str) -> None:
    assert not same_model(asked, answered)
