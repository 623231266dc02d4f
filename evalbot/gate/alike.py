"""Which questions are the same question: by their words, or by their meaning where an embedding model is configured."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from evalbot.domain.canonical import Json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.models import Vector
from evalbot.stats.near import Near, tokens

if TYPE_CHECKING:
    from numpy.typing import NDArray

LONGEST = 6000  # characters of a question that are embedded: models refuse a text beyond their window, and one such must not stop a harvest

_PSEUDONYM = re.compile(r"<([a-z]+)-[0-9a-f]{6}>")


class Alike(Protocol):
    """Questions that are held by name, and looked up by likeness."""

    def add(self, name: str, question: str) -> None:
        """Hold a question."""

    def find(self, question: str) -> str | None:
        """The name of the most similar question at or above the bar, the first of equals; None where there is none."""


def asked(values: Mapping[str, Json]) -> str:
    """The words of an input, for comparing: every text in it, in the order of the names."""
    return "\n".join(value if isinstance(value, str) else str(value) for _, value in sorted(values.items()))


class ByWords:
    """By token-set Jaccard similarity.

    Args:
        bar: The least similarity, above 0 and at most 1.
    """

    def __init__(self, bar: float) -> None:
        self._near = Near(bar)

    def add(self, name: str, question: str) -> None:
        """Hold a question."""
        self._near.add(name, tokens(question))

    def find(self, question: str) -> str | None:
        """The most similar one."""
        return self._near.find(tokens(question))


class ByMeaning:
    """By the cosine of embeddings; the same text is the same question whatever its embedding.

    Args:
        bar: The least cosine, above 0 and at most 1.
        vectors: By `embedded` text; a text without one, and one whose embedding is of zeros, is like nothing but itself.
    """

    def __init__(self, bar: float, vectors: Mapping[str, Vector]) -> None:
        self._bar, self._vectors = bar, vectors
        self._same: dict[str, str] = {}
        self._names: list[str] = []
        self._units: list[NDArray[Any]] = []
        self._matrix: NDArray[Any] | None = None

    def add(self, name: str, question: str) -> None:
        """Hold a question."""
        text = embedded(question)
        self._same.setdefault(text, name)
        unit = self._unit(text)
        if unit is not None:
            self._names.append(name)
            self._units.append(unit)
            self._matrix = None

    def find(self, question: str) -> str | None:
        """The most similar one."""
        text = embedded(question)
        unit = self._unit(text)
        if text in self._same or unit is None or not self._units:
            return self._same.get(text)
        import numpy as np  # a tenth of a second, and most harvests compare words

        if self._matrix is None:
            self._matrix = np.stack(self._units)
        cosines = self._matrix @ unit
        best = int(cosines.argmax())
        return self._names[best] if cosines[best] >= self._bar - 1e-9 else None

    def _unit(self, text: str) -> NDArray[Any] | None:
        vector = self._vectors.get(text)
        if not vector:
            return None
        import numpy as np

        array = np.asarray(vector, dtype=np.float64)
        size = float(np.linalg.norm(array))
        if self._units and len(array) != len(self._units[0]):
            raise CouldNotRun(f"embeddings of {len(array)} and {len(self._units[0])} numbers cannot be compared.")
        return array / size if size else None


def embedded(question: str) -> str:
    """What of a question is embedded: pseudonyms without their number, since another customer asks the same; its first 6,000 characters."""
    return _PSEUDONYM.sub(r"<\1>", question).strip()[:LONGEST]


def to_embed(inputs: Iterable[Mapping[str, Json]]) -> list[str]:
    """The texts that `ByMeaning` needs vectors of, each once; nothing is asked about an empty one."""
    return list(dict.fromkeys(text for values in inputs if (text := embedded(asked(values)))))
