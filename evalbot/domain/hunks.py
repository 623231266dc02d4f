"""Hunks of a changed prompt, and which of them is most likely at fault."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hunk:
    """A run of changed lines of one file. Lines are (first, after last) from 0; empty where one side has none."""

    path: str
    base: tuple[int, int]
    head: tuple[int, int]
    removed: str
    added: str

    @property
    def lines(self) -> tuple[int, int]:
        """First and last line of head, from 1; where lines only went away, the line before the gap."""
        first, after = self.head
        return (first + 1, after) if after > first else (max(first, 1), max(first, 1))


@dataclass(frozen=True, slots=True)
class Suspect:
    """A hunk and its share of the blame for what got worse in a prompt.

    `share` is between 0 and 1 over all hunks of the prompt. `examples` got worse and point at it. `replayed` is None where
    words alone were compared; else how many of the worse examples (`of`) got worse again with nothing but this hunk applied.
    """

    suite: str
    prompt: str
    hunk: Hunk
    share: float
    examples: tuple[str, ...] = ()
    replayed: int | None = None
    of: int = 0
