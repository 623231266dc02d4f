import math

import pytest
from scipy import stats

from evalbot.domain.verdicts import Conclusion
from evalbot.stats.missing import at_worst, fisher_exact, lopsided
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


@pytest.mark.parametrize(("k", "n", "other_k", "other_n"), [(0, 5, 5, 5), (1, 5, 5, 5), (0, 40, 2, 40), (3, 10, 9, 12), (0, 1, 0, 1), (0, 0, 0, 0)])
def test_fishers_p_equals_scipys(k, n, other_k, other_n):
    """0 of 5 against 5 of 5: p = 0.008, 1 of 5: 0.048, as published for these tables."""
    table = [[k, n - k], [other_k, other_n - other_k]]
    assert fisher_exact(k, n, other_k, other_n) == pytest.approx(stats.fisher_exact(table).pvalue, rel=1e-9)


def test_it_takes_six_lost_on_one_side_alone():
    assert not lopsided(0, 5, 1000)
    assert lopsided(0, 6, 1000)
    assert lopsided(6, 0, 1000)
    assert not lopsided(40, 40, 1000)
    assert not lopsided(0, 0, 0)


def test_shares_that_are_none_are_refused():
    with pytest.raises(ValueError, match="no shares"):
        fisher_exact(3, 2, 0, 1)
