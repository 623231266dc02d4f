import math

import pytest

from evalbot.domain.verdicts import Conclusion
from evalbot.stats.missing import at_worst
from tests.stats.rows import ONE_TO_FIVE, keyed, row


def test_missing_scores_count_against_head():
    base, head = at_worst({"a": 4.0}, {"b": 3.0}, ["a", "b", "c"], scale=ONE_TO_FIVE)
    assert base == {"a": 4.0, "b": 5.0, "c": 5.0}
    assert head == {"a": 1.0, "b": 3.0, "c": 1.0}
    base, head = at_worst({}, {}, ["a"], scale=ONE_TO_FIVE, lower_is_better=True)
    assert (base, head) == ({"a": 1.0}, {"a": 5.0})


def test_a_conclusion_that_missing_scores_could_turn_is_seen():
    base, head = keyed([5.0, 4.0] * 10), keyed([5.0, 4.0] * 7)
    assert row(base, head).conclusion is Conclusion.NO_CHANGE
    assert row(*at_worst(base, head, base, scale=ONE_TO_FIVE)).conclusion is Conclusion.REGRESSION


def test_nothing_missing_changes_nothing():
    base, head = keyed([5.0, 4.0]), keyed([4.0, 4.0])
    assert at_worst(base, head, list(base), scale=ONE_TO_FIVE) == (base, head)
    assert at_worst({}, {}, [], scale=ONE_TO_FIVE) == ({}, {})


def test_a_scale_without_end_has_no_worst():
    with pytest.raises(ValueError, match="no worst"):
        at_worst({}, {}, [], scale=(0.0, math.inf))
