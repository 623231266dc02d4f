"""A git repository: its commits, their files, and what differs between them."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from evalbot.adapters.git_process import DEPTH, Batch, Git
from evalbot.adapters.trees import CommitTree, WorkTree, decoded, shown
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.ports import Snapshot

SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_COMMIT = re.compile(r"([0-9a-f]{40}|[0-9a-f]{64}) commit [0-9]+")
_ABBREVIATED = re.compile(r"[0-9a-f]{7,64}")
_HUNK = re.compile(rb"^@@ -[0-9]+(?:,[0-9]+)? \+([0-9]+)(?:,([0-9]+))? @@", re.MULTILINE)
_MOST_NAMES = 1000
_NO_COMMIT = Problem("this repository has no commit yet, so there is nothing to compare with.", hint="Commit what you have first.")


@dataclass(frozen=True, slots=True)
class Change:
    """One path that differs. `path` is head's (base's where deleted); `was` is base's name where git saw a rename."""

    path: str
    was: str | None = None


class Repository:
    """A git repository with a work tree. Nothing is ever written to it: no setting, no index, no reference.

    Args:
        root: The work tree's folder, or any folder below it.
        keep: What must live as long as this value and its trees: a temporary folder.

    Raises:
        ConfigError: The folder is in no git repository.
    """

    def __init__(self, root: Path, keep: object = None) -> None:
        self.root = _root_of(root)
        self._git = Git(self.root, keep=keep)
        self._headers, self._contents = Batch(self._git, "--batch-check"), Batch(self._git, "--batch")
        self._trees: dict[str, Snapshot] = {}
        self._changes: dict[tuple[str, str], list[Change]] = {}

    @property
    def git_folder(self) -> Path:
        """The folder that holds objects and references; for a linked work tree its main repository's."""
        return self.root / decoded(self._git.output("rev-parse", "--git-common-dir").rstrip(b"\n"))

    @property
    def is_shallow(self) -> bool:
        """Whether history was cut off when it was fetched."""
        return self._git.output("rev-parse", "--is-shallow-repository").strip() == b"true"

    def resolve(self, ref: str) -> str:
        """The commit (40 hex digits; 64 in a sha256 repository) of a branch, tag, sha or expression.

        Raises:
            ConfigError: There is no such commit here; names the nearest branch, or how to fetch it.
        """
        if not ref.strip() or any(char in ref for char in "\n\r\0"):
            raise ConfigError(Problem(f"{shown(ref)!r} is no git reference.", hint="Give a branch, a tag or a sha."))
        # Asked by standard input, so that no reference can be taken for an option.
        header = self._headers.ask(f"{ref}^{{commit}}")
        if found := _COMMIT.fullmatch(header):
            return found[1]
        raise ConfigError(self._unknown(ref, ambiguous=header.endswith(" ambiguous")))

    def has(self, sha: str) -> bool:
        """Whether a commit is here, with its files."""
        return all(" " in (said := self._headers.ask(f"{_checked(sha)}{what}")) and not said.endswith(" missing") for what in ("^{commit}", "^{tree}"))

    def merge_base(self, a: str, b: str) -> str:
        """The best common ancestor of two commits (refs or shas).

        Raises:
            ConfigError: They have none here: unrelated histories, or too little was fetched.
        """
        done = self._git.run("merge-base", self.resolve(a), self.resolve(b))
        found = done.stdout.decode("ascii").partition("\n")[0]
        if done.returncode == 0 and SHA.fullmatch(found):
            return found
        pair = f"{shown(a)} and {shown(b)} have no common ancestor"
        if done.returncode == 1 and not self.is_shallow:
            raise ConfigError(Problem(f"{pair}: their histories are unrelated.", hint="Rebase the branch on its base."))
        raise ConfigError(Problem(f"{pair} in what was fetched of their history.", hint=DEPTH))

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit, by the sha that `resolve` gave.

        Raises:
            CouldNotRun: Its objects are not here (a shallow or partial clone).
        """
        if sha not in self._trees:
            self._trees[sha] = self._read_tree(_checked(sha))
        return self._trees[sha]

    def work_tree(self) -> Snapshot:
        """The files on disk as they are now: tracked ones, and new ones that git does not ignore."""
        listed = self._git.output("ls-files", "-z", "--cached", "--others", "--exclude-standard")
        return WorkTree(self.root, [decoded(path) for path in listed.split(b"\0") if path])

    def people(self) -> int:
        """How many people have committed here, by address; bots are none, and a shallow clone knows few."""
        done = self._git.run("log", "--format=%aE", "--max-count=5000", "HEAD", "--")
        addresses = set(decoded(done.stdout).lower().split()) if done.returncode == 0 else set()
        return sum("[bot]@" not in address and not address.startswith("noreply@") for address in addresses)

    def remote(self) -> str:
        """The address of the remote `origin`; empty where there is none."""
        done = self._git.run("remote", "get-url", "origin")
        return decoded(done.stdout).strip() if done.returncode == 0 else ""

    def default_base(self) -> str:
        """What a branch is compared with where nobody says it: the remote's default branch, else the local one.

        Raises:
            ConfigError: There is none of the usual names.
        """
        pointed = self._git.run("symbolic-ref", "--quiet", "--short", "refs/remotes/origin/HEAD")
        named = [decoded(pointed.stdout).strip()] if pointed.returncode == 0 else []
        for ref in [*named, "origin/main", "origin/master", "main", "master"]:
            if _COMMIT.fullmatch(self._headers.ask(f"{ref}^{{commit}}")):
                return ref
        if self._git.run("rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
            raise ConfigError(_NO_COMMIT)
        raise ConfigError(Problem("there is no branch to compare with: neither origin's nor main nor master.", hint="Name one with --base."))

    def renames(self, base_sha: str, head_sha: str | None) -> Mapping[str, str]:
        """Head's path → base's path of each file that git sees as moved, at least half of it unchanged.

        Args:
            base_sha: A commit.
            head_sha: A commit, or None for the work tree (there a moved file counts once `git add` has seen it).
        """
        return {change.path: change.was for change in self._diff(base_sha, head_sha) if change.was is not None}

    def changed_paths(self, base_sha: str, head_sha: str | None) -> list[str]:
        """Every path that was added, edited, deleted or moved (both names), sorted. Arguments as in `renames`."""
        changes = self._diff(base_sha, head_sha)
        found = {change.path for change in changes} | {change.was for change in changes if change.was is not None}
        if head_sha is None:
            found |= set(self.work_tree().paths()) - set(self.tree(base_sha).paths())
        return sorted(found)

    def changed_lines(self, base_sha: str, head_sha: str, path: str) -> list[tuple[int, int]]:
        """The lines of head's `path` that differ from base's, as (first, last) from 1; a rename is followed.

        Where lines only went away it is the line before the gap (the first line where the gap is at the top).
        """
        was = self.renames(base_sha, head_sha).get(path, path)
        # Whatever the user's settings and the files' attributes say: text, no context, hunks kept apart.
        options = ("-U0", "--inter-hunk-context=0", "-M", "--text", "--no-color", "--no-ext-diff", "--no-textconv")
        sides = (_checked(base_sha), _checked(head_sha))
        found = _HUNK.findall(self._git.output("diff", *options, *sides, "--", *dict.fromkeys((was, path))))
        return [(max(int(start), 1), max(int(start) + int(count or 1) - 1, int(start), 1)) for start, count in found]

    def close(self) -> None:
        """End the `git cat-file` processes; the next question starts them again."""
        self._headers.close()
        self._contents.close()

    def _read_tree(self, sha: str) -> CommitTree:
        entries: dict[str, tuple[str, str]] = {}
        # Without sizes: git would open (in a partial clone: fetch) every object only to measure it.
        for line in self._git.output("ls-tree", "-r", "-z", "--full-tree", sha).split(b"\0"):
            if line:
                about, _, path = line.partition(b"\t")
                mode, _, oid = about.decode("ascii").split(" ")
                entries[decoded(path)] = (mode, oid)
        return CommitTree(sha, entries, self._headers.size, self._contents.content)

    def _diff(self, base_sha: str, head_sha: str | None) -> list[Change]:
        if head_sha is None:
            return self._read_diff(_checked(base_sha))
        pair = (_checked(base_sha), _checked(head_sha))
        if pair not in self._changes:
            self._changes[pair] = [] if base_sha == head_sha else self._read_diff(*pair)
        return self._changes[pair]

    def _read_diff(self, *sides: str) -> list[Change]:
        options = ("--raw", "-z", "-M", "--no-abbrev", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty")
        return _parse_raw(self._git.output("diff", *options, *sides, "--"))

    def _unknown(self, ref: str, *, ambiguous: bool) -> Problem:
        if ambiguous:
            return Problem(f"{shown(ref)!r} names several objects.", hint="Write more digits of the sha.")
        if _ABBREVIATED.fullmatch(ref):
            return Problem(f"there is no commit {ref} in this clone.", hint=DEPTH)
        if ref == "HEAD":
            return _NO_COMMIT
        listed = self._git.output("for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/remotes", "refs/tags")
        names = decoded(listed).split()[:_MOST_NAMES]
        remote = [name for name in names if name.endswith(f"/{ref}")]
        hint = f"Did you mean '{remote[0]}'?" if remote else nearest(ref, names)
        return Problem(f"there is no branch, tag or commit {shown(ref)!r} in this clone.", hint=hint)


def _parse_raw(raw: bytes) -> list[Change]:
    """`git diff --raw -z`: ":modes oids status NUL path NUL", with two paths (base's, head's) where the status is R or C."""
    changes: list[Change] = []
    fields = iter(raw.split(b"\0"))
    for about in fields:
        if about:
            status, first = about.rsplit(b" ", 1)[1][:1], decoded(next(fields))
            second = decoded(next(fields)) if status in (b"R", b"C") else first
            changes.append(Change(second, first if status == b"R" else None))
    return changes


def _root_of(folder: Path) -> Path:
    start = folder.resolve()
    for candidate in (start, *start.parents):
        if os.path.lexists(candidate / ".git"):
            return candidate
    raise ConfigError(Problem(f"{shown(str(start))} is in no git repository.", hint="Go into one, or make one with `git init`; in a workflow, check it out first (actions/checkout)."))


def _checked(sha: str) -> str:
    if not SHA.fullmatch(sha):
        raise ValueError(f"not a full sha: {sha!r}; call resolve first")
    return sha
