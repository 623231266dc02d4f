"""What `command` and `python` share: their limits, what they are asked, and how they are started."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from evalbot.adapters.targets.child import Command
from evalbot.adapters.targets.running import Program, ProgramProvider
from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.ports import Provider
from evalbot.domain.targets import Place

MIB = 1024 * 1024
_JOB = re.compile(r"(?:GITHUB|INPUT|ACTIONS|RUNNER)_", re.IGNORECASE)
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, kw_only=True)
class ProgramTarget:
    """Options of every target that is a program."""

    files: tuple[str, ...] = ("**",)
    env: tuple[str, ...] = ()
    seconds: float = 60.0
    memory_mb: int = 2048
    processes: int = 4
    network: bool = True

    recorded = None

    @property
    def argv(self) -> Sequence[str]:
        """The program and its arguments."""
        raise NotImplementedError

    @property
    def serves(self) -> bool:
        """Whether it answers line after line."""
        raise NotImplementedError

    def problems(self) -> Iterator[str]:
        """What is wrong, a line each that begins with the option."""
        yield from name_problems(self.env)
        ranges = (("seconds", self.seconds, 0.1, 3600), ("memory_mb", self.memory_mb, 16, 65_536), ("processes", self.processes, 1, 256))
        for name, value, low, high in ranges:
            if not low <= value <= high:
                yield f"{name} must be from {low:g} to {high:,}, not {value:g}"

    @property
    def code(self) -> Sequence[str]:
        """The files that it needs."""
        return self.files

    def with_files(self, read: Callable[[str], bytes]) -> Self:  # noqa: ARG002 - the port's signature
        """Itself: its files are put into a folder when it is started."""
        return self

    def identity(self) -> Json:
        """What is run, and how."""
        return [list(self.argv), self.serves, list(self.env), self.network]

    def payload(self, example: Example) -> Json:
        """`input`, and `context` and `messages` where the example has them; nothing gives the expected answer away."""
        return question(example)

    def open(self, place: Place) -> Provider:
        """Nothing is started before the first question."""
        command = Command(self.argv, self.env, self.memory_mb * MIB, self.network)
        return ProgramProvider(Program(command, self.serves, self.seconds, self.processes), place)


def question(example: Example) -> dict[str, Json]:
    """What every target is asked."""
    asked: dict[str, Json] = {"input": example.input}
    if example.context:
        asked["context"] = list(example.context)
    if example.messages:
        asked["messages"] = list(example.messages)
    return asked


def name_problems(names: Sequence[str], option: str = "env") -> Iterator[str]:
    """What is wrong with names of variables that a target is to be given."""
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"{option} names {name!r:.60}, which is no variable"
        elif _JOB.match(name):
            yield f"{option} names {name}, which is the job's own: no target sees it"
