"""One number, or one per partition."""

from __future__ import annotations

import pytest

from evalbot.domain.examples import Partition
from evalbot.domain.thresholds import by_partition, reaches, threshold_problems

_UNIT = (0.0, 1.0)


def test_a_number_holds_in_every_partition() -> None:
    assert [by_partition(0.5, partition) for partition in Partition] == [0.5] * 4


def test_a_partition_that_is_not_named_has_the_default() -> None:
    assert by_partition({"golden": 4, "default": 3}, Partition.GOLDEN) == 4
    assert by_partition({"golden": 4, "default": 3}, Partition.ADVERSARIAL) == 3


@pytest.mark.parametrize("threshold", [None, {}, {"golden": 4}])
def test_without_a_limit_nothing_is_decided(threshold: dict[str, float] | None) -> None:
    assert by_partition(threshold, Partition.REGRESSION) is None
    assert reaches(5.0, threshold, Partition.REGRESSION) is None


def test_the_limit_itself_passes_whatever_its_last_bit() -> None:
    mean = (0.1 + 0.2) * 10  # 3.0000000000000004
    assert reaches(3.0, mean, Partition.GOLDEN) is True
    assert reaches(2.999, 3, Partition.GOLDEN) is False


def test_a_word_that_is_no_partition_gets_the_nearest_one() -> None:
    (problem,) = threshold_problems("min", {"goldn": 0.5}, _UNIT)
    assert "Did you mean 'golden'?" in problem


def test_limits_outside_the_scale_are_problems() -> None:
    assert threshold_problems("min", 6, (1, 5)) == ["min is 6, which is outside the scale 1 to 5."]
    assert threshold_problems("min", {"golden": 0, "default": 3}, (1, 5)) == [
        "min.golden is 0, which is outside the scale 1 to 5."
    ]


def test_a_mapping_without_any_limit_is_a_problem_and_none_is_not() -> None:
    assert threshold_problems("min", None, _UNIT) == []
    assert len(threshold_problems("min", {}, _UNIT)) == 1
