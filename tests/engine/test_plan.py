from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.domain.examples import Partition
from evalbot.domain.runs import Task
from evalbot.engine.plan import order
from tests.fakes import Plan

PARTITIONS = [str(partition) for partition in Partition]


@st.composite
def plans(draw: st.DrawFn) -> list[Task]:
    plan = Plan()
    for number in range(draw(st.integers(0, 12))):
        sides = draw(st.sampled_from([("base", "head"), ("head",)]))
        for epoch in range(draw(st.integers(1, 2))):
            plan.ask(f"e-{number}", draw(st.sampled_from(PARTITIONS)), sides=sides, epoch=epoch)
    return plan.tasks


@settings(max_examples=60)
@given(plans(), st.integers(0, 5))
def test_every_task_stands_in_the_order_once_in_a_pair_of_its_own_question(tasks: list[Task], seed: int) -> None:
    pairs = order(tasks, seed)
    assert sorted(position for pair in pairs for position in pair) == list(range(len(tasks)))
    for pair in pairs:
        own = [tasks[position] for position in pair]
        assert len({(task.example.id, task.example.hash, task.epoch, task.confirmation) for task in own}) == 1
        assert len({task.side for task in own}) == len(own)


@settings(max_examples=60)
@given(plans(), st.integers(0, 5))
def test_golden_comes_first_then_regression_adversarial_distribution(tasks: list[Task], seed: int) -> None:
    ranks = [PARTITIONS.index(tasks[pair[0]].example.partition) for pair in order(tasks, seed)]
    assert ranks == sorted(ranks)


@settings(max_examples=60)
@given(plans(), st.integers(0, 5), st.randoms())
def test_the_order_depends_on_the_plan_and_the_seed_alone(tasks: list[Task], seed: int, dice: random.Random) -> None:
    mixed = dice.sample(tasks, len(tasks))
    assert [mixed[i] for pair in order(mixed, seed) for i in pair] == [
        tasks[i] for pair in order(tasks, seed) for i in pair
    ]


def test_another_seed_gives_another_order_of_pairs_and_sides() -> None:
    plan = Plan()
    for number in range(40):
        plan.ask(f"r-{number:02}", "regression")
    sequences = [[plan.tasks[i] for pair in order(plan.tasks, seed) for i in pair] for seed in (1, 2)]
    assert [task.example.id for task in sequences[0]] != [task.example.id for task in sequences[1]]
    first_sides = [plan.tasks[pair[0]].side for pair in order(plan.tasks, 1)]
    assert 10 <= first_sides.count("base") <= 30  # neither side is always asked first


def test_two_suites_or_prompts_with_the_same_rows_are_pairs_of_their_own() -> None:
    plan = Plan().ask("g-01").ask("g-01", suite="other").ask("g-01", prompt="prompts/other")
    assert sorted(map(len, order(plan.tasks, 0))) == [2, 2, 2]


def test_nothing_planned_gives_an_empty_order() -> None:
    assert order([], 0) == []
