"""Numbers in words, with the forms that the style guide and the statistics ask for."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.report import numbers

NAN = math.nan


@pytest.mark.parametrize(
    ("value", "words"),
    [(4.4, "4.40"), (0.0, "0.00"), (-0.0, "0.00"), (-0.0001, "−0.00010"), (12.34, "12.3"), (1240.2, "1,240"), (0.0042, "0.0042"),
     (1e-12, "0.00"), (-1e-12, "0.00"), (9.999, "10.00"), (None, "—"), (NAN, "—"), (math.inf, "—")],
)  # fmt: skip
def test_scores(value: float | None, words: str) -> None:
    assert numbers.score(value) == words


@pytest.mark.parametrize(
    ("value", "words"), [(-0.8, "−0.80"), (0.42, "+0.42"), (0.0, "0.00"), (-1e-17, "0.00"), (None, "—"), (NAN, "—")]
)
def test_differences_have_a_sign_unless_there_is_none(value: float | None, words: str) -> None:
    assert numbers.difference(value) == words


@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        ((-1.35, -0.25), "(−1.35 to −0.25)"),
        ((-0.004, 0.3), "(0.00 to +0.30)"),
        ((0.0, 0.0), "(0.00 to 0.00)"),
        (None, ""),
        ((NAN, 1.0), ""),
    ],
)
def test_intervals_share_their_decimals(bounds: tuple[float, float] | None, words: str) -> None:
    assert numbers.interval(bounds) == words


@pytest.mark.parametrize(
    ("p", "words"),
    [(9e-06, "p < 0.001"), (0.0, "p < 0.001"), (0.001, "p = 0.001"), (0.005, "p = 0.005"), (0.0499, "p = 0.0499"), (0.22, "p = 0.220"),
     (1.0, "p = 1"), (0.9999, "p > 0.999"), (None, "—"), (NAN, "—")],
)  # fmt: skip
def test_p_values_are_never_nothing(p: float | None, words: str) -> None:
    assert numbers.p_value(p) == words


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (0.953, "95.3%"),
        (1.0, "100%"),
        (0.0, "0%"),
        (0.99999, "over 99.9%"),
        (0.00001, "under 0.1%"),
        (0.5, "50%"),
        (None, "—"),
    ],
)
def test_only_all_is_a_hundred_percent(share: float | None, words: str) -> None:
    assert numbers.percent(share) == words


@pytest.mark.parametrize(
    ("usd", "words"),
    [
        (1.84, "$1.84"),
        (0.0, "$0.00"),
        (0.004, "under $0.01"),
        (1234.5, "$1,234.50"),
        (None, "cost unknown"),
        (NAN, "cost unknown"),
    ],
)
def test_an_unknown_price_is_never_free(usd: float | None, words: str) -> None:
    assert numbers.money(usd) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.812, "812 ms"),
        (0.9999, "1.0 s"),
        (1.14, "1.1 s"),
        (9.97, "10 s"),
        (59.6, "1 min 0 s"),
        (192, "3 min 12 s"),
        (3900, "1 h 5 min"),
        (None, "—"),
        (-1, "—"),
    ],
)
def test_durations(seconds: float | None, words: str) -> None:
    assert numbers.duration(seconds) == words


@pytest.mark.parametrize(
    ("base", "head", "words"), [(100, 109, "+9%"), (100, 96, "−4%"), (100, 100.2, "0%"), (0, 1, "—"), (None, 1, "—")]
)
def test_relative_changes(base: float | None, head: float | None, words: str) -> None:
    assert numbers.relative(base, head) == words


def test_counts_have_their_nouns() -> None:
    assert [numbers.counted(n, "example") for n in (0, 1, 1240)] == ["0 examples", "1 example", "1,240 examples"]


@settings(max_examples=300)
@given(st.one_of(st.none(), st.floats()))
def test_no_number_reads_as_minus_zero_or_nan(value: float | None) -> None:
    for words in (
        numbers.score(value),
        numbers.difference(value),
        numbers.p_value(abs(value) % 1 if value and math.isfinite(value) else value),
    ):
        assert "nan" not in words.lower()
        assert "inf" not in words.lower()
        assert "-" not in words
        assert not re.fullmatch(r"[−+][0.,]+", words)
        assert words != "p = 0.000"
