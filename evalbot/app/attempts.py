"""Questions and writes that GitHub may refuse or leave without an answer: each becomes a warning, and none changes a verdict."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from evalbot.domain.errors import CouldNotRun
from evalbot.domain.pulls import Refused

T = TypeVar("T")


class Attempts:
    """Remembers what did not work; `warnings` are single lines, each once."""

    def __init__(self) -> None:
        self._said: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What was said, in order."""
        return tuple(self._said)

    def warn(self, line: str) -> None:
        """Say something once."""
        self._said[line] = None

    def __call__(self, act: Callable[[], T], failed: str) -> T | None:
        """What `act` gives; None and the warning "<failed>: why" where GitHub does not let us."""
        try:
            return act()
        except (Refused, CouldNotRun) as error:
            self.warn(f"{failed}: {error}")
            return None
