"""Alerts from windows: what got worse, what got different, and whose fault it is."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

import pytest

from evalbot.domain.monitoring import Alert, AlertKind, Canaries, JudgeState, Seen, Standing
from evalbot.gate.alerts import HOUR, still, wanted
from evalbot.stats.drift import DriftRule
from tests.gate.windows import report

DAY = 24 * HOUR
NOW = 20_000 * DAY + 100
RULE = DriftRule()


def seen(since: float, count: int, seed: int, **more: object) -> list[Seen]:
    """So many samples, spread over one day or a week of reference, with scores of 4 on average."""
    return list(_seen(since, count, seed, **more))


def _seen(since: float, count: int, seed: int, mean: float = 4.0, length: int = 400, failing: float = 0.02, german: float = 0.3, days: int = 1) -> Iterator[Seen]:
    rng = random.Random(seed)
    for number in range(count):
        failed = ("rules: short",) if rng.random() < failing else ()
        language = "de" if rng.random() < german else "en"
        size = max(1, round(rng.lognormvariate(0, 0.3) * length))
        yield Seen(f"{seed}-{number}", since + days * DAY * number / count, {"quality": rng.gauss(mean, 0.8)}, failed, None, len(failed), size, language=language)


REFERENCE = seen(NOW - 21 * DAY, 4000, 1, days=7)


def alerts(window: Sequence[Seen], reference: Sequence[Seen] = REFERENCE, **judges: Canaries | None) -> list[Alert]:
    return wanted(report(NOW, window, reference, RULE, asked=frozenset(judges)), [], {}, RULE.min_n, judges)


def yesterday(**more: object) -> list[Seen]:
    return seen(NOW - 25 * HOUR, 800, 2, **more)


def test_nothing_seen_and_nothing_changed_call_for_nothing() -> None:
    assert alerts([]) == []
    assert alerts([], []) == []
    assert alerts(yesterday()) == []
    assert alerts(yesterday(mean=1.0), []) == []  # without a reference there is nothing to fall from


@pytest.mark.parametrize(
    ("change", "about", "words"),
    [
        ({"length": 600}, "length", "typical length went from"),
        ({"failing": 0.2}, "failed:rules: short", "answers that fail rules: short went from 2"),
        ({"german": 0.6}, "language:de", "answers in the language de went from 30"),
    ],
)
def test_what_became_different_is_drift_and_no_loss_of_quality(change: dict[str, float], about: str, words: str) -> None:
    found = {one.about: one for one in alerts(yesterday(**change))}
    assert AlertKind.QUALITY not in {one.kind for one in found.values()}
    assert (found[about].kind, found[about].severity) == (AlertKind.DRIFT, "medium")
    assert words in found[about].message


def test_every_measure_has_a_row_and_a_new_language_too() -> None:
    found = report(NOW, [Seen(str(n), NOW - 25 * HOUR + n * 80, {}, language="fr") for n in range(800)], REFERENCE, RULE)
    rows = {one.measure: one for one in found.drift}
    assert sorted(rows) == ["failed:rules: short", "language:de", "language:en", "language:fr", "length", "score:quality"]
    assert (rows["language:fr"].state, rows["language:fr"].reference, rows["language:fr"].value) == ("shifted", 0.0, 1.0)
    assert rows["score:quality"].state == "low_volume"
    assert {one.at for one in found.drift} == {NOW - 100}  # the last whole hour


def test_tests_are_made_once_an_hour_however_often_they_are_asked_for() -> None:
    window = yesterday(mean=3.0)
    early, late = (report(NOW + seconds, window, REFERENCE, RULE) for seconds in (0, 3000))
    assert (early.drift, early.metrics) == (late.drift, late.metrics)
    assert early.counts != late.counts


@pytest.mark.parametrize(
    ("canaries", "kinds", "words"),
    [
        (None, [AlertKind.QUALITY], "its judge has no canaries"),
        (Canaries(NOW, "quality", JudgeState.STEADY, 5, 0, 0.1), [AlertKind.QUALITY], "its judge grades its canaries as before"),
        (Canaries(NOW, "quality", JudgeState.UNHEARD, 1, 4), [AlertKind.QUALITY], "gave its canaries no grades"),
        (Canaries(NOW, "quality", JudgeState.DRIFTED, 5, 0, -0.8), [AlertKind.JUDGE], "5 canaries -0.80 points from their frozen grades"),
    ],
)
def test_a_judge_that_drifted_is_told_apart_from_a_product_that_did(canaries: Canaries | None, kinds: list[AlertKind], words: str) -> None:
    found = alerts(yesterday(mean=3.2), quality=canaries)
    assert [one.kind for one in found] == kinds
    assert words in found[0].message


def test_a_judge_that_drifted_is_told_where_nothing_fell() -> None:
    found = alerts(yesterday(), quality=Canaries(NOW, "quality", JudgeState.DRIFTED, 5, 0, 0.6))
    assert [(one.kind, one.severity, one.about) for one in found] == [(AlertKind.JUDGE, "high", "quality")]


def test_failures_of_a_judge_are_a_share_of_what_it_graded() -> None:
    graded = [Seen(f"g{n}", NOW - 20 * DAY + n * 120, {"quality": 2.0 if n % 2 else 4.0}, ("quality",) if n % 2 else ()) for n in range(4000)]
    # The judge is away for most of the day: half of what it did grade fails, as ever.
    away = [Seen(f"w{n}", NOW - 25 * HOUR + n * 100, {}) for n in range(700)]
    some = [Seen(f"x{n}", NOW - 25 * HOUR + n * 800, {"quality": 2.0 if n % 2 else 4.0}, ("quality",) if n % 2 else ()) for n in range(100)]
    rows = {one.measure: one for one in report(NOW, away + some, graded, RULE, asked=frozenset({"quality"})).drift}
    assert (rows["failed:quality"].state, rows["failed:quality"].value) == ("steady", pytest.approx(0.5, abs=0.03))


def test_a_check_is_violated_and_a_judge_s_low_grade_is_no_violation() -> None:
    fresh = [Seen("a", NOW, {"quality": 1.0}, ("rules: short", "quality"), None, 1)]
    found = wanted(report(NOW, fresh, [], RULE), fresh, {}, 30, {"quality": None})
    assert [(one.kind, one.about) for one in found] == [(AlertKind.CONSTRAINT, "rules: short")]


def test_a_drift_is_over_when_the_windows_say_so_and_not_when_nobody_comes() -> None:
    shifted = Standing(Alert(AlertKind.DRIFT, "language:fr", "", NOW - DAY), NOW - DAY, NOW - DAY)
    assert still([shifted], [], [], report(NOW, yesterday(), REFERENCE, RULE), 30) == []
    assert still([shifted], [], [], report(NOW, [], REFERENCE, RULE), 30) == [shifted]


def test_a_hallucination_is_over_after_enough_judged_answers_without_one() -> None:
    stands = Standing(Alert(AlertKind.HALLUCINATION, "hallucination", "", NOW - DAY), NOW - DAY, NOW - DAY)
    good = [Seen(str(n), NOW - n, {}, (), False) for n in range(1, 31)]
    assert still([stands], [], [], report(NOW, good, [], RULE), 30) == []
    assert still([stands], [], [], report(NOW, good[1:], [], RULE), 30) == [stands]
    assert still([stands], [], [], report(NOW, [*good, Seen("x", NOW - 1, {}, (), True)], [], RULE), 30) == [stands]
    unjudged = [Seen(str(n), NOW - n, {}) for n in range(1, 100)]
    assert still([stands], [], [], report(NOW, unjudged, [], RULE), 30) == [stands]
