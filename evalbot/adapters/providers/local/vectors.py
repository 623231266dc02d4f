"""Embeddings without a network: hashed words, or the static vectors of WordLlama where that package is installed."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from functools import cache
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evalbot.adapters.providers.local.words import terms
from evalbot.domain.errors import ProviderError, ProviderFault
from evalbot.domain.models import Model, Vector

WORDLLAMA = "wordllama"
_DIMENSIONS = 512
_ANY_WORD = re.compile(r"\w+")


def vectors(model: Model, texts: Sequence[str]) -> tuple[Vector, ...]:
    """One vector of length 1 for each text; of zeros for a text without a letter or digit.

    Raises:
        ProviderError: The model is `wordllama`, and the package is not there.
    """
    if model.model == WORDLLAMA:
        return _static(texts)
    return tuple(_hashed(text) for text in texts)


def objection(model: Model) -> str:
    """Why the model cannot embed; empty where nothing speaks against it."""
    if model.model == WORDLLAMA and find_spec(WORDLLAMA) is None:
        return "it needs the package wordllama, which is not installed: `pip install evalbot[wordllama]`"
    return ""


def _hashed(text: str) -> Vector:
    """Words that carry meaning, each at a place of its own, the often repeated ones damped; all words where none does."""
    counts = Counter(terms(text) or _ANY_WORD.findall(text.lower()))
    found = [0.0] * _DIMENSIONS
    for word, count in counts.items():
        place = int.from_bytes(blake2b(word.encode("utf-8", "surrogatepass"), digest_size=4).digest(), "big")
        found[place % _DIMENSIONS] += 1.0 + math.log(count)
    size = math.sqrt(sum(number * number for number in found))
    return tuple(number / size for number in found) if size else tuple(found)


def _static(texts: Sequence[str]) -> tuple[Vector, ...]:
    if problem := objection(Model("local", WORDLLAMA)):
        raise ProviderError(ProviderFault.BAD_REQUEST, f"local/{WORDLLAMA}: {problem}")
    rows = _wordllama().embed([text or " " for text in texts], norm=True)
    return tuple(tuple(map(float, row)) for row in rows)


@cache
def _wordllama() -> Any:
    """The package's own weights; it would look for them at Hugging Face unless told that they are in its folder."""
    import wordllama

    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
