"""factuality: a verdict on facts becomes its worth, and everything else becomes nothing."""

from __future__ import annotations

import json

import pytest

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.factuality import Factuality
from tests.metrics.asking import EXAMPLE, Judging, answered, measured, nobody

FACTS = Factuality("grader")


def said(verdict: Json, **more: Json) -> str:
    return json.dumps({"reasoning": "The price is another.", "verdict": verdict, **more})


# The worth of each verdict: braintrust autoevals, templates/factuality.yaml (A 0.4, B 0.6, C 1, D 0, E 1); absent is ours.
@pytest.mark.parametrize(
    ("verdict", "value", "passed"),
    [("same", 1.0, True), ("immaterial", 1.0, True), ("superset", 0.6, True), ("subset", 0.4, True), ("absent", 0.0, False), ("contradicts", 0.0, False)],
)
def test_a_verdict_becomes_its_worth(verdict: str, value: float, passed: bool) -> None:
    score = measured(FACTS, answered("x", expected_output="5 EUR"), Judging([said(verdict)]))
    assert (score.value, score.passed, score.reason) == (value, passed, f"{verdict}: The price is another.")


def test_it_needs_a_reference() -> None:
    assert FACTS.applies(EXAMPLE) is False
    assert FACTS.applies(answered("x", references=("five",)).example) is True


@pytest.mark.parametrize("bad", [said("D"), said("Same"), said(None), said(0), said(["same"]), said("same", score=5), "same", "{}"])
def test_a_reply_that_is_no_verdict_is_none(bad: str) -> None:
    ask = Judging([bad])
    score = measured(FACTS, answered("x", expected_output="5 EUR"), ask)
    assert (score.status, score.error, len(ask.asked)) == (ScoreStatus.UNSCORED, ErrorClass.JUDGE, 2)


def test_a_strict_majority_of_the_jury_is_the_verdict() -> None:
    jury = Factuality(jury=("a", "b", "c"))
    row = answered("x", expected_output="5 EUR")
    assert measured(jury, row, Judging([said("same"), said("contradicts"), said("same")])).value == 1.0
    split = measured(jury, row, Judging([said("same"), said("contradicts"), said("subset")]))
    assert (split.status, split.error) == (ScoreStatus.UNSCORED, ErrorClass.JUDGE)
    assert "strict majority" in split.reason


def test_what_passes_can_be_narrowed() -> None:
    strict = Factuality("g", accept=("same", "immaterial"))
    assert measured(strict, answered("x", expected_output="5"), Judging([said("subset")])).passed is False


def test_an_answer_of_nothing_fails_by_rule_unless_it_is_the_reference() -> None:
    assert measured(FACTS, answered("...", expected_output="5"), nobody).passed is False
    assert measured(FACTS, answered("?", expected_output="?"), Judging([said("same")])).passed is True


def test_report_only_decides_nothing() -> None:
    quiet = Factuality("g", report_only=True)
    assert (quiet.decides, measured(quiet, answered("x", expected_output="5"), Judging([said("absent")])).passed) == (Decides.NO, None)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Factuality("g", accept=("sam",)), "Did you mean 'same'?"), (Factuality("g", accept=()), "accept is empty"),
        (Factuality("g", accept=("same", "immaterial", "superset", "subset", "absent", "contradicts")), "every verdict"), (Factuality(), "model is missing"),
    ],
)  # fmt: skip
def test_bad_options_are_named(metric: Factuality, words: str) -> None:
    assert any(words in problem for problem in metric.problems())
