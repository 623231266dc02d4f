"""Judges are asked less often where examples would go missing otherwise; in virtual time."""

from __future__ import annotations

import pytest

from evalbot.domain.runs import Row, Side
from evalbot.engine.haste import Haste
from tests.fakes import FakeClock, Plan


def a_plan(golden: int = 20, regression: int = 80) -> Plan:
    plan = Plan()
    for n in range(golden):
        plan.ask(f"g-{n}", sides=("head",))
    for n in range(regression):
        plan.ask(f"r-{n}", "regression", sides=("head",))
    return plan


def a_row(*, cached: bool = False) -> Row:
    task = Plan().ask("g-1").tasks[0]
    return Row("support", "p", Side.HEAD, "g-1", "", task.example.partition, task.part, 0, 0, "", cached=cached)


def after(rows: int, seconds: float, *, golden: float = 1000, total: float = 1000, cached: bool = False) -> tuple[Haste, Plan]:
    clock, plan = FakeClock(), a_plan()
    haste = Haste(clock, golden, total)
    haste.begin(plan.tasks)
    clock.forward(seconds)
    for task in plan.tasks[:rows]:
        haste.done(task, a_row(cached=cached))
    return haste, plan


@pytest.mark.parametrize(
    ("golden", "total", "given"),
    # 10 of 100 rows in 50 seconds: the 10 golden ones that are left take 50 more, all that is left takes 450 more.
    [(1000, 1000, (3, 3)), (99, 1000, (1, 3)), (101, 1000, (3, 3)), (1000, 499, (3, 1)), (1000, 501, (3, 3)), (10, 10, (1, 1))],
)
def test_one_sample_is_taken_where_the_rows_that_are_left_would_not_end_in_time(golden: float, total: float, given: tuple[int, int]) -> None:
    haste, plan = after(10, 50, golden=golden, total=total)
    assert (haste.samples(plan.tasks[0], 3), haste.samples(plan.tasks[-1], 3)) == given
    assert haste.spared == sum(3 - samples for samples in given)


def test_before_the_speed_is_known_nothing_is_left_out() -> None:
    haste, plan = after(9, 900)
    assert (haste.samples(plan.tasks[-1], 3), haste.spared) == (3, 0)


def test_rows_from_a_cache_tell_nothing_of_the_speed() -> None:
    haste, plan = after(50, 1, total=1, cached=True)
    assert haste.samples(plan.tasks[-1], 3) == 3


def test_a_single_sample_is_never_left_out() -> None:
    haste, plan = after(10, 50, total=10)
    assert (haste.samples(plan.tasks[-1], 1), haste.spared) == (1, 0)


def test_nothing_planned_is_no_haste() -> None:
    haste = Haste(FakeClock(), 1, 1)
    haste.begin([])
    assert haste.samples(Plan().ask("g-1").tasks[0], 3) == 3
