"""The language of an answer, by py3langid where it is installed: a statistic over many answers, no judgement on one."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

LEAST_LETTERS = 20
_MOST = 600  # characters: enough to tell, whatever the answer's length


class _Classify(Protocol):
    def __call__(self, text: str, /) -> tuple[str, float]: ...


def language_of(text: str) -> str:
    """A code such as "en"; "" for a text of fewer than 20 letters, and where the extra `monitor` is not installed."""
    head = text[:_MOST]
    classify = _classifier()
    return classify(head)[0] if classify is not None and sum(map(str.isalpha, head)) >= LEAST_LETTERS else ""


@lru_cache(maxsize=1)
def _classifier() -> _Classify | None:
    try:
        from py3langid import classify
    except ImportError:
        return None
    found: _Classify = classify
    return found
