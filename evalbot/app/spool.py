"""The spool: what planned requests say lies on disk until they are sent, so that a long plan takes memory for numbers only."""

from __future__ import annotations

import json
from dataclasses import dataclass

from evalbot.adapters.lines import TemporaryLines
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.models import Message, Request


class Spool:
    """Messages of requests in a file without a name, gone when nobody holds a request of it any more.

    Where there is no room for such a file, requests stay as they are.
    """

    def __init__(self) -> None:
        self._lines = TemporaryLines()

    def put(self, request: Request) -> Request:
        """The request with its messages on disk."""
        place = self._lines.append(json.dumps([[message.role, message.content] for message in request.messages]))
        return request if place is None else request.put_by(_Messages(self._lines, place))


@dataclass(frozen=True, slots=True)
class _Messages:
    """Reads the messages at a place. A class of two slots: a plan holds one a request, and a closure takes four times as much."""

    lines: TemporaryLines
    place: int

    def __call__(self) -> tuple[Message, ...]:
        line = self.lines.read(self.place)
        if not line:
            raise CouldNotRun("what was planned cannot be read back from the folder for temporary files")
        return tuple(Message(role, content) for role, content in json.loads(line))
