"""A harvest that is killed (SIGKILL) at any write to GitHub, or while it reads: the next one loses no sample and opens no second pull request.

The write at which it dies is still carried out, as GitHub does when nobody waits for the answer; dying before a write is dying after the one before it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

import pytest

from evalbot.app.harvest_names import hashed_by
from tests.app.harvest.production import CONFIG, Shop, record
from tests.longer import sized

pytestmark = pytest.mark.campaign

RETURNS, CARDS, HOURS = "How do returns work?", "How do gift cards work?", "What are the Sunday hours?"
WRITES = 11  # of a first run: tree, commit, branch, pull request, labels; tree, commit and branch of the history; the check twice; one more that never comes


@pytest.fixture
def shop(tmp_path):
    shop = Shop(tmp_path, CONFIG.replace("rate: 1.0", "rate: 1.0, by: [hour]"))
    with shop.server:
        yield shop


def environment(shop: Shop) -> Mapping[str, str]:
    own = {name: value for name, value in os.environ.items() if not name.startswith(("GITHUB_", "INPUT_"))}
    return {**own, "GITHUB_TOKEN": shop.server.token, "GITHUB_REPOSITORY": shop.server.name, "GITHUB_API_URL": shop.server.url, "EVALBOT_HARVEST_KEY": "one key for both"}


def harvest(shop: Shop, killed_at: int = 0, methods: tuple[str, ...] = ("POST", "PATCH", "PUT")) -> int:
    """The command as a job runs it; its status, negative where a signal ended it."""
    argv = [sys.executable, "-m", "evalbot", "harvest", "--quiet"]
    with subprocess.Popen(argv, cwd=shop.repo.root, env=environment(shop), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        left = killed_at

        def hook(method: str) -> None:
            def count() -> None:
                nonlocal left
                left -= 1
                if left == 0:
                    os.kill(process.pid, signal.SIGKILL)
                    process.wait()
                shop.server.on(method, "", count)

            shop.server.on(method, "", count)

        for method in methods if killed_at else ():
            hook(method)
        status = process.wait(timeout=120)
    shop.server.silence()
    return status


def assert_whole(shop: Shop, names: set[str]) -> None:
    """One pull request, one row for each failure, and a ledger that knows of each."""
    assert sorted(row["id"] for row in shop.rows()) == sorted(names)
    assert len(shop.server.pulls) == 1
    assert shop.pull.labels == ["evalbot", "regression-proposal"]
    assert shop.pull.head_sha == shop.repo.sha("evalbot/harvest-default-support")
    hashed = hashed_by(environment(shop), shop.server.name)
    assert {line["id"]: line["state"] for line in shop.ledger() if "state" in line} == {hashed(name): "open" for name in names}
    assert abs(shop.watermark - time.time()) < 600


WRITING, READING = ("POST", "PATCH", "PUT"), ("GET",)
ANYWHERE = [*((WRITING, at) for at in range(1, WRITES + 1)), *((READING, at) for at in (1, 2, 3, 5, 8))]


@pytest.mark.parametrize(("methods", "at"), sized([(WRITING, 4)], ANYWHERE))
def test_killed_anywhere_in_its_first_run(shop, methods, at):
    now = time.time()
    shop.log(record("r-1", RETURNS) | {"at": now - 600}, record("r-2", CARDS) | {"at": now - 500})
    first = harvest(shop, at, methods)
    assert first == (-signal.SIGKILL if at < WRITES else 0)
    assert harvest(shop) == 0
    assert_whole(shop, {"prod-r-1", "prod-r-2"})


@pytest.mark.parametrize("at", sized((5,), tuple(range(1, WRITES + 1))))
def test_killed_at_any_write_of_a_run_that_brings_an_open_pull_request_up_to_date(shop, at):
    now = time.time()
    shop.log(record("r-1", RETURNS) | {"at": now - 600})
    assert harvest(shop) == 0
    shop.log(record("r-2", CARDS) | {"at": now - 500}, name="two")
    harvest(shop, at)
    shop.log(record("r-3", HOURS) | {"at": now - 400}, name="three")
    assert harvest(shop) == 0
    assert_whole(shop, {"prod-r-1", "prod-r-2", "prod-r-3"})
