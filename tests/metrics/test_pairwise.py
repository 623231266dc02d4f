"""pairwise: both orders, a winner only where they agree, and nothing where one of them is lost."""

from __future__ import annotations

import asyncio
import json

import pytest

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass, ProviderError, ProviderFault, Stopped
from evalbot.domain.models import Reply
from evalbot.domain.scores import Decides, Pair, Score, ScoreStatus
from evalbot.metrics.pairwise import Pairwise
from tests.metrics.asking import EXAMPLE, Judging, answered, measured, nobody
from tests.scripted_judges import ScriptedJudge, sections

DUEL = Pairwise("grader")
WORSE, BETTER = "quality=2 It depends.", "quality=4 It costs 5 EUR."


def preferred(place: Json, **more: Json) -> str:
    return json.dumps({"reasoning": "The other one evades.", "preferred": place, **more})


def compared(metric: Pairwise, base: str, head: str, ask: object) -> Score:
    return asyncio.run(metric.compare(Pair(EXAMPLE, base, head), ask))  # type: ignore[arg-type]


def test_the_answer_that_wins_in_both_orders_wins() -> None:
    ask = ScriptedJudge()
    score = compared(DUEL, WORSE, BETTER, ask)
    assert (score.value, score.passed, score.detail["preferred"]) == (1.0, None, "head")
    assert (score.detail["asked"], score.detail["inconsistent"]) == (1, 0)
    assert compared(DUEL, BETTER, WORSE, ScriptedJudge()).value == -1.0


def test_the_judge_sees_each_answer_once_in_each_place_and_no_word_of_base_or_head() -> None:
    ask = ScriptedJudge()
    compared(DUEL, WORSE, BETTER, ask)
    seen = [sections(said) for _, said in ask.asked]
    assert sorted((one["answer_a"], one["answer_b"]) for one in seen) == sorted([(WORSE, BETTER), (BETTER, WORSE)])
    assert all(set(one) == {"input", "answer_a", "answer_b"} for one in seen)
    assert not any(word in said for _, said in ask.asked for word in ("base", "head"))


# JDG-07
def test_a_judge_that_prefers_the_first_place_in_both_orders_makes_a_tie_that_is_counted_as_inconsistent() -> None:
    score = compared(DUEL, WORSE, BETTER, Judging([preferred("A"), preferred("A")]))
    assert (score.value, score.detail["preferred"]) == (0.0, "tie")
    assert (score.detail["asked"], score.detail["inconsistent"]) == (1, 1)


def test_a_winner_in_one_order_and_a_tie_in_the_other_is_a_tie_too() -> None:
    score = compared(DUEL, WORSE, BETTER, Judging([preferred("B"), preferred("tie")]))
    assert (score.value, score.detail["inconsistent"]) == (0.0, 1)


def test_two_ties_are_a_consistent_tie() -> None:
    score = compared(DUEL, WORSE, BETTER, Judging([preferred("tie")]))
    assert (score.value, score.detail["inconsistent"]) == (0.0, 0)


def test_the_same_text_on_both_sides_is_a_tie_that_nobody_is_asked_about() -> None:
    score = compared(DUEL, BETTER, BETTER, nobody)
    assert (score.value, score.detail["asked"], score.detail["by_rule"]) == (0.0, 0, True)


@pytest.mark.parametrize("nothing", ["", " \n", "...", "\u200b", "***"])
def test_an_answer_of_nothing_loses_by_rule(nothing: str) -> None:
    assert compared(DUEL, nothing, BETTER, nobody).value == 1.0
    assert compared(DUEL, BETTER, nothing, nobody).value == -1.0
    assert compared(DUEL, nothing, "?!", nobody).value == 0.0


@pytest.mark.parametrize(
    "bad", [preferred("C"), preferred(None), preferred(1), preferred("A", score=5), "A", '{"preferred": "A"}', Reply("")]
)
def test_half_of_a_swap_is_no_verdict(bad: str | Reply) -> None:
    good = preferred("A")
    score = compared(DUEL, WORSE, BETTER, Judging([good, bad, bad, bad]))
    assert (score.status, score.error) == (ScoreStatus.UNSCORED, ErrorClass.JUDGE)


def test_an_outage_and_a_stop_are_no_tie() -> None:
    down = Judging([preferred("A"), ProviderError(ProviderFault.SERVER, "503")])
    assert compared(DUEL, WORSE, BETTER, down).error is ErrorClass.JUDGE
    assert compared(DUEL, WORSE, BETTER, Judging([Stopped("the time is used up")])).error is ErrorClass.STOPPED


def test_a_jury_decides_by_strict_majority() -> None:
    jury = Pairwise(jury=("one", "two", "three"))
    assert jury.models == ("one", "two", "three")
    score = compared(jury, WORSE, BETTER, ScriptedJudge())
    assert (score.value, score.detail["asked"]) == (1.0, 3)


def test_one_answer_alone_has_nothing_to_be_compared_with() -> None:
    assert measured(DUEL, answered("x")).status is ScoreStatus.NOT_APPLICABLE
    assert (DUEL.decides, DUEL.scale) == (Decides.NO, None)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (Pairwise(), "model is missing"), (Pairwise("a", jury=("b", "c")), "both given"), (Pairwise(jury=("b",)), "jury has 1"),
        (Pairwise(jury=("b", "b")), "twice"), (Pairwise("a", criteria=(" ",)), "empty line"),
    ],
)  # fmt: skip
def test_bad_options_are_named(metric: Pairwise, words: str) -> None:
    assert any(words in problem for problem in metric.problems())


def test_identity_moves_with_everything_that_moves_a_preference() -> None:
    metrics = [DUEL, Pairwise("grader", criteria=("kinder",)), Pairwise("grader", task="Shop"), Pairwise(jury=("a", "b"))]
    assert len({json.dumps(metric.identity(), sort_keys=True) for metric in metrics}) == len(metrics)
