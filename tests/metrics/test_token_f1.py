"""token_f1. Expected numbers are worked out by hand from the published rules of the SQuAD 2.0 evaluation script:

lower case, drop ASCII punctuation, put a space for the articles a, an, the, split at white space; with `same` shared
tokens (counted with repetition) precision = same / |answer|, recall = same / |expected|, F1 = 2pr / (p + r); where one side
has no tokens, 1 if both have none and else 0; the best of several expected answers counts.
"""

from __future__ import annotations

import pytest
from pydantic import TypeAdapter

from evalbot.domain.scores import Decides, ScoreStatus
from evalbot.metrics.token_f1 import TokenF1
from tests.metrics.asking import answered, measured

# answer, expected, shared tokens, tokens of the answer, tokens of the expected one
BY_HAND = [
    ("Denver Broncos", "Denver Broncos", 2, 2, 2),
    ("The Denver Broncos!", "denver broncos", 2, 2, 2),
    ("Broncos", "Denver Broncos", 1, 1, 2),
    ("in the late 1990s", "1990s", 1, 3, 1),
    ("a cat sat on a mat", "the cat", 1, 4, 1),
    ("don't know", "dont know", 2, 2, 2),  # punctuation is dropped, not split at
    ("twenty-one", "twenty one", 0, 1, 2),
    ("the the the", "the", 0, 0, 0),
    ("no no yes", "no yes yes", 2, 3, 3),  # one no, one yes
    ("theatre anatomy", "theatre anatomy", 2, 2, 2),  # articles are words, not prefixes
    ("$5.00 (USD)", "500 usd", 2, 2, 2),
    ("it’s", "its", 0, 1, 1),  # the curly apostrophe is no ASCII punctuation, so it stays, as published
    ("a1 b2 c3 d4", "b2 d4 e5", 2, 4, 3),
    ("banana data bathe ana", "banana data bathe ana", 4, 4, 4),  # words that hold an article stay whole
    ("x–a–y", "x– –y", 2, 2, 2),  # an article between dashes is dropped and leaves a space, as published
    ("A.N. the-an", "an thean", 1, 1, 1),  # "an" is dropped, "thean" is one word
]


def _f1(same: int, said: int, expected: int) -> float:
    if said == 0 or expected == 0:
        return float(said == expected)
    if same == 0:
        return 0.0
    precision, recall = same / said, same / expected
    return 2 * precision * recall / (precision + recall)


@pytest.mark.parametrize(("answer", "expected", "same", "n_answer", "n_expected"), BY_HAND)
def test_it_counts_as_the_published_script_does(
    answer: str, expected: str, same: int, n_answer: int, n_expected: int
) -> None:
    score = measured(TokenF1(), answered(answer, expected_output=expected))
    assert score.value == pytest.approx(_f1(same, n_answer, n_expected), abs=1e-12)


@pytest.mark.parametrize(
    ("answer", "expected", "value"), [("", "", 1.0), ("the", "a", 1.0), ("", "x", 0.0), ("x", "", 0.0)]
)
def test_two_empty_texts_are_equal_and_one_is_not(answer: str, expected: str, value: float) -> None:
    assert measured(TokenF1(), answered(answer, expected_output=expected)).value == value


def test_the_best_reference_counts() -> None:
    score = measured(
        TokenF1(), answered("Broncos", expected_output="Denver Broncos", references=("broncos", "Panthers"))
    )
    assert score.value == 1.0


def test_articles_can_be_kept() -> None:
    answer = answered("die a", expected_output="die")
    assert measured(TokenF1(), answer).value == 1.0
    assert measured(TokenF1(articles="keep"), answer).value == pytest.approx(2 / 3)  # p 1/2, r 1


@pytest.mark.parametrize(
    ("answer", "expected", "value"),
    [
        ("北京大学", "北京", 2 * 0.5 * 1 / 1.5),  # 4 and 2 characters, 2 shared
        ("東京です。", "東京です", 1.0),
        ("iPhone 很好", "很好 iPhone", 1.0),
        ("สวัสดี", "สวัสดี", 1.0),
        ("서울 은", "서울", 2 * 0.5 * 1 / 1.5),  # Korean is written with spaces: 2 words and 1
    ],
)
def test_scripts_without_spaces_are_compared_by_character(answer: str, expected: str, value: float) -> None:
    assert measured(TokenF1(), answered(answer, expected_output=expected)).value == pytest.approx(value)


def test_without_a_threshold_it_does_not_decide() -> None:
    assert TokenF1().decides is Decides.NO
    assert measured(TokenF1(), answered("x", expected_output="y")).passed is None


def test_a_threshold_makes_it_decide_by_partition() -> None:
    metric = TokenF1(threshold={"golden": 0.7, "default": 0.5})
    assert metric.decides is Decides.YES
    half = {"expected_output": "Denver Broncos"}
    assert measured(metric, answered("Broncos", **half)).passed is False  # 0.67 in golden
    assert measured(metric, answered("Broncos", partition="regression", **half)).passed is True


def test_without_an_expected_output_it_says_nothing() -> None:
    assert measured(TokenF1(), answered("x")).status is ScoreStatus.NOT_APPLICABLE
    assert TokenF1().applies(answered("x").example) is False


def test_a_threshold_is_no_part_of_its_identity_and_articles_are() -> None:
    assert TokenF1(threshold=0.5).identity() == TokenF1().identity()
    assert TokenF1(articles="keep").identity() != TokenF1().identity()


def test_options_are_read_and_checked() -> None:
    read = TypeAdapter(TokenF1).validate_python
    assert read({"articles": "drop", "threshold": {"golden": 0.5}}).problems() == []
    assert "outside the scale 0 to 1" in read({"threshold": 5}).problems()[0]
