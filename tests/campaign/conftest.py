"""What the cases share: a pull request on a loopback GitHub, made in one call."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.app.checking import House, few
from tests.app.on_github import Scene
from tests.github_server import GitHubServer


@pytest.fixture
def house(tmp_path: Path) -> House:
    """A repository with a branch that has changed nothing yet."""
    return House(tmp_path)


@pytest.fixture
def small(tmp_path: Path) -> House:
    """The same with three golden and three regression examples: enough where no score is tested."""
    return House(tmp_path, few())


@pytest.fixture
def waited(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Requests to GitHub wait no time; how long they would have."""
    from evalbot.adapters.github import GitHubClient

    seconds: list[float] = []
    defaults = dict(GitHubClient.__init__.__kwdefaults__)
    monkeypatch.setattr(GitHubClient.__init__, "__kwdefaults__", defaults | {"sleep": seconds.append})
    return seconds


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
