"""Targets: systems that answer examples themselves, where a prompt and a model are only a part of what is evaluated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Provider


@dataclass(frozen=True)
class Place:
    """Where a target is started.

    Args:
        code: A folder of ours with the policy's files; None for a target that runs none of them.
        environment: The process's variables; a target takes from them what its options name, and nothing else.
    """

    code: Path | None = None
    environment: Mapping[str, str] = field(default_factory=dict)


class Target(Protocol):
    """What answers instead of a prompt and a model. A frozen dataclass whose fields are its YAML options and whose docstring
    is its page; registered in `evalbot.adapters.targets.TARGETS` or under the entry point `evalbot.targets`.
    """

    @property
    def label(self) -> str:
        """What it is called in reports: a command, an address, a file."""

    @property
    def code(self) -> Sequence[str] | None:
        """Globs of the repository's files that it runs, always as policy has them; None where it runs none."""

    @property
    def recorded(self) -> str | None:
        """A file that stands for it on each side, as a prompt's file does; None where policy alone says what it is."""

    def with_files(self, read: Callable[[str], bytes]) -> Target:
        """The same with the files that it names read; raises ConfigError."""

    def identity(self) -> Json:
        """Everything of its own that can change an answer, but for `code`."""

    def payload(self, example: Example) -> Json:
        """What it is asked for an example; raises ValueError with the reason where it cannot be."""

    def open(self, place: Place) -> Provider:
        """Start it. Requests hold one message, the canonical JSON of a payload; failures are `ProviderFault.TARGET`."""
