"""Production samples: recorded requests with their answers, and the port behind which they are fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evalbot.domain.canonical import Json


@dataclass(frozen=True, slots=True)
class Sample:
    """One recorded request and its answer.

    Args:
        id: The source's own id.
        input: The variables that the prompt was rendered with, as an example's `input`.
        output: The recorded answer; None where there was none.
        timestamp: Seconds since 1970, UTC.
        latency_ms: How long the answer took; None where that was not recorded.
        had_error: Whether the request ended in an error.
        user: Who asked, for caps only; never written anywhere.
        feedback: What people said of the answer, as the source has it.
        expected: An answer that a person gave instead, where the source has one.
        context: The passages that the answer rested on.
        metadata: Anything else, for strata.
        url: Where a person can look at it.
    """

    id: str
    input: Mapping[str, Json]
    output: str | None
    timestamp: float
    latency_ms: float | None = None
    had_error: bool = False
    user: str = ""
    feedback: Json = None
    expected: str | None = None
    context: tuple[str, ...] = ()
    metadata: Mapping[str, Json] = field(default_factory=dict)
    url: str = ""


@dataclass(frozen=True, slots=True)
class Window:
    """What is asked of a source: records with `since` <= timestamp < `until`, in seconds since 1970, UTC."""

    since: float
    until: float


@dataclass(frozen=True, slots=True)
class From:
    """Where a source is read from: paths are relative to `root`, credentials are in `environment`."""

    root: Path = Path()
    environment: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """Where recorded requests lie. A frozen dataclass whose fields are its YAML options and whose docstring is its page;
    registered in `evalbot.adapters.sources.SOURCES` or under the entry point `evalbot.sources`.
    """

    @property
    def map(self) -> Mapping[str, str]:
        """Where each field of a sample stands in this source's records, as JMESPath; the configuration's `map` goes over it."""

    def fetch(self, window: Window, here: From) -> Iterator[Json]:
        """The window's records, in any order; some from outside it and some twice do no harm.

        Raises:
            ConfigError: A credential is missing, or an option is wrong.
            CouldNotRun: The source did not answer, or not to the end: nothing of this window may be used.
        """
