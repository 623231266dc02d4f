"""What the doctor says: one line each, with what to do."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How it stands."""

    FINE = "fine"
    ADVICE = "advice"
    BROKEN = "broken"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Advice:
    """One thing that was looked at.

    Attributes:
        topic: What was looked at: configuration, keys, models, prices, datasets, workflow, required check.
        said: What was found.
        do: What to do about it; empty where nothing is to be done.
        place: File or file:line, where there is one.
    """

    state: State
    topic: str
    said: str
    do: str = ""
    place: str = ""


def fine(topic: str, said: str) -> Advice:
    """All is well."""
    return Advice(State.FINE, topic, said)


def advice(topic: str, said: str, do: str, place: str = "") -> Advice:
    """It works, and could be better."""
    return Advice(State.ADVICE, topic, said, do, place)


def broken(topic: str, said: str, do: str, place: str = "") -> Advice:
    """It will not work."""
    return Advice(State.BROKEN, topic, said, do, place)


def unknown(topic: str, said: str, do: str = "") -> Advice:
    """It could not be looked at."""
    return Advice(State.UNKNOWN, topic, said, do)
