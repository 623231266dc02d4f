"""The issue on GitHub: opened by an alert, quiet within a cool-down, closed when enough good answers say that it is over."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from evalbot.adapters.github import GitHubClient
from evalbot.adapters.streams import MemoryStream
from evalbot.app.action import act
from evalbot.app.monitor import Monitor
from tests.app.monitor.workers import CONFIG, DAY, Clock, monitor_of, sample, take_all
from tests.github_server import GitHubServer
from tests.repository import Repo

LONG = "these are more than three words"


class Watched:
    """A worker whose issues go to a loopback GitHub."""

    def __init__(self, folder: Path, server: GitHubServer) -> None:
        self.clock, self.server, self.given = Clock(), server, 0
        self.monitor: Monitor = monitor_of(folder, MemoryStream(), self.clock, "  alerts: {issue: true}\n")
        telling = self.monitor._telling
        telling.github, telling.owner = (lambda: GitHubClient(server.token, server.url, server.name)), "@acme/support"

    def see(self, *outputs: str) -> None:
        """These answers come, and the worker looks."""
        for output in outputs:
            self.given += 1
            self.monitor.stream.publish([sample(f"s{self.given}", output, timestamp=self.clock.now - 1)])
        take_all(self.monitor)
        asyncio.run(self.monitor.flush())

    @property
    def writes(self) -> int:
        return sum(request.writes for request in self.server.requests)

    def issues(self, state: str = "open") -> list[Any]:
        return [one for one in self.server.issues.values() if one.state == state]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    repo = Repo(tmp_path / "shop").write({"a": "b"})
    repo.commit("start")
    with GitHubServer(repo) as server:
        server.scopes["issues"] = "write"
        found = Watched(tmp_path, server)
        yield found
        found.monitor.store.close()


def test_nothing_wrong_opens_nothing(watched: Watched) -> None:
    watched.see("two words")
    assert (watched.issues(), watched.server.requests) == ([], [])


def test_an_alert_opens_one_issue_that_is_quiet_within_the_cool_down_and_closed_by_enough_good_answers(watched: Watched) -> None:
    watched.see("two words", LONG)
    (issue,) = watched.issues()
    assert issue.labels == ["evalbot", "production-alert"]
    assert issue.title == "evalbot: production of suite support needs a look"
    assert "@acme/support production of suite `support` has 1 alert that is not over:" in issue.body
    assert "| constraint_violation | medium" in issue.body
    assert LONG not in issue.body

    first = watched.writes
    watched.clock.now += 60
    watched.see(LONG)
    assert watched.writes == first
    watched.clock.now += 6 * 3600
    watched.see(LONG)
    assert watched.writes == first + 1
    assert len(watched.issues()) == 1

    watched.clock.now += 2 * DAY
    watched.see(*["two words"] * 29)  # one too few to say that it is over
    assert len(watched.issues()) == 1
    watched.see("two words")
    assert watched.issues() == []
    (closed,) = watched.issues("closed")
    assert "Nothing is wrong with production of suite `support` any more" in closed.body
    assert watched.monitor.store.standing() == []


def test_silence_is_no_recovery(watched: Watched) -> None:
    watched.see(LONG)
    watched.clock.now += 3 * DAY
    watched.see()
    assert len(watched.issues()) == 1


def test_a_refusal_is_said_once_and_the_issue_is_written_when_it_may_be(watched: Watched) -> None:
    del watched.server.scopes["issues"]
    watched.see(LONG)
    watched.see()
    assert (watched.issues(), len(watched.monitor.said)) == ([], 1)
    assert "the issue could not be written" in watched.monitor.said[0]
    assert "issues: write" in watched.monitor.said[0]
    watched.server.scopes["issues"] = "write"
    watched.see()
    assert len(watched.issues()) == 1


def test_two_workers_on_one_store_tell_an_alert_once(watched: Watched, tmp_path: Path) -> None:
    other = monitor_of(tmp_path, watched.monitor.stream, watched.clock, "  alerts: {issue: true}\n")
    try:
        watched.monitor.stream.publish([sample("x", LONG)])
        take_all(other)
        told = [asyncio.run(one.flush()) for one in (watched.monitor, other)]
    finally:
        other.store.close()
    assert [len(some) for some in told] == [1, 0]
    assert len(watched.issues()) == 1


def test_what_a_worker_kept_before_it_was_killed_is_told_by_the_next_one(tmp_path: Path) -> None:
    stream, clock = MemoryStream(), Clock()
    killed = monitor_of(tmp_path, stream, clock)
    stream.publish([sample("x", LONG)])
    take_all(killed)
    killed.store.close()
    following = monitor_of(tmp_path, stream, clock)
    told = asyncio.run(following.flush())
    following.store.close()
    assert [one.samples for one in told] == [("x",)]


def test_the_action_takes_its_rules_from_the_default_branch_and_says_what_is_missing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    repo = Repo(tmp_path / "shop").write({"evalbot.yml": CONFIG.replace("{type: memory}", "{name: action}")})
    repo.commit("start")
    (tmp_path / "output").touch()
    with GitHubServer(repo) as server:
        environment = {
            "GITHUB_EVENT_NAME": "schedule", "GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.name, "GITHUB_TOKEN": server.token,
            "GITHUB_WORKSPACE": str(tmp_path / "nothing"), "GITHUB_OUTPUT": str(tmp_path / "output"), "INPUT_COMMAND": "monitor",
        }  # fmt: skip
        assert act(environment) == 2
    assert "the stream needs the environment variable REDIS_URL" in capsys.readouterr().out
