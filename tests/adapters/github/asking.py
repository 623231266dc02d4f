"""A client of the loopback GitHub whose clock moves only when it waits."""

from __future__ import annotations

from pathlib import Path

from evalbot.adapters.github import GitHubClient
from tests.github_server import GitHubServer
from tests.repository import Repo

MARKER = "<!-- evalbot:v1 key=default -->"
BODY = f"{MARKER}\n## It got worse"


class Time:
    """Seconds that pass by waiting, and how long each wait was."""

    def __init__(self) -> None:
        self.seconds, self.waits = 0.0, list[float]()

    def clock(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.seconds += seconds


def history(root: Path) -> Repo:
    """`main` with three files and a later commit; `feature` from before it with one file edited, moved and added each."""
    repo = Repo(root)
    repo.write({"prompts/a.md": "one\n", "prompts/b.md": "a text that stays what it is\n" * 9, "data/x.jsonl": '{"id": "x"}\n'}).commit()
    repo.branch("feature").write({"prompts/a.md": "two\n", "prompts/new.md": "new\n"}).move("prompts/b.md", "prompts/c.md").commit()
    repo.switch("main").write({"README.md": "later\n"}).commit()
    return repo


def client(server: GitHubServer, time: Time | None = None) -> GitHubClient:
    """A client with the server's token; no jitter."""
    time = time or Time()
    return GitHubClient(server.token, server.url, server.name, clock=time.clock, sleep=time.sleep, jitter=lambda: 1.0)
