"""A loopback GitHub with pull request 7 from `feature`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.adapters.github.asking import Time, history
from tests.github_server import GitHubServer
from tests.repository import Repo


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The history, written once; each test gets a copy."""
    return history(tmp_path_factory.mktemp("template")).root


@pytest.fixture
def server(template: Path, tmp_path: Path) -> Iterator[GitHubServer]:
    with GitHubServer(Repo(shutil.copytree(template, tmp_path / "repo", symlinks=True))) as server:
        server.open_pull("feature")
        yield server


@pytest.fixture
def time() -> Time:
    return Time()
