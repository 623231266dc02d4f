"""length, latency and cost: what is measured beside the words, and what has no measure at all."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.domain.models import Outcome
from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.cost import Cost
from evalbot.metrics.latency import Latency
from evalbot.metrics.length import Length
from tests.metrics.asking import answered, measured


@pytest.mark.parametrize(
    ("metric", "text", "length"),
    [
        (Length(), "", 0),
        (Length(), "  one\n two\tthree ", 3),
        (Length(unit="characters"), " ab ", 2),
        (Length(unit="characters"), "é\r\nb", 3),  # e and its accent are one letter, the line end another
        (Length(unit="characters"), "返金は五日", 5),
    ],
)
def test_a_length_is_counted_by_hand(metric: Length, text: str, length: int) -> None:
    assert measured(metric, answered(text)).value == length


@pytest.mark.parametrize(("words", "passed"), [(1, False), (2, True), (4, True), (5, False)])
def test_the_limits_of_a_length_are_included(words: int, passed: bool) -> None:
    score = measured(Length(min=2, max={"golden": 4, "default": 400}), answered("word " * words))
    assert score.passed is passed
    assert bool(score.reason) is not passed


def test_without_limits_a_length_decides_nothing() -> None:
    assert Length().decides is Decides.NO
    assert Length(max=5).decides is Decides.YES
    assert measured(Length(), answered("word")).passed is None
    assert measured(Length(max={"regression": 1}), answered("two words")).passed is None  # it says nothing of golden


@pytest.mark.parametrize(
    ("metric", "word"),
    [
        (Length(min=9, max=3), "no answer can pass"),
        (Length(min={"golden": 9}, max=3), "for golden"),
        (Length(max=-1), "outside"),
        (Length(max={"gold": 3}), "Did you mean 'golden'"),
        (Latency(max_ms=-5), "outside"),
        (Cost(max_usd={}), "names no partition"),
    ],
)
def test_limits_that_make_no_sense_are_named(metric: Length | Latency | Cost, word: str) -> None:
    assert word in " ".join(metric.problems())


def test_the_better_length_is_the_one_that_is_asked_for() -> None:
    assert Length().lower_is_better
    assert not Length(better="longer").lower_is_better


@pytest.mark.parametrize(("took", "passed"), [(799.0, True), (800.0, True), (801.0, False)])
def test_latency_is_the_time_of_the_answer(took: float, passed: bool) -> None:
    score = measured(Latency(max_ms=800), replace(answered("hello"), latency_ms=took))
    assert (score.value, score.passed) == (took, passed)


def test_an_answer_that_was_not_timed_has_no_latency() -> None:
    assert measured(Latency(max_ms=800), answered("hello")).status is ScoreStatus.NOT_APPLICABLE


@pytest.mark.parametrize(("cost", "passed"), [(0.0, True), (0.01, True), (0.02, False)])
def test_cost_is_what_the_answer_cost(cost: float, passed: bool) -> None:
    score = measured(Cost(max_usd=0.01), replace(answered("hello"), cost_usd=cost))
    assert (score.value, score.passed) == (cost, passed)


def test_an_unknown_price_is_no_zero() -> None:
    score = measured(Cost(max_usd=0.01), answered("hello"))
    assert (score.status, score.value) == (ScoreStatus.UNSCORED, None)
    assert "price" in score.reason


def test_an_empty_answer_is_measured_too() -> None:
    assert measured(Length(max=3), answered("", Outcome.EMPTY)).value == 0
