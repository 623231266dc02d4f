"""The order of a run: what matters most first, and base beside head, so that whatever drifts drifts for both alike."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence

from evalbot.domain.examples import Partition
from evalbot.domain.runs import Task

_RANK = {partition: rank for rank, partition in enumerate(Partition)}  # golden, regression, adversarial, distribution


def order(tasks: Sequence[Task], seed: int) -> list[tuple[int, ...]]:
    """Positions in `tasks`, pair by pair in the order in which they are to run.

    A pair is base and head of the same example, epoch and confirmation (or the one side that exists), in random order.
    Golden pairs come first, then regression, adversarial and distribution; within a partition the pairs are shuffled. The
    same plan and seed give the same order, whatever order the tasks come in.
    """
    pairs: dict[tuple[object, ...], list[int]] = defaultdict(list)
    for position, task in enumerate(tasks):
        pairs[_pair(task)].append(position)
    rng = random.Random(seed)
    shuffled = []
    for _, positions in sorted(pairs.items(), key=lambda item: item[0]):
        positions.sort(key=lambda position: tasks[position].side)
        rng.shuffle(positions)
        shuffled.append(tuple(positions))
    rng.shuffle(shuffled)
    shuffled.sort(key=lambda positions: _RANK[tasks[positions[0]].example.partition])
    return shuffled


def _pair(task: Task) -> tuple[object, ...]:
    example = task.example
    return (task.suite, task.prompt, example.id, example.hash, task.part, task.epoch, task.confirmation)
