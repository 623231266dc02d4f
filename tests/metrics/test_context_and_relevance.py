"""answer_relevance, context_precision and context_recall: one verdict an item, counted here; expected values by hand."""

from __future__ import annotations

import pytest

from evalbot.domain.errors import ErrorClass
from evalbot.domain.models import Outcome
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.answer_relevance import AnswerRelevance
from evalbot.metrics.context_precision import ContextPrecision, average_precision
from evalbot.metrics.context_recall import ContextRecall
from tests.metrics.asking import Judging, answered, measured
from tests.metrics.judging import verdict, verdicts, words

PASSAGES = ("Refunds take 5 days.", "We open at 9.", "Refunds are free.")
RELEVANCE, PRECISION, RECALL = AnswerRelevance("grader"), ContextPrecision("grader"), ContextRecall("grader")


def retrieved(**fields: object):
    return answered("Five days.", **({"context": PASSAGES, "expected_output": "Refunds take 5 days. They are free."} | fields))


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (("relevant", "supporting", "irrelevant", "irrelevant"), 0.5),
        (("relevant", "relevant", "supporting", "supporting"), 1.0),
        (("supporting", "supporting", "supporting", "irrelevant"), 0.0),  # nothing answers
        (("irrelevant",) * 4, 0.0),
    ],
)
def test_relevance_is_the_share_of_sentences_that_serve_the_question(given: tuple[str, ...], value: float) -> None:
    score = measured(RELEVANCE, answered("Hello. It costs 5 euros. It is blue! Bye."), Judging([words(*given)]))
    assert score.value == value


def test_the_sentences_are_numbered_for_the_judge() -> None:
    judging = Judging([words("relevant", "irrelevant")])
    score = measured(RELEVANCE, answered("It costs 5 euros. It is blue."), judging)
    nonce = judging.user_message.split(">", 1)[0].rpartition("-")[2]
    assert f"<item-2-{nonce}>\nIt is blue.\n</item-2-{nonce}>" in judging.user_message
    assert score.reason == "Beside the point: 'It is blue.'"


@pytest.mark.parametrize("text", ["", " ", "…", "?!"])
def test_an_answer_without_a_sentence_is_not_relevant_and_costs_nothing(text: str) -> None:
    judging = Judging([])
    assert (measured(RELEVANCE, answered(text, Outcome.EMPTY), judging).value, judging.asked) == (0.0, [])


@pytest.mark.parametrize(
    ("useful", "value"),
    [
        ([True, True, False], 1.0),
        ([False, True], 1 / 2),
        ([True, False, True], (1 + 2 / 3) / 2),
        ([False, False, True, True], (1 / 3 + 2 / 4) / 2),
        ([False], 0.0),
        ([], 0.0),
    ],
)
def test_average_precision(useful: list[bool], value: float) -> None:
    """The middle ones agree with the worked example of section 8.4 of Introduction to Information Retrieval."""
    assert average_precision(useful) == pytest.approx(value)


def test_precision_asks_of_each_passage_in_its_order() -> None:
    judging = Judging([words("useless", "useful", "useful")])
    score = measured(PRECISION, retrieved(), judging)
    assert score.value == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert judging.user_message.index(PASSAGES[0]) < judging.user_message.index(PASSAGES[2])
    assert score.reason == "2 of 3 passages are useful."


def test_recall_is_the_share_of_the_expected_sentences_that_the_passages_hold() -> None:
    half = verdicts(verdict(1, "supported", "take 5 days"), verdict(2, "unsupported"))
    score = measured(RECALL, retrieved(), Judging([half]))
    assert (score.value, score.reason) == (0.5, "Not in the context: 'They are free.'")


def test_a_passage_that_is_quoted_wrongly_is_no_support() -> None:
    made_up = verdicts(verdict(1, "supported", "take 9 days"), verdict(2, "unsupported"))
    assert measured(RECALL, retrieved(), Judging([made_up])).error is ErrorClass.JUDGE


@pytest.mark.parametrize("metric", [PRECISION, RECALL])
@pytest.mark.parametrize("missing", [{"context": ()}, {"expected_output": None}])
def test_without_passages_or_expected_answer_there_is_nothing_to_judge(metric: Metric, missing: dict[str, object]) -> None:
    answer, judging = retrieved(**missing), Judging([])
    assert not metric.applies(answer.example)
    assert measured(metric, answer, judging).status is ScoreStatus.NOT_APPLICABLE
    assert judging.asked == []


@pytest.mark.parametrize(("metric", "replies"), [(RELEVANCE, 1), (PRECISION, 3), (RECALL, 2)])
def test_a_reply_that_cannot_be_read_is_no_number(metric: Metric, replies: int) -> None:
    judging = Judging([words(*["maybe"] * replies)])
    score = measured(metric, retrieved(), judging)
    assert (score.status, score.error, len(judging.asked)) == (ScoreStatus.UNSCORED, ErrorClass.JUDGE, 2)


@pytest.mark.parametrize("kind", [AnswerRelevance, ContextPrecision, ContextRecall])
def test_without_a_threshold_none_of_them_decides(kind: type) -> None:
    assert kind("grader").decides is Decides.NO
    assert kind("grader", threshold=0.8).decides is Decides.YES
    assert kind("grader", threshold=1.8).problems()


def test_with_a_threshold_they_pass_and_fail() -> None:
    metric = ContextPrecision("grader", threshold={"golden": 0.5})
    assert measured(metric, retrieved(), Judging([words("useless", "useful", "useless")])).passed is True
    assert measured(metric, retrieved(), Judging([words("useless", "useless", "useful")])).passed is False
