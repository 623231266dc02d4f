"""The exam: policy's rows, head's additions beside them, and every row that head edited or deleted."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.runs import ExamChange, Part

_LONG = 40  # characters: a shorter string may well stand in a prompt by chance
_WORDS = 8


@dataclass(frozen=True, slots=True)
class Exam:
    """What is asked of both sides.

    `rows` hold every row, gating or not (`Example.gates`): policy's first, then head's in head's order. `changes` are
    what needs approval.
    """

    rows: tuple[tuple[Example, Part], ...] = ()
    changes: tuple[ExamChange, ...] = ()


def exam(policy: Sequence[Example], merge_base: Sequence[Example], head: Sequence[Example], *, suite: str = "") -> Exam:
    """Puts one suite's exam together (contract, section 3, "Exam").

    Rows are identified by id and compared by `Example.hash`, so that a row in another file, on another line or with other
    tags is the same row. Where head only lags behind policy, nothing was edited: only what changed between merge base
    and head counts, unless policy already says the same.

    Args:
        policy: Rows of the suite at the policy sha.
        merge_base: Rows at the merge base of base and head.
        head: Rows at the head sha.
        suite: The suite's name, for the changes.
    """
    ruled, before = _by_id(policy), _by_id(merge_base)
    after = _by_id(head)
    rows = [(example, Part.EXAM) for example in policy]
    changes = []
    for example in head:
        if _same(example, before.get(example.id)) or _same(example, ruled.get(example.id)):
            continue
        original = ruled.get(example.id) or before.get(example.id)
        rows.append((example, Part.EDITED if original else Part.ADDED))
        if original:
            changes.append(_change(suite, original, "edited", example))
    changes += [
        _change(suite, ruled[name], "deleted", ruled[name]) for name in before if name in ruled and name not in after
    ]
    return Exam(tuple(rows), tuple(changes))


def approved(exam: Exam) -> Exam:
    """The exam once people have approved head's edits: head's version of a row counts as added, a deleted row is gone.

    The changes stay on record; whoever asks knows that they are approved.
    """
    gone = {change.example for change in exam.changes}
    rows = [(row, part) for row, part in exam.rows if not (part is Part.EXAM and row.id in gone)]
    return Exam(tuple((row, Part.ADDED if part is Part.EDITED else part) for row, part in rows), exam.changes)


def leakage(examples: Sequence[Example], prompt_text: str) -> tuple[str, ...]:
    """Ids of the examples whose input or expected output stands in the prompt's own text, in the examples' order.

    An overlap is a string of 40 characters or more that the prompt contains, or 8 words in a row that both share; case,
    white space and punctuation do not count.
    """
    words = _words(prompt_text)
    text, grams = f" {' '.join(words)} ", set(_grams(words))
    if not words:
        return ()
    return tuple(example.id for example in examples if any(_overlaps(own, text, grams) for own in _texts(example)))


def _by_id(examples: Sequence[Example]) -> dict[str, Example]:
    return {example.id: example for example in examples}


def _same(one: Example, other: Example | None) -> bool:
    return other is not None and one.hash == other.hash


def _change(suite: str, original: Example, kind: str, place: Example) -> ExamChange:
    # The partition is the original's: moving a golden row to another partition is a change of golden.
    return ExamChange(suite, original.id, original.partition, kind, place.path, place.line)


def _overlaps(own: str, text: str, grams: set[tuple[str, ...]]) -> bool:
    words = _words(own)
    bare = " ".join(words)
    return (len(own) >= _LONG and bool(bare) and f" {bare} " in text) or any(gram in grams for gram in _grams(words))


def _texts(example: Example) -> Iterator[str]:
    yield from _strings(example.input)
    if example.expected_output is not None:
        yield example.expected_output


def _strings(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _grams(words: list[str]) -> Iterator[tuple[str, ...]]:
    return zip(*(words[offset:] for offset in range(_WORDS)), strict=False)
