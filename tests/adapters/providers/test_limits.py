"""What servers say of their limits, as OpenAI and Anthropic name it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from evalbot.adapters.providers.limits import room, seconds_of
from evalbot.domain.models import Room


def openai(calls: str = "5000", reset: str = "12ms", tokens: str = "200000") -> dict[str, str]:
    return {
        "x-ratelimit-remaining-requests": calls, "x-ratelimit-reset-requests": reset,
        "x-ratelimit-remaining-tokens": tokens, "x-ratelimit-reset-tokens": "6m0s",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, None),
        (openai(), None),
        (openai("7"), Room(7, 0.012)),
        (openai("0", "1m0.5s"), Room(0, 60.5)),
        (openai(tokens="0"), Room(0, 360.0)),
        (openai(tokens="17"), None),
        (openai("-1"), None),
        (openai("plenty"), None),
        (openai("9" * 40), None),
        ({"x-ratelimit-remaining-requests": "0"}, Room(0, 0.0)),
        ({"anthropic-ratelimit-requests-remaining": "3", "anthropic-ratelimit-requests-reset": "20"}, Room(3, 20.0)),
        ({"anthropic-ratelimit-tokens-remaining": "0", "anthropic-ratelimit-tokens-reset": "no time"}, Room(0, 0.0)),
    ],
)
def test_only_a_limit_that_is_near_is_worth_knowing(headers: dict[str, str], expected: Room | None) -> None:
    assert room(headers) == expected


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, 0), ("", 0), ("1s", 1), ("12ms", 0.012), ("6m0s", 360), ("1h2m3s", 3723), ("2.5", 2.5), ("-3", 0), ("nan", 0), ("inf", 0),
     ("1s?", 0), ("2020-01-01T00:00:00Z", 0), ("2020-01-01T00:00:00", 0)],
)  # fmt: skip
def test_spans_and_times_are_read_and_everything_else_is_no_time(text: str | None, seconds: float) -> None:
    assert seconds_of(text) == seconds


def test_a_time_is_so_many_seconds_from_now() -> None:
    then = datetime.now(UTC) + timedelta(seconds=90)
    assert 80 < seconds_of(then.isoformat()) <= 90
