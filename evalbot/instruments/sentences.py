"""A text taken apart into sentences, so that each can be judged by itself."""

from __future__ import annotations

import re

VERSION = 1  # part of the identity of what uses it: bump it when a text is taken apart differently

# A full stop ends a sentence where white space and something that begins one follow; in scripts without spaces, always.
_END = re.compile(
    r"(?:(?<=[.!?…])|(?<=[.!?…][\"'”’)\]]))\s+(?=[^\W\d_a-z]|[\"'“‘(\[]|\d)|(?<=[。！？｡])\s*",
)
_SHORT = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|nr|vs|e\.g|i\.e|approx|fig|[A-Z])\.$", re.IGNORECASE)
_MARK = re.compile(r"^\s*(?:[-*•+]|\d+[.)]|#+|>)\s+")


MOST = 100
"""Parts of one text: a model that writes without end must not cost a call for every ten words of it."""

_TAIL = 12  # characters in which an abbreviation shows


def sentences(text: str) -> tuple[str, ...]:
    """The sentences and list items of a text, without marks of lists and headings, without those that hold no letter or digit.

    It goes by punctuation and lines only: a sentence may stay whole with its neighbour where an abbreviation ends it. Of
    more than 100 sentences neighbours are put together, equally many in each part.
    """
    found: list[str] = []
    for line in text.splitlines():
        found += _joined(_END.split(_MARK.sub("", line)))
    said = [sentence for part in found if any(map(str.isalnum, sentence := part.strip()))]
    together = -(-len(said) // MOST)
    return tuple(" ".join(said[start : start + together]) for start in range(0, len(said), together)) if said else ()


def _joined(parts: list[str]) -> list[str]:
    """The parts, with those put together again that an abbreviation or an initial has torn apart."""
    whole: list[list[str]] = []
    for part in parts:
        if whole and _SHORT.search(whole[-1][-1][-_TAIL:]):
            whole[-1].append(part)
        else:
            whole.append([part])
    return [" ".join(group) for group in whole]
