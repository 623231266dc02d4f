"""exact_match."""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.exact_match import ExactMatch
from tests.metrics.asking import answered, measured


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        ("Paris", "Paris"),
        (" Paris\n", "Paris"),
        ("a\r\nb", "a\nb"),
        ("cafe\u0301", "caf\u00e9"),  # the same letters, composed and not
    ],
)
def test_what_looks_the_same_is_the_same(output: str, expected: str) -> None:
    score = measured(ExactMatch(), answered(output, expected_output=expected))
    assert (score.value, score.passed) == (1.0, True)


@pytest.mark.parametrize(
    ("output", "expected"), [("paris", "Paris"), ("Paris.", "Paris"), ("Pa ris", "Paris"), ("", "Paris")]
)
def test_anything_else_is_zero_and_says_why(output: str, expected: str) -> None:
    score = measured(ExactMatch(), answered(output, expected_output=expected))
    assert (score.value, score.passed, bool(score.reason)) == (0.0, False, True)


def test_any_reference_will_do() -> None:
    assert (
        measured(ExactMatch(), answered("NL", expected_output="Netherlands", references=("NL", "Holland"))).passed
        is True
    )
    assert measured(ExactMatch(), answered("NL", references=("NL",))).passed is True


def test_an_empty_expected_output_is_an_expectation() -> None:
    assert measured(ExactMatch(), answered("", expected_output="")).passed is True


def test_options_say_what_does_not_count() -> None:
    assert measured(ExactMatch(case=False), answered("STRASSE", expected_output="straße")).passed is True
    assert measured(ExactMatch(punctuation=False), answered("Yes – sir!", expected_output="Yes sir")).passed is True
    assert measured(ExactMatch(strip=False), answered("Paris ", expected_output="Paris")).passed is False


def test_without_an_expected_output_it_says_nothing() -> None:
    row = answered("Paris")
    assert measured(ExactMatch(), row).status is ScoreStatus.NOT_APPLICABLE
    assert ExactMatch().applies(row.example) is False


def test_it_decides_only_where_it_is_alone() -> None:
    assert ExactMatch().decides is Decides.ALONE


def test_every_option_is_part_of_its_identity() -> None:
    metrics = [ExactMatch(), ExactMatch(strip=False), ExactMatch(case=False), ExactMatch(punctuation=False)]
    assert len({str(metric.identity()) for metric in metrics}) == 4


def test_options_are_read_from_the_configuration() -> None:
    assert TypeAdapter(ExactMatch).validate_python({"case": False}) == ExactMatch(case=False)
