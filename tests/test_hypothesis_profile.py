"""What the property tests draw: in `make test` the same in every run, in `make campaign` new each time."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.longer import FULL


def drawn() -> list[str]:
    found = []

    @settings(max_examples=20)
    @given(st.text(min_size=20))
    def note(text: str) -> None:
        found.append(text)

    note()
    return found


def test_what_is_drawn_is_the_same_each_time_but_in_a_campaign():
    assert (drawn() == drawn()) is not FULL
    assert settings().deadline is None
