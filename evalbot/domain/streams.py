"""The port of the monitor's stream: samples come in batches and are acknowledged once they are kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from evalbot.domain.canonical import Json


@dataclass(frozen=True, slots=True)
class Entry:
    """A sample as it was handed over, with the stream's own id."""

    id: str
    value: Json


class SampleStream(Protocol):
    """At least once: what was not acknowledged comes again, also to another worker.

    Raises:
        CouldNotRun: The stream cannot be reached.
    """

    def publish(self, values: Sequence[Json]) -> None:
        """Hand these over."""

    def read(self, most: int, seconds: float) -> Sequence[Entry]:
        """Up to `most` entries; waits so long for the first one. Entries of workers that died come too."""

    def drained(self) -> bool:
        """Whether nothing waits, as far as this reader can tell after a read that found nothing."""

    def hold(self, ids: Sequence[str]) -> None:
        """These are still being worked on: nobody else needs to take them over."""

    def done(self, ids: Sequence[str]) -> None:
        """These are kept: they do not come again."""

    def dead(self) -> int:
        """How many entries were set aside because they had been delivered too often."""

    def close(self) -> None:
        """Give the connection back."""
