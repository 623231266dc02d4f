"""tool_calls: names and arguments of calls against those that are wanted; the expected numbers are worked out by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalbot.domain.scores import Answered, ScoreStatus
from evalbot.metrics.tool_calls import ToolCalls
from tests.metrics.asking import EXAMPLE, answered, measured

FIND, PAY, MAIL = {"name": "find", "arguments": {"order": "A1"}}, {"name": "pay", "arguments": {"usd": 5}}, {"name": "mail"}


def wanted(*calls: dict[str, Any]) -> str:
    return json.dumps({"tool_calls": calls})


def scored(metric: ToolCalls, made: list[dict[str, Any]], expected: str, *references: str) -> float | None:
    answer = answered("Done.", expected_output=expected, references=references)
    return measured(metric, Answered(answer.example, "Done.", tool_calls=tuple(made))).value


@pytest.mark.parametrize(
    ("made", "expected", "value"),
    [
        ([FIND, PAY], wanted(FIND, PAY), 1.0),
        ([PAY, FIND], wanted(FIND, PAY), 1.0),
        ([FIND], wanted(FIND, PAY), 2 / 3),  # recall 1/2, precision 1
        ([FIND, PAY, MAIL], wanted(FIND, PAY), 4 / 5),  # recall 1, precision 2/3
        ([PAY], wanted(FIND), 0.0),
        ([], wanted(FIND), 0.0),
        ([], wanted(), 1.0),
        ([FIND], wanted(), 0.0),
        ([{"name": "find", "arguments": {"order": "A2"}}], wanted(FIND), 0.0),
        ([{"name": "find", "arguments": {"order": "A1", "fast": True}}], wanted(FIND), 0.0),
        ([{"name": "pay", "arguments": {"usd": 5.0}}], wanted(PAY), 1.0),
        ([{"name": "pay", "arguments": {"usd": True}}], wanted({"name": "pay", "arguments": {"usd": 1}}), 0.0),
        ([{"name": "mail", "arguments": {"to": "x"}}], wanted(MAIL), 1.0),  # without arguments: any
        ([{"name": "mail"}], wanted({"name": "mail", "arguments": {}}), 1.0),
        ([FIND, FIND], wanted(FIND), 2 / 3),  # a call made twice is one too many
    ],
)
def test_f1_over_calls(made: list[dict[str, Any]], expected: str, value: float) -> None:
    assert scored(ToolCalls(), made, expected) == pytest.approx(value)


def test_a_call_that_fits_two_wishes_leaves_the_other_its_own() -> None:
    """A greedy match would give the first wish the only call that the second one can take."""
    made = [{"name": "mail", "arguments": {"to": "x"}}, {"name": "mail", "arguments": {"to": "y"}}]
    assert scored(ToolCalls(), made, wanted(MAIL, {"name": "mail", "arguments": {"to": "x"}})) == 1.0


@pytest.mark.parametrize(
    ("made", "value"), [([FIND, PAY, MAIL], 1.0), ([PAY, FIND, MAIL], 2 / 3), ([MAIL, PAY, FIND], 1 / 3)]
)
def test_in_the_same_order_the_longest_right_sequence_counts(made: list[dict[str, Any]], value: float) -> None:
    assert scored(ToolCalls(order="same"), made, wanted(FIND, PAY, MAIL)) == pytest.approx(value)


def test_a_subset_of_arguments_or_none_may_be_asked_for() -> None:
    made = [{"name": "find", "arguments": {"order": "A1", "fast": True}}]
    assert scored(ToolCalls(arguments="subset"), made, wanted(FIND)) == 1.0
    assert scored(ToolCalls(arguments="subset"), [FIND], wanted({"name": "find", "arguments": {"fast": True}})) == 0.0
    assert scored(ToolCalls(arguments="ignore"), made, wanted({"name": "find", "arguments": {"order": "B"}})) == 1.0


def test_the_best_of_several_good_ways_counts() -> None:
    assert scored(ToolCalls(), [PAY], wanted(FIND), wanted(PAY), "some words") == 1.0


def test_an_answer_in_text_may_say_its_calls() -> None:
    answer = answered(json.dumps({"tool_calls": [FIND]}), expected_output=wanted(FIND))
    assert measured(ToolCalls(), answer).passed is True
    assert measured(ToolCalls(), answered("I would call find.", expected_output=wanted(FIND))).passed is False


def test_it_passes_from_its_threshold_on() -> None:
    answer = Answered(answered("", expected_output=wanted(FIND, PAY)).example, "", tool_calls=(FIND,))
    assert measured(ToolCalls(), answer).passed is False
    assert measured(ToolCalls(threshold={"golden": 0.6}), answer).passed is True
    assert 'find({"order": "A1"})' in measured(ToolCalls(), answer).reason


@pytest.mark.parametrize("expected", [None, "Five days.", "[1]", '{"label": "x"}'])
def test_it_is_not_applicable_where_nothing_is_said_of_calls(expected: str | None) -> None:
    answer = answered("Done.", expected_output=expected)
    assert not ToolCalls().applies(answer.example)
    assert measured(ToolCalls(), answer).status is ScoreStatus.NOT_APPLICABLE


@pytest.mark.parametrize(
    ("expected", "word"),
    [
        ({"tool_calls": {}}, "list"),
        ({"tool_calls": ["find"]}, "number 1"),
        ({"tool_calls": [FIND, {"arguments": {}}]}, "number 2"),
        ({"tool_calls": [{"name": "find", "args": {}}]}, "`name` and `arguments` only"),
        ({"tool_calls": [{"name": "find", "arguments": "x"}]}, "must be an object"),
    ],
)
def test_calls_that_cannot_be_read_are_named(expected: Any, word: str) -> None:
    example = answered("", expected_output=json.dumps(expected)).example
    assert word in ToolCalls().example_problems(example)[0]


def test_nothing_is_wrong_with_a_row_that_says_nothing() -> None:
    assert ToolCalls().example_problems(EXAMPLE) == []
