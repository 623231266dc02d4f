"""What a pull request changed in a file, hunk by hunk, and the file with one of them alone."""

from __future__ import annotations

from difflib import SequenceMatcher

from evalbot.domain.hunks import Hunk


def hunks(path: str, base: str, head: str) -> tuple[Hunk, ...]:
    """Runs of changed lines in the order of the file; empty where the texts are equal."""
    before, after = base.splitlines(keepends=True), head.splitlines(keepends=True)
    return tuple(
        Hunk(path, (base_first, base_end), (head_first, head_end), "".join(before[base_first:base_end]), "".join(after[head_first:head_end]))
        for change, base_first, base_end, head_first, head_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        if change != "equal"
    )


def with_only(base: str, hunk: Hunk) -> str:
    """Base's text with this hunk applied and no other."""
    lines = base.splitlines(keepends=True)
    first, end = hunk.base
    return "".join([*lines[:first], hunk.added, *lines[end:]])
