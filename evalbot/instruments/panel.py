"""A panel of judges: who sits on it, and what its votes come to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

MOST_JURORS = 9
MOST_SAMPLES = 25

T = TypeVar("T")


def jurors(model: str, jury: Sequence[str]) -> tuple[str, ...]:
    """Names of the models that are asked: the jury, else the one judge."""
    return tuple(jury) or (model,)


def panel_problems(model: str, jury: Sequence[str]) -> list[str]:
    """What is wrong with a judge's models, one line each."""
    if not jury:
        return [] if model.strip() else ["model is empty; name the judge, or give a `jury` of several."]
    found = ["model and jury are both given; keep one of them."] if model.strip() else []
    if not 2 <= len(jury) <= MOST_JURORS:
        found.append(f"jury has {len(jury)} model(s); name 2 to {MOST_JURORS}, best an odd number of different families.")
    found += [f"jury names {name!r} twice." for name, count in Counter(jury).items() if count > 1]
    return found + (["jury has an empty name."] if not all(name.strip() for name in jury) else [])


def samples_problems(samples: int) -> list[str]:
    """What is wrong with a number of samples."""
    return [] if 1 <= samples <= MOST_SAMPLES else [f"samples is {samples}; ask between 1 and {MOST_SAMPLES} times."]


def strict_majority(votes: Sequence[T]) -> T | None:
    """What more than half of all votes say; None where nothing has so many."""
    return next((vote for vote in votes if 2 * votes.count(vote) > len(votes)), None)
