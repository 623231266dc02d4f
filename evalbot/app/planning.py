"""The plan of a suite: which prompts are asked which examples on which side, rendered and ready to send."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Model, Request
from evalbot.domain.policy import SuitePolicy
from evalbot.domain.ports import Prompt
from evalbot.domain.runs import Part, Side, Task

_AT_ONCE = 500


@dataclass(frozen=True)
class Subject:
    """One prompt as it stands on the sides that are run, each with the model that answers for it."""

    id: str
    path: str
    sides: Mapping[Side, tuple[Prompt, Model]]


def plan(
    suite: SuitePolicy, subjects: Sequence[Subject], rows: Sequence[tuple[Example, Part]],
    edited: frozenset[str], partitions: Sequence[Partition], epochs: int | None = None, put_by: Callable[[Request], Request] = lambda asked: asked,
) -> list[Task]:  # fmt: skip
    """Every first answer of a suite.

    Args:
        rows: The exam; rows that do not gate (proposed, quarantined) are left out here.
        edited: Ids of rows that head edits or deletes; where such a row cannot be rendered it is not run, and no error.
        epochs: Overrides the suite's own number of answers per example.
        put_by: Takes the words of a request out of memory until it is sent.

    Raises:
        ConfigError: A prompt cannot be rendered with a row that nobody edited; all such rows are listed.
    """
    asked = [(example, part) for example, part in rows if example.gates and example.partition in partitions]
    tasks: list[Task] = []
    problems: list[Problem] = []
    for subject in subjects:
        own = [(example, part) for example, part in asked if example.meets(subject.id)]
        for example, part, messages in _rendered(subject, own):
            failed = {side: text for side, text in messages.items() if isinstance(text, str)}
            problems += _problems(subject, example, part, failed, edited)
            count = epochs or suite.epochs_of(example.partition)
            tasks += _tasks(suite, subject, example, part, messages, count, put_by) if _can_run(part, failed) else ()
    if problems:
        raise ConfigError(problems)
    return tasks


def _can_run(part: Part, failed: Mapping[Side, str]) -> bool:
    """Policy's rows run on both sides or not at all; head's own rows run wherever they can be rendered."""
    return not failed if part is Part.EXAM else Side.HEAD not in failed


def _rendered(
    subject: Subject, rows: Sequence[tuple[Example, Part]]
) -> Iterator[tuple[Example, Part, Mapping[Side, tuple[Message, ...] | str]]]:
    """Each row with its messages on every side, or why there are none; some hundred rows at a time are in memory."""
    for start in range(0, len(rows), _AT_ONCE):
        some = rows[start : start + _AT_ONCE]
        examples = [example for example, _ in some]
        texts = {side: prompt.render_all(examples) for side, (prompt, _) in subject.sides.items()}
        for index, (example, part) in enumerate(some):
            yield example, part, {side: texts[side][index] for side in texts}


def _problems(
    subject: Subject, example: Example, part: Part, failed: Mapping[Side, str], edited: frozenset[str]
) -> Iterator[Problem]:
    for side, why in failed.items():
        excused = example.id in edited if part is Part.EXAM else side is Side.BASE
        said = side is Side.BASE and failed.get(Side.HEAD) == why  # one prompt, or one mistake in both
        if not (excused or said):
            where = f"{subject.path} at {side}" if side is Side.BASE else subject.path
            yield Problem(f"example {example.id!r} cannot be rendered with {where}: {why}", example.path, example.line)


def _tasks(
    suite: SuitePolicy, subject: Subject, example: Example, part: Part,
    messages: Mapping[Side, tuple[Message, ...] | str], epochs: int, put_by: Callable[[Request], Request],
) -> Iterator[Task]:  # fmt: skip
    for side, (prompt, model) in subject.sides.items():
        text = messages[side]
        if isinstance(text, str):
            continue
        request = put_by(Request(model, text, prompt.schema))
        for epoch in range(epochs):
            yield Task(suite.name, subject.id, side, example, part, epoch, request)
