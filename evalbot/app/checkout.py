"""The job's checkout: commits come from it, are fetched where it is shallow, and come by API where there is none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from evalbot.adapters.git import SHA, Repository
from evalbot.adapters.git_fetch import origin
from evalbot.app.commits import Commits, from_fetched, from_git, from_github
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.pulls import GitHub


class Checkout:
    """What a step finds in its workspace.

    Args:
        workspace: The folder; it may hold no repository at all.
        environment: With the runner's GITHUB_SERVER_URL, GITHUB_REPOSITORY and GITHUB_TOKEN, for what must be fetched.
    """

    def __init__(self, workspace: Path, github: GitHub, environment: Mapping[str, str]) -> None:
        self._workspace, self._github, self._environment = workspace, github, environment
        self._deeper: Repository | None = None

    def commits(self, base: str, head: str, own_folders: Sequence[str]) -> Commits:
        """What a comparison reads, by the cheapest way that is open.

        Raises:
            ConfigError: Head holds a path under one of `own_folders`, or a revision is unknown.
            CouldNotRun: Neither git nor GitHub has the commits.
        """
        clone = self._clone()
        if clone is not None and _knows(clone, base, head):
            try:
                return from_git(clone, base, head, own_folders)
            except CouldNotRun:  # a partial clone, which holds commits without their files
                clone = None
        if clone is not None and SHA.fullmatch(base) and SHA.fullmatch(head):
            try:
                found, self._deeper = from_fetched(clone, self._github, base, head, own_folders, origin(clone, self._environment))
                return found
            except (ConfigError, CouldNotRun):  # no remote that answers: what is wrong with head itself is found again below
                self._deeper = None
        return from_github(self._github, base, head, own_folders)

    def changed_lines(self, base_sha: str, head_sha: str, path: str) -> Sequence[tuple[int, int]]:
        """The lines of head's `path` that differ, as (first, last); none where there is no clone to ask."""
        clone = self._deeper or self._clone()
        if not (SHA.fullmatch(base_sha) and SHA.fullmatch(head_sha)):
            return []  # a suite that has no baseline is compared with nothing
        try:
            return clone.changed_lines(base_sha, head_sha, path) if clone is not None else []
        except (ConfigError, CouldNotRun):
            return []

    def holds(self, sha: str) -> bool:
        """Whether this commit is what is checked out."""
        clone = self._clone()
        try:
            return clone is not None and clone.resolve("HEAD") == sha
        except (ConfigError, CouldNotRun):
            return False

    def _clone(self) -> Repository | None:
        try:
            return Repository(self._workspace)
        except ConfigError:
            return None


def _knows(clone: Repository, base: str, head: str) -> bool:
    """Whether the clone knows where the two part. A shallow one may know an older place than the right one."""
    try:
        return not clone.is_shallow and bool(clone.merge_base(base, head))
    except (ConfigError, CouldNotRun):
        return False
