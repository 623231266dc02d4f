"""Sections of a page and the budget they share: whole sections get shorter or go, nothing is cut in the middle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

T = TypeVar("T")

LADDER = (200, 100, 50, 25, 12, 6, 3)

Form = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the page in several lengths, the fullest first; an empty text leaves it out.

    `rank` is the order of giving way: the lowest rank gets shorter first. `name` says in the page what was shortened.
    """

    name: str
    rank: int
    forms: tuple[Form, ...]


def fixed(text: str) -> tuple[Form, ...]:
    """One length only: such a section is never cut."""
    return (lambda: text,)


def optional(text: str) -> tuple[Form, ...]:
    """All of it or nothing."""
    return (lambda: text, lambda: "") if text else (lambda: "",)


def ladder(items: Sequence[T], render: Callable[[Sequence[T], int], str], *, least: int = 0) -> tuple[Form, ...]:
    """Shorter and shorter lists: `render(the first k items, how many are left out)`, down to `least` items."""
    sizes = [len(items), *(size for size in LADDER if least < size < len(items)), min(least, len(items))]
    return tuple(partial(render, items[:size], len(items) - size) for size in dict.fromkeys(sizes))


def fit(sections: Sequence[Section], page: Callable[[list[str], list[str]], str], fits: Callable[[str], bool]) -> str:
    """The fullest page that fits.

    Args:
        sections: In the order of the page.
        page: Puts together the sections' texts and the names of the shortened ones.
        fits: Whether a page is short enough; where even the shortest is not, the shortest is given.
    """
    texts = [section.forms[0]() for section in sections]
    chosen = [0] * len(sections)
    steps = [
        index
        for index in sorted(range(len(sections)), key=lambda i: sections[i].rank)
        for _ in sections[index].forms[1:]
    ]
    text = page(texts, [])
    for index in steps:
        if fits(text):
            break
        chosen[index] += 1
        texts[index] = sections[index].forms[chosen[index]]()
        text = page(texts, [section.name for section, form in zip(sections, chosen, strict=True) if form])
    return text
