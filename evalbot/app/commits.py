"""The places that a comparison reads from: base's tip, the merge base and head, by git or, without a checkout, by API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.adapters.git import Repository
from evalbot.adapters.git_fetch import Origin, with_commits, with_history
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Snapshot
from evalbot.domain.pulls import GitHub


@dataclass(frozen=True)
class Commits:
    """Three trees and what differs between the merge base and head.

    `policy_sha` and `base_sha` name the first two; head's name is its tree's ("work tree" where it is one).
    """

    policy_sha: str
    base_sha: str
    tip: Snapshot
    merge_base: Snapshot
    head: Snapshot
    changed: Sequence[str]
    renames: Mapping[str, str] = field(default_factory=dict)


def from_git(
    repository: Repository, base: str, head: str, own_folders: Sequence[str], base_sha: str = "", origin: Callable[[], Origin] | None = None
) -> Commits:
    """Read from a clone.

    Args:
        base: The base branch or its tip.
        head: The head commit; "." is the work tree.
        own_folders: Where evalbot keeps results and caches: a commit that brings such a path along is refused.
        base_sha: The merge base where it is known; otherwise history says it.
        origin: Where a shallow clone finds the history that it lacks; without it there is an error.

    Raises:
        ConfigError: A revision is unknown, or head holds a path under one of `own_folders`.
        CouldNotRun: What is missing could not be fetched.
    """
    here = head == "."
    tip_sha, head_sha = repository.resolve(base), repository.resolve("HEAD" if here else head)
    try:
        base_sha = base_sha or repository.merge_base(tip_sha, head_sha)
    except ConfigError:
        # The work tree is compared by the clone's own git, which a store beside it cannot help.
        if origin is None or here or not repository.is_shallow:
            raise
        repository = with_history(repository, tip_sha, head_sha, origin())
        base_sha = repository.merge_base(tip_sha, head_sha)
    committed = repository.tree(head_sha)
    refuse_own_folders(committed.paths(), own_folders)
    compared = None if here else head_sha
    return Commits(
        tip_sha, base_sha, repository.tree(tip_sha), repository.tree(base_sha), repository.work_tree() if here else committed,
        repository.changed_paths(base_sha, compared), repository.renames(base_sha, compared),
    )  # fmt: skip


def from_fetched(
    repository: Repository, github: GitHub, tip_sha: str, head_sha: str, own_folders: Sequence[str], origin: Origin
) -> tuple[Commits, Repository]:
    """Read from a clone that lacks some of it: the three commits are fetched by their shas, and nothing of their history.

    Raises:
        ConfigError: As for `from_git`.
        CouldNotRun: GitHub did not say what the merge base is, or the commits could not be fetched.
    """
    base_sha = github.merge_base(tip_sha, head_sha)
    deeper = with_commits(repository, (tip_sha, base_sha, head_sha), origin)
    return from_git(deeper, tip_sha, head_sha, own_folders, base_sha), deeper


def from_github(github: GitHub, tip_sha: str, head_sha: str, own_folders: Sequence[str]) -> Commits:
    """Read by API, for a job without a checkout. Renames show as a new and a deleted prompt there.

    Raises:
        ConfigError: As for `from_git`.
        CouldNotRun: GitHub did not answer.
    """
    base_sha = github.merge_base(tip_sha, head_sha)
    tip, merge_base, head = github.tree(tip_sha), github.tree(base_sha), github.tree(head_sha)
    refuse_own_folders(head.paths(), own_folders)
    changed = github.changed_paths(base_sha, head_sha)
    everything = sorted({*merge_base.paths(), *head.paths()}) if changed is None else changed
    return Commits(tip_sha, base_sha, tip, merge_base, head, everything)


def refuse_own_folders(paths: Sequence[str], own_folders: Sequence[str]) -> None:
    """Results or caches that a commit brings along would be believed as measured; so they are refused."""
    for folder in own_folders:
        inside = next((path for path in paths if f"{path}/".startswith(folder.strip("/") + "/")), None)  # the folder itself may be a link
        if inside is not None:
            hint = "Remove it and add the folder to .gitignore."
            raise ConfigError(Problem(f"the head commit holds a path under {folder!r}.", inside, None, hint))
