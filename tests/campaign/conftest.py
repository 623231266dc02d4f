"""What the cases share: a pull request on a loopback GitHub, made in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.app.checking import House
from tests.app.on_github import Scene
from tests.github_server import GitHubServer


@pytest.fixture
def on_github(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """A function that opens a pull request: what head changes, what main changes meanwhile, and how it is opened."""
    opened: list[GitHubServer] = []

    def start(changes: Mapping[str, Any], *, start: Mapping[str, Any] | None = None, main: Mapping[str, Any] | None = None, **pull: Any) -> Scene:
        house = House(tmp_path) if start is None else House(tmp_path, start)
        house.head(changes)
        if main is not None:
            house.on_main(main)
        server = GitHubServer(house.repo).__enter__()
        opened.append(server)
        return Scene(tmp_path, house, server, **pull)

    yield start
    for server in opened:
        server.__exit__(None)
