"""Commits that a shallow clone lacks, fetched by exact sha into a store of our own: the clone itself is never written to."""

from __future__ import annotations

import base64
import re
import shutil
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.git_process import DEPTH, Git
from evalbot.adapters.trees import decoded, shown
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem

DEPTHS = (50, 500, 5000)
_EVERYTHING = 2**31 - 1  # git's own word for all of history, as `--unshallow` says it
# No `ext::` and the like: what a remote's address can make git run is nobody's business here.
_ADDRESS = re.compile(r"(?:https?|ssh|git|file)://[^\s-]\S*|/\S+|[\w.-]+@[\w.-]+:[^\s-]\S*")
_SETTINGS = (
    "gc.auto=0", "maintenance.auto=false", "fetch.recurseSubmodules=false", "http.followRedirects=false",
    "http.lowSpeedLimit=1000", "http.lowSpeedTime=30",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the missing commits are.

    Args:
        url: The remote's address.
        token: A token of GitHub's, for addresses under `server` only.
        server: "https://github.com", or an enterprise server's address; empty: the token goes nowhere.
    """

    url: str
    token: str = field(default="", repr=False)
    server: str = ""

    @property
    def environment(self) -> Mapping[str, str]:
        """The variables that give git the token: no command line and no file shows it."""
        if not (self.token and self.server and self.url.startswith(f"{self.server}/")):
            return {}
        basic = base64.b64encode(f"x-access-token:{self.token}".encode()).decode()
        key, value = f"http.{self.server}/.extraheader", f"AUTHORIZATION: basic {basic}"
        return {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": key, "GIT_CONFIG_VALUE_0": value}


def origin(clone: Repository, environment: Mapping[str, str]) -> Origin:
    """The clone's `origin`, or on a runner the repository that the job is about.

    Raises:
        ConfigError: There is neither.
    """
    server = environment.get("GITHUB_SERVER_URL", "").rstrip("/")
    found = Git(clone.root).run("config", "--get", "remote.origin.url")
    url = decoded(found.stdout).strip()
    if not url and server and environment.get("GITHUB_REPOSITORY"):
        url = f"{server}/{environment['GITHUB_REPOSITORY']}"
    if not _ADDRESS.fullmatch(url):
        raise ConfigError(Problem(f"the clone's remote `origin` is no address to fetch from: {shown(url)!r}.", hint=DEPTH))
    return Origin(url, environment.get("GITHUB_TOKEN", ""), server)


def with_commits(clone: Repository, shas: Sequence[str], origin: Origin) -> Repository:
    """The repository with these commits, each without its history; nothing is fetched where none is missing.

    Raises:
        CouldNotRun: They cannot be fetched.
    """
    missing = [sha for sha in dict.fromkeys(shas) if not clone.has(sha)]
    return _Store(clone).fetched(missing, 1, origin) if missing else clone


def with_history(clone: Repository, a: str, b: str, origin: Origin, depths: Sequence[int] = DEPTHS) -> Repository:
    """The repository with as much history of two commits as it takes to find where they part.

    Raises:
        ConfigError: They have no common ancestor at all.
        CouldNotRun: History cannot be fetched.
    """
    store = _Store(clone)
    for depth in (*depths, _EVERYTHING):
        deeper = store.fetched((a, b), depth, origin)
        try:
            deeper.merge_base(a, b)
        except ConfigError:
            if not deeper.is_shallow:
                raise
        else:
            return deeper
    raise ConfigError(Problem(f"{shown(a)} and {shown(b)} have no common ancestor.", hint=DEPTH))


class _Store:
    """An empty repository in a folder of its own that sees the clone's objects; the folder goes when nobody reads from it."""

    def __init__(self, clone: Repository) -> None:
        self._root = Path(tempfile.mkdtemp(prefix="evalbot-git-"))
        weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        self._git = Git(self._root)
        self._git.output("init", "--quiet")
        own, clones = self._root / ".git", clone.git_folder
        (own / "objects/info").mkdir(parents=True, exist_ok=True)
        (own / "objects/info/alternates").write_text(f"{clones / 'objects'}\n", encoding="utf-8", errors="surrogateescape")
        if (clones / "shallow").is_file():  # else git would look for parents that the clone never had
            (own / "shallow").write_bytes((clones / "shallow").read_bytes())

    def fetched(self, shas: Sequence[str], depth: int, origin: Origin) -> Repository:
        git = replace(self._git, settings=_SETTINGS)
        options = ("--quiet", "--no-tags", "--no-write-fetch-head", f"--depth={depth}", "--end-of-options")
        done = git.run("fetch", *options, origin.url, *shas, extra=origin.environment)
        if done.returncode:
            raise git.failure("fetch", done.stderr)
        found = Repository(self._root, keep=self)
        missing = [sha for sha in shas if not found.has(sha)]
        if missing:
            raise CouldNotRun(f"commit {missing[0]} could not be fetched. {DEPTH}")
        return found
