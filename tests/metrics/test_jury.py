"""Several judges, and more samples where the first disagree on which side of the threshold an answer is."""

from __future__ import annotations

import pytest

from evalbot.domain.errors import ErrorClass, ProviderError, ProviderFault
from evalbot.instruments.panel import strict_majority
from evalbot.metrics.judge import Judge
from tests.metrics.asking import Judging, answered, measured, nobody, reply

JURY = Judge(jury=("one", "two", "three"))


def test_a_jury_s_value_is_the_mean_of_all_grades_and_each_juror_s_is_shown() -> None:
    ask = Judging([reply(5), reply(4), reply(3)])
    score = measured(JURY, answered("x"), ask)
    assert (score.value, score.detail["jurors"]) == (4.0, {"one": 5.0, "two": 4.0, "three": 3.0})
    assert [model for model, _, _ in ask.asked] == ["one", "two", "three"]
    assert score.detail["unstable"] is None  # jurors may differ; none was asked twice


def test_a_juror_that_is_lost_leaves_no_jury() -> None:
    score = measured(JURY, answered("x"), Judging([reply(5), ProviderError(ProviderFault.SERVER, "503"), reply(5)]))
    assert (score.value, score.error) == (None, ErrorClass.JUDGE)


def test_each_juror_is_asked_as_often_as_there_are_samples() -> None:
    ask = Judging([reply(4)])
    score = measured(Judge(jury=("one", "two"), samples=3), answered("x"), ask)
    assert (len(ask.asked), len(score.samples)) == (6, 6)


@pytest.mark.parametrize(
    ("grades", "asked"), [((4, 4), 2), ((5, 4), 2), ((3, 3), 2), ((4, 3, 5, 5, 5), 5), ((3, 5, 3, 3, 3), 5)]
)  # fmt: skip
def test_more_samples_are_taken_only_where_the_first_straddle_the_threshold(grades: tuple[int, ...], asked: int) -> None:
    ask = Judging([reply(grade) for grade in grades])
    score = measured(Judge("g", samples=2, max_samples=5), answered("x"), ask)  # golden passes at 4
    assert len(ask.asked) == asked == len(score.samples)
    assert score.value == pytest.approx(sum(grades[:asked]) / asked)


def test_without_max_samples_nothing_is_added() -> None:
    ask = Judging([reply(3), reply(5)])
    assert len(measured(Judge("g", samples=2), answered("x"), ask).samples) == 2


@pytest.mark.parametrize("nothing", ["...", "\u200b\u200b", "- - -", "\u3164", "?!", "`$`"])
def test_an_answer_of_nothing_gets_the_lowest_grade_without_a_call(nothing: str) -> None:
    score = measured(Judge("g"), answered(nothing), nobody)
    assert (score.value, score.passed) == (1.0, False)


@pytest.mark.parametrize("something", ["5", "é", "是", "👍", "€", "no."])
def test_an_answer_of_one_word_number_or_sign_is_looked_at(something: str) -> None:
    assert measured(Judge("g"), answered(something), Judging([reply(4)])).value == 4.0


def test_more_than_half_is_a_strict_majority() -> None:
    assert strict_majority(["a", "a", "b"]) == "a"
    assert strict_majority(["a", "b"]) is None
    assert strict_majority(["a", "b", "c"]) is None
    assert strict_majority([]) is None
