"""A pull request on a loopback GitHub for every test that asks for one."""

from __future__ import annotations

import pytest

from tests.app.checking import House
from tests.app.on_github import Scene
from tests.github_server import GitHubServer


@pytest.fixture
def on_github(tmp_path):
    """A function that opens a pull request with these changes, in a repository that starts with these files."""
    opened = []

    def start(changes, files=None, **pull):
        house = (House(tmp_path, files) if files is not None else House(tmp_path)).head(changes)
        server = GitHubServer(house.repo).__enter__()
        opened.append(server)
        return Scene(tmp_path, house, server, **pull)

    yield start
    for server in opened:
        server.__exit__(None)
