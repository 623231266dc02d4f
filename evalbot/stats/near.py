"""Texts that are nearly the same: token-set Jaccard similarity, and groups of it."""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

_WORDS = re.compile(r"<[a-z]+-[0-9a-f]{6}>|\w+")

_SAID = """a about am an and any are as at be but by can could did do does for from had has have how i if in is it its me my no not of on
or our please should so some tell that the their them there this to was we what when where which who why will with would you your"""
FUNCTION_WORDS = frozenset(_SAID.split())
"""English words that say nothing of a subject; in other languages their frequency alone tells."""


def tokens(text: str) -> frozenset[str]:
    """The words and numbers of a text as a set: NFKC, lower case; a pseudonym such as `<email-3f2a9c>` counts as `<email>`."""
    found = _WORDS.findall(unicodedata.normalize("NFKC", text).casefold())
    return frozenset(word.partition("-")[0] + ">" if word[0] == "<" else word for word in found)


def jaccard(one: frozenset[str], other: frozenset[str]) -> float:
    """Size of the intersection over size of the union, 0 to 1; two empty sets are the same."""
    if not one and not other:
        return 1.0
    shared = len(one & other)
    return shared / (len(one) + len(other) - shared)


class Near:
    """Finds texts that are as similar as a bar asks to one of those that it holds.

    Args:
        bar: The least similarity, above 0 and at most 1.
    """

    def __init__(self, bar: float) -> None:
        if not 0 < bar <= 1:
            raise ValueError(f"the least similarity must lie above 0 and at most at 1, not {bar}")
        self._bar = bar
        self._sets: list[frozenset[str]] = []
        self._names: list[str] = []
        self._holding: dict[str, list[int]] = defaultdict(list)
        self._empty: str | None = None

    def add(self, name: str, words: frozenset[str]) -> None:
        """Hold a text under a name."""
        if not words:
            self._empty = self._empty or name
            return
        for word in words:
            self._holding[word].append(len(self._sets))
        self._sets.append(words)
        self._names.append(name)

    def find(self, words: frozenset[str]) -> str | None:
        """The name of the most similar text at or above the bar, the first of equals; None where there is none."""
        if not words:
            return self._empty
        # Of |words| words a similar set shares at least bar × |words|: it holds one of any |words| - that + 1 of them, so the rarest do.
        rarest = sorted(words, key=lambda word: (len(self._holding.get(word, ())), word))
        enough = len(words) - int(self._bar * len(words) - 1e-9)
        tried = {index for word in rarest[:enough] for index in self._holding.get(word, ())}
        best = max(((jaccard(words, self._sets[index]), -index) for index in tried), default=(0.0, 0))
        return self._names[-best[1]] if best[0] >= self._bar - 1e-9 and tried else None


def clusters(texts: Sequence[frozenset[str]], bar: float) -> list[list[int]]:
    """Groups of positions: each text joins the group whose first text is most like it, where that reaches the bar, else begins one.

    Alike is weighted Jaccard: a word weighs its inverse document frequency, so that the subject counts and not the turn of
    phrase; function words and numbers weigh nothing. The largest group comes first.
    """
    bare = [frozenset(word for word in text if word not in FUNCTION_WORDS and not word.isdigit()) or text for text in texts]
    seen = Counter(word for text in bare for word in text)
    weight = {word: math.log(1 + len(bare) / count) for word, count in seen.items()}
    groups: list[list[int]] = []
    for index, text in enumerate(bare):
        alike = [(_weighted(text, bare[group[0]], weight), -number) for number, group in enumerate(groups)]
        best = max(alike, default=(0.0, 0))
        if groups and best[0] >= bar - 1e-9:
            groups[-best[1]].append(index)
        else:
            groups.append([index])
    return sorted(groups, key=lambda group: (-len(group), group[0]))


def _weighted(one: frozenset[str], other: frozenset[str], weight: Mapping[str, float]) -> float:
    whole = sum(weight[word] for word in one | other)
    return sum(weight[word] for word in one & other) / whole if whole else 1.0


def telling(group: Iterable[frozenset[str]], others: Iterable[frozenset[str]], most: int = 3) -> tuple[str, ...]:
    """The words that set a group apart: in most of its texts and in few of the others'."""
    inside = Counter(word for words in group for word in words)
    outside = Counter(word for words in others for word in words)
    good = [word for word in inside if len(word) > 2 and not word.startswith("<") and word not in FUNCTION_WORDS and not word.isdigit()]
    return tuple(sorted(good, key=lambda word: (-inside[word] / (1 + outside[word]), -inside[word], word))[:most])
