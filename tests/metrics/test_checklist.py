"""checklist: the share of yes, items that cannot be judged, and replies that are no verdict."""

from __future__ import annotations

import json

import pytest

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass
from evalbot.domain.models import Reply
from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.checklist import Checklist
from tests.metrics.asking import EXAMPLE, Judging, answered, measured, nobody
from tests.scripted_judges import sections

ITEMS = {"cta": "Does it end with a next step?", "tone": "Is it courteous?", "price": "Is every price in the context?"}
LIST = Checklist("grader", ITEMS)


def said(**verdicts: Json) -> str:
    return json.dumps({name: {"reasoning": f"about {name}", "verdict": verdict} for name, verdict in verdicts.items()})


@pytest.mark.parametrize(
    ("verdicts", "value", "passed"),
    [
        (("yes", "yes", "yes"), 1.0, True), (("yes", "no", "yes"), 2 / 3, False), (("no", "no", "no"), 0.0, False),
        (("yes", "cannot_judge", "yes"), 1.0, True), (("cannot_judge", "cannot_judge", "no"), 0.0, False),
    ],
)  # fmt: skip
def test_the_value_is_yes_of_yes_and_no_and_all_must_be_yes(verdicts: tuple[str, ...], value: float, passed: bool) -> None:
    score = measured(LIST, answered("x"), Judging([said(**dict(zip(ITEMS, verdicts, strict=True)))]))
    assert (score.value, score.passed) == (pytest.approx(value), passed)


def test_what_failed_and_what_could_not_be_judged_is_named_with_the_reason() -> None:
    score = measured(LIST, answered("x"), Judging([said(cta="no", tone="cannot_judge", price="yes")]))
    assert (score.detail["failed"], score.detail["cannot_judge"], score.reason) == (["cta"], ["tone"], "cta: about cta")


def test_where_nothing_can_be_judged_it_is_not_applicable_and_no_pass() -> None:
    score = measured(LIST, answered("x"), Judging([said(cta="cannot_judge", tone="cannot_judge", price="cannot_judge")]))
    assert (score.status, score.passed) == (ScoreStatus.NOT_APPLICABLE, None)


def test_an_example_s_criteria_are_items_of_that_example() -> None:
    own = Checklist("grader")
    row = answered("x", criteria=("names the limit", "is short"))
    assert (own.applies(EXAMPLE), own.applies(row.example)) == (False, True)
    ask = Judging([said(criterion_1="yes", criterion_2="no")])
    assert measured(own, row, ask).value == 0.5
    assert sections(ask.user_message)["items"] == "- criterion_1: Is this so: names the limit\n- criterion_2: Is this so: is short"


@pytest.mark.parametrize(
    "bad",
    [
        said(cta="yes", tone="yes"), said(cta="yes", tone="yes", price="yes", more="yes"), said(cta="yes", tone="yes", price="maybe"),
        said(cta="yes", tone="yes", price=True), said(cta="yes", tone="yes", price=None), '{"cta": "yes", "tone": "yes", "price": "yes"}',
        json.dumps([1]), "yes yes yes", Reply("", ), said(cta="yes", tone="yes", price="yes").replace('"tone"', '"cta"'),
    ],
)  # fmt: skip
def test_a_reply_that_is_not_one_verdict_an_item_is_none(bad: str | Reply) -> None:
    ask = Judging([bad])
    score = measured(LIST, answered("x"), ask)
    assert (score.status, score.error, score.value) == (ScoreStatus.UNSCORED, ErrorClass.JUDGE, None)
    assert len(ask.asked) == 2


def test_a_strict_majority_of_all_votes_decides_each_item() -> None:
    jury = Checklist(items=ITEMS, jury=("a", "b", "c"))
    replies = [said(cta="yes", tone="no", price="yes"), said(cta="yes", tone="no", price="no"), said(cta="no", tone="yes", price="cannot_judge")]
    score = measured(jury, answered("x"), Judging(replies))
    assert score.detail["items"] == {"cta": "yes", "tone": "no", "price": "cannot_judge"}
    assert score.value == 0.5


def test_half_of_the_votes_is_no_majority() -> None:
    two = Checklist("g", {"cta": "?"}, samples=2)
    score = measured(two, answered("x"), Judging([said(cta="yes"), said(cta="no")]))
    assert (score.status, score.reason) == (ScoreStatus.NOT_APPLICABLE, "The judge could judge none of the items.")


@pytest.mark.parametrize("nothing", ["", "  ", "?!", "\u2800"])
def test_an_answer_of_nothing_fails_by_rule(nothing: str) -> None:
    score = measured(LIST, answered(nothing), nobody)
    assert (score.value, score.passed) == (0.0, False)


def test_min_may_be_lower_and_report_only_decides_nothing() -> None:
    reply = Judging([said(cta="yes", tone="no", price="yes")])
    assert measured(Checklist("g", ITEMS, min={"golden": 0.6}), answered("x"), reply).passed is True
    assert measured(Checklist("g", ITEMS, min={"golden": 0.6}), answered("x", partition="regression"), reply).passed is False
    assert measured(Checklist("g", ITEMS, report_only=True), answered("x"), reply).passed is None
    assert Checklist("g", ITEMS, report_only=True).decides is Decides.NO


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Checklist("g", {"a b": "?"}), "items names 'a b'"), (Checklist("g", {"a": " "}), "items.a is empty"),
        (Checklist("g", {f"i{n}": "?" for n in range(31)}), "at most 30"), (Checklist("g", ITEMS, min=2), "outside the scale"),
        (Checklist(items=ITEMS), "model is missing"), (Checklist("g", ITEMS, samples=0), "samples is 0"),
    ],
)  # fmt: skip
def test_bad_options_are_named(metric: Checklist, words: str) -> None:
    assert any(words in problem for problem in metric.problems())


def test_the_schema_has_a_key_for_each_item() -> None:
    ask = Judging([said(cta="yes", tone="yes", price="yes")])
    measured(LIST, answered("x"), ask)
    schema = ask.asked[0][2]
    assert schema is not None
    assert schema["required"] == list(ITEMS)
    assert schema["additionalProperties"] is False
