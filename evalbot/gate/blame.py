"""Which hunk is most likely at fault: the one whose words went out of, or came into, the answers that got worse.

No model is asked. A hunk that removes words is suspected where worse answers lost them, one that adds words where worse answers
gained them; words that moved in unharmed answers too say nothing, and rare words say more than common ones. This is
evidence of the same kind as a reviewer's glance, and `evalbot check --by-hunk` is the experiment that settles it.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from evalbot.domain.hunks import Hunk, Suspect

_WORDS = re.compile(r"[^\W_]+")
_QUESTION = 0.5  # what a word of the question is worth beside one that came into or went out of the answer


@dataclass(frozen=True)
class Answers:
    """One example's answers at base and head; `loss` is above 0 where head is worse, 0 where it is not."""

    example: str
    asked: str
    base: str
    head: str
    loss: float

    @cached_property
    def lost(self) -> frozenset[str]:
        """Words that base's answer has and head's lacks."""
        return words(self.base) - words(self.head)

    @cached_property
    def gained(self) -> frozenset[str]:
        """Words that head's answer has and base's lacks."""
        return words(self.head) - words(self.base)


def words(text: str) -> frozenset[str]:
    """The words and numbers of a text, lower case."""
    return frozenset(match.lower() for match in _WORDS.findall(text))


def blame(suite: str, prompt: str, changed: Sequence[Hunk], answers: Collection[Answers]) -> list[Suspect]:
    """Every hunk with its share of the blame, the most suspect first.

    Returns:
        Shares that add up to 1; nothing where there is no example that got worse, or no word that points anywhere. A
        single hunk has all the blame.
    """
    worse = [one for one in answers if one.loss > 0]
    if not worse or not changed:
        return []
    if len(changed) == 1:
        return [Suspect(suite, prompt, changed[0], 1.0, tuple(one.example for one in worse))]
    marks = [_Marks(hunk) for hunk in changed]
    rarity = _rarity([mark.words for mark in marks])
    calm = [one for one in answers if one.loss <= 0]
    background = {index: _mean([mark.fit(one, rarity) for one in calm]) for index, mark in enumerate(marks)}
    weights = [0.0] * len(marks)
    pointed: list[list[str]] = [[] for _ in marks]
    for one in worse:
        fits = {index: max(0.0, mark.fit(one, rarity) - background[index]) for index, mark in enumerate(marks)}
        whole = sum(fits.values())
        if whole <= 0:
            continue
        for index, fit in fits.items():
            weights[index] += one.loss * fit / whole
        pointed[max(fits, key=fits.__getitem__)].append(one.example)
    return _shared(suite, prompt, changed, weights, pointed)


def replayed(
    suite: str, prompt: str, changed: Sequence[Hunk], worse: Sequence[str], again: Mapping[int, Collection[str]]
) -> list[Suspect]:
    """Every hunk with its share after each was applied alone.

    Args:
        worse: The examples that got worse with all hunks together, as far as they were replayed.
        again: Number of a hunk → those that got worse with it alone.
    """
    weights = [float(len(again.get(index, ()))) for index in range(len(changed))]
    pointed = [[example for example in worse if example in again.get(index, ())] for index in range(len(changed))]
    found = _shared(suite, prompt, changed, weights, pointed)
    return [
        Suspect(suite, prompt, one.hunk, one.share, one.examples, len(one.examples), len(worse)) for one in found
    ]


class _Marks:
    """The words by which a hunk is recognised."""

    def __init__(self, hunk: Hunk) -> None:
        removed, added = words(hunk.removed), words(hunk.added)
        self.removed, self.added = removed - added, added - removed
        self.words = removed | added
        self.touched = self.removed | self.added

    def fit(self, one: Answers, rarity: Mapping[str, float]) -> float:
        """How well what happened to an answer fits what this hunk did; of its words' whole weight at most about 1.5."""
        moved = (self.removed & one.lost) | (self.added & one.gained)
        asked = self.words & words(one.asked)
        whole = math.sqrt(sum(rarity[word] for word in self.touched) or 1.0)
        return (sum(rarity[word] for word in moved) + _QUESTION * sum(rarity[word] for word in asked)) / whole


def _rarity(texts: Sequence[frozenset[str]]) -> dict[str, float]:
    """Inverse document frequency over the hunks."""
    seen = Counter(word for text in texts for word in text)
    return {word: math.log(1 + len(texts) / count) for word, count in seen.items()}


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _shared(
    suite: str, prompt: str, changed: Sequence[Hunk], weights: Sequence[float], pointed: Sequence[Sequence[str]]
) -> list[Suspect]:
    whole = sum(weights)
    if whole <= 0:
        return []
    found = [
        Suspect(suite, prompt, hunk, weight / whole, tuple(examples))
        for hunk, weight, examples in zip(changed, weights, pointed, strict=True)
    ]
    return sorted(found, key=lambda one: -one.share)
