"""semantic_similarity: the cosine with the nearest good answer; expected cosines are worked out by hand."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from evalbot.domain.errors import ErrorClass, ProviderError, ProviderFault
from evalbot.domain.models import Outcome
from evalbot.domain.scores import Decides, Score, ScoreStatus
from evalbot.metrics.semantic_similarity import SemanticSimilarity, cosine
from tests.metrics.asking import Judging, answered

METRIC = SemanticSimilarity("embed")
SPACE = {"east": (1.0, 0.0), "north": (0.0, 1.0), "north east": (1.0, 1.0), "west": (-2.0, 0.0), "nowhere": (0.0, 0.0), "far": (1.0, 0.0, 0.0)}


class Compass(Judging):
    """An embedding model with a vector for a few words."""

    def __init__(self, space: Mapping[str, Any] = SPACE) -> None:
        super().__init__([])
        self.space, self.texts = space, list[str]()

    async def embed(self, model: str, texts: Sequence[str]) -> Sequence[tuple[float, ...]]:
        assert model == "embed"
        self.texts += texts
        if isinstance(self.space.get("error"), Exception):
            raise self.space["error"]
        return [self.space[text] for text in texts]


def measured(output: str, expected: str | None, *references: str, metric: SemanticSimilarity = METRIC, compass: Compass | None = None) -> Score:
    answer = answered(output, expected_output=expected, references=references)
    return asyncio.run(metric.measure(answer, compass or Compass()))


@pytest.mark.parametrize(
    ("output", "good", "value"),
    [
        ("east", ("east",), 1.0),
        ("east", ("north",), 0.0),
        ("east", ("north east",), math.sqrt(0.5)),
        ("east", ("west",), 0.0),  # -1, which counts as 0
        ("east", ("north", "north east", "west"), math.sqrt(0.5)),  # the best one
        ("east", ("", "north east"), math.sqrt(0.5)),
    ],
)
def test_the_value_is_the_best_cosine(output: str, good: tuple[str, ...], value: float) -> None:
    assert measured(output, *good).value == pytest.approx(value)


def test_without_a_threshold_it_decides_nothing() -> None:
    assert METRIC.decides is Decides.NO
    assert measured("east", "north").passed is None


def test_a_threshold_may_differ_by_partition() -> None:
    metric = SemanticSimilarity("embed", threshold={"golden": 0.7})
    assert metric.decides is Decides.YES
    assert measured("east", "north east", metric=metric).passed is True
    failed = measured("east", "north", metric=metric)
    assert (failed.passed, failed.reason) == (False, "Similarity is 0.00.")
    assert measured("east", "east", metric=SemanticSimilarity("embed", threshold={"regression": 0.7})).passed is None


@pytest.mark.parametrize("good", [("nowhere",), ("far",)])
def test_vectors_that_have_no_cosine_are_no_number(good: tuple[str, ...]) -> None:
    score = measured("east", *good)
    assert (score.status, score.error) == (ScoreStatus.UNSCORED, ErrorClass.METRIC)
    assert measured("nowhere", "east").error is ErrorClass.METRIC


def test_a_model_that_is_not_there_is_no_number() -> None:
    score = measured("east", "north", compass=Compass({"error": ProviderError(ProviderFault.SERVER, "503")}))
    assert (score.status, score.error) == (ScoreStatus.UNSCORED, ErrorClass.METRIC)


def test_an_empty_answer_is_as_far_as_can_be_and_asks_nobody() -> None:
    compass = Compass()
    answer = answered(" ", Outcome.EMPTY, expected_output="east")
    score = asyncio.run(SemanticSimilarity("embed", threshold=0.5).measure(answer, compass))
    assert (score.value, score.passed, compass.texts) == (0.0, False, [])


@pytest.mark.parametrize("good", [(None,), (None, " "), ("",)])
def test_without_a_good_answer_it_is_not_applicable(good: tuple[Any, ...]) -> None:
    compass = Compass()
    assert measured("east", *good, compass=compass).status is ScoreStatus.NOT_APPLICABLE
    assert not METRIC.applies(answered("east", expected_output=good[0], references=good[1:]).example)
    assert compass.texts == []


def test_a_cosine_never_leaves_its_range_by_rounding() -> None:
    vector = (0.1, 0.2, 0.3)
    assert cosine(vector, tuple(7 * number for number in vector)) <= 1.0
    assert cosine(vector, tuple(-7 * number for number in vector)) >= -1.0


def test_options_that_make_no_sense_are_named() -> None:
    assert SemanticSimilarity(" ").problems()
    assert SemanticSimilarity("embed", threshold=1.2).problems()
