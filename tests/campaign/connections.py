"""Every connection that this process opens or looks a name up for, by Python's own audit events: nothing can slip past."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_recording: list[set[str]] = []


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if not _recording:
        return
    if event == "socket.connect" and isinstance(arguments[1], tuple):
        host, port = arguments[1][:2]
        _recording[-1].add(f"{host}:{port}")
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        _recording[-1].add(f"{arguments[0]}:{arguments[1] if len(arguments) > 1 else ''}")


sys.addaudithook(_heard)  # hooks cannot be taken away again: this one is deaf unless somebody records


@contextmanager
def recorded() -> Iterator[set[str]]:
    """The "host:port" of everything that was connected to or looked up meanwhile."""
    _recording.append(set())
    try:
        yield _recording[-1]
    finally:
        _recording.pop()
