"""The estimate before the first call: counted by hand from what is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from evalbot.domain.models import Message, Model, Price, Request
from evalbot.domain.record import Estimate
from evalbot.engine.estimate import estimate, likely_usd
from evalbot.engine.scoring import SuiteMetrics
from evalbot.report.estimate import in_words
from tests.fakes import APP, GRADER, FakeMetric, Plan

JUDGE = FakeMetric(models=("grader",), asks=1)
PRICES = {APP.label: Price(2, 10), GRADER.label: Price(4, 20)}


def find(plan: Plan, known: Any = lambda request, nth: False, prices: Any = PRICES, **metrics: FakeMetric) -> Estimate:
    suite = SuiteMetrics(metrics, frozenset(metrics), {"grader": GRADER})
    return asyncio.run(estimate(plan.tasks, {"support": suite}, lambda model: prices.get(model.label), known))


def test_a_call_is_a_token_for_four_characters_and_a_quarter_of_the_longest_answer() -> None:
    request = Request(Model("fake", "app", {"max_output_tokens": 400}), (Message("system", "s" * 30), Message("user", "u" * 10)))
    assert likely_usd(request, Price(2, 10)) == pytest.approx((10 * 2 + 100 * 10) / 1e6)
    assert likely_usd(request, None) is None


def test_answers_and_their_grades_are_counted_with_the_metrics_own_questions() -> None:
    found = find(Plan().ask("g-01", words="x" * 40).ask("g-02", words="y" * 40), judge=JUDGE)
    # Each example asks one request for both sides. The question is "Grade '…' for g-01" about an answer of 1,024 characters.
    question = len(f"Grade {'x' * 1024!r} for g-01")
    usd = 2 * (10 * 2 + 256 * 10) + 2 * (question / 4 * 4 + 256 * 20)
    assert found == Estimate(4, 0, pytest.approx(usd / 1e6))


def test_what_is_known_costs_nothing_and_neither_does_its_grade() -> None:
    plan = Plan().ask("g-01").ask("g-02")
    known = [task.request for task in plan.tasks if task.example.id == "g-01"]
    found = find(plan, lambda request, nth: request in known, judge=JUDGE)
    assert (found.calls, found.cached) == (4, 2)
    assert find(plan, lambda request, nth: True, judge=JUDGE) == Estimate(0, 4, 0.0)


def test_an_unknown_price_makes_the_estimate_unknown_and_is_named() -> None:
    found = find(Plan().ask("g-01"), prices={APP.label: Price(2, 10)}, judge=JUDGE)
    assert (found.calls, found.usd, found.unknown) == (4, None, ("fake/grader",))
    assert in_words(found, 5.0) == "about 4 calls, of unknown cost of a budget of $5.00 (no price is known for fake/grader)"


def test_a_metric_that_crashes_over_a_made_up_answer_is_no_reason_to_stop() -> None:
    class Broken(FakeMetric):
        async def measure(self, answered: Any, ask: Any) -> Any:
            raise RuntimeError("no")

    assert find(Plan().ask("g-01"), judge=Broken(models=("grader",))).calls == 2


def test_nothing_planned_is_nothing_estimated() -> None:
    assert find(Plan(), judge=JUDGE) == Estimate(0, 0, 0.0)


@pytest.mark.parametrize(
    ("usd", "budget", "words"),
    [
        (3.1, 5.0, "about 416 calls, about $3.10 of a budget of $5.00"),
        (6.2, 5.0, "about 416 calls, about $6.20 of a budget of $5.00: golden first, and no call beyond it"),
        (0.0, None, "about 416 calls, about $0.00"),
    ],
)
def test_the_estimate_in_words(usd: float, budget: float | None, words: str) -> None:
    assert in_words(Estimate(416, 0, usd), budget) == words
