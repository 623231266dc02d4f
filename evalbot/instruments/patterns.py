"""Regular expressions with a limit on the time they take, since a pattern may need longer than the universe has."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

_LONGEST = 5_000  # characters
_LARGEST = 20_000  # atoms after unrolling: compiling `(?:(?:a{1000}){1000}){100}` takes all memory there is
_COUNT = re.compile(r"\{(\d*)(?:,(\d*))?\}")
_CLASS = re.compile(r"\[\^?\]?(?:\\.|[^\]\\])*\]", re.DOTALL)


def compiled(pattern: object, *, ignore_case: bool = False) -> regex.Pattern[str]:
    """The compiled pattern; raises ValueError with the reason where it is none, or one that is not safe to compile."""
    import regex

    if not isinstance(pattern, str) or not pattern:
        raise ValueError("the pattern must be a text that is not empty")
    if len(pattern) > _LONGEST:
        raise ValueError(f"the pattern has {len(pattern)} characters; at most {_LONGEST} are allowed")
    if unrolled(pattern) > _LARGEST:
        raise ValueError(f"the pattern's counted repeats unroll to more than {_LARGEST} parts; use smaller counts")
    try:
        return regex.compile(pattern, regex.IGNORECASE if ignore_case else 0)
    except (regex.error, RecursionError, OverflowError) as error:
        raise ValueError(f"the pattern {pattern!r} does not compile: {error}") from None


def found(pattern: regex.Pattern[str], text: str, seconds: float) -> bool:
    """Whether the pattern occurs in the text.

    Raises:
        TimeoutError: It took longer than `seconds`. The interpreter is free for other threads meanwhile.
    """
    return pattern.search(text, timeout=seconds, concurrent=True) is not None


def unrolled(pattern: str) -> int:
    """How many atoms a pattern has once its counted repeats are written out; an upper bound, of groups within groups too."""
    groups: list[list[int]] = [[]]
    position = 0
    while position < len(pattern):
        char = pattern[position]
        size = _size(pattern, position)
        if char == "(":
            groups.append([])
        elif char == ")" and len(groups) > 1:
            inner = sum(groups.pop())
            groups[-1].append(max(inner, 1))
        elif size > 1 and char == "{" and groups[-1]:
            groups[-1][-1] *= _times(pattern, position)
        else:
            groups[-1].append(1)
        position += size
    return sum(sum(group) for group in groups)


def _size(pattern: str, position: int) -> int:
    """Characters of the part that starts here."""
    part: Callable[[str, int], re.Match[str] | None] | None = {"[": _CLASS.match, "{": _COUNT.match}.get(
        pattern[position]
    )
    if pattern[position] == "\\":
        return 2
    match = part(pattern, position) if part else None
    return match.end() - position if match else 1


def _times(pattern: str, position: int) -> int:
    match = _COUNT.match(pattern, position)
    counts = [int(count[:9]) for count in match.groups() if count] if match else []
    return max([*counts, 1])
