"""Where a harvest reads its rules and proposes: GitHub with a token, else the clone itself, which can only be looked at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from evalbot.adapters.git import Repository
from evalbot.adapters.git_history import GitHistory
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.history import History
from evalbot.domain.ports import Snapshot
from evalbot.domain.proposals import Draft, Proposals, Standing

if TYPE_CHECKING:
    from evalbot.adapters.github import GitHubClient

PUBLIC_API = "https://api.github.com"
MOST_CALLS = 200  # beside the files of the suite, one request each, a harvest makes about thirty


@dataclass(frozen=True)
class Clone:
    """A clone on somebody's machine: its own commit is the default branch, and nothing can be proposed."""

    root: Path

    def public(self) -> bool | None:
        """Nobody knows here."""
        return None

    def default(self) -> tuple[str, Snapshot]:
        """The commit that is checked out."""
        sha = Repository(self.root).resolve("HEAD")
        return sha, self.tree(sha)

    def standing(self, branch: str) -> Standing:  # noqa: ARG002 - the port's signature
        """Pull requests are GitHub's."""
        return Standing()

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit."""
        return Repository(self.root).tree(sha)

    def propose(self, draft: Draft, standing: Standing) -> Standing:
        """Not without GitHub."""
        raise ConfigError(_no_token(draft.branch, standing.state))

    def close(self, standing: Standing, comment: str) -> None:
        """Not without GitHub."""
        raise ConfigError(_no_token(comment, standing.state))


def places(root: Path, environment: Mapping[str, str]) -> tuple[Proposals, History]:
    """By the API where GITHUB_TOKEN and GITHUB_REPOSITORY are set, else in the clone."""
    github = client(environment)
    return (Clone(root), GitHistory(root)) if github is None else (github.proposals(), github.history())


def client(environment: Mapping[str, str]) -> GitHubClient | None:
    """GitHub, where a token and a repository are named."""
    token, name = environment.get("GITHUB_TOKEN", ""), environment.get("GITHUB_REPOSITORY", "")
    if not (token and name):
        return None
    from evalbot.adapters.github import GitHubClient

    return GitHubClient(token, environment.get("GITHUB_API_URL") or PUBLIC_API, name, most_calls=MOST_CALLS)


def refuse_without_github(environment: Mapping[str, str]) -> None:
    """Raises ConfigError where nothing could be proposed: before anything is fetched or asked."""
    if client(environment) is None:
        raise ConfigError(_no_token())


def _no_token(*_: str) -> Problem:
    return Problem("a pull request needs GITHUB_TOKEN and GITHUB_REPOSITORY.", hint="`evalbot harvest --dry-run` prints it instead.")
