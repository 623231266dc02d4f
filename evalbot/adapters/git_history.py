"""The branch `evalbot-history` in a clone, through git: no checkout, and nobody's commit is ever written over."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path

from evalbot.adapters.git_process import Git
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.history import BRANCH, Change

_TRIES = 10
_REF = f"refs/heads/{BRANCH}"
_THEIRS = f"refs/remotes/origin/{BRANCH}"
_NEW = "0" * 40
_WHO = ("-c", "user.name=evalbot", "-c", "user.email=evalbot@users.noreply.github.com", "-c", "commit.gpgSign=false")


class GitHistory:
    """The local branch; where there is none, or origin's was fetched later, origin's is gone on from. It is not pushed.

    Args:
        root: The repository's root.
    """

    def __init__(self, root: Path) -> None:
        self._git = Git(root)

    def read(self, path: str) -> str:
        """A file's text; "" where there is none."""
        tip = self._tip()
        return self._text(tip, path) if tip else ""

    def update(self, changes: Mapping[str, Change], message: str) -> bool:
        """Change files in one commit; raises CouldNotRun where others are always faster."""
        for _ in range(_TRIES):
            local, tip = self._sha(_REF), self._tip()
            before = {path: self._text(tip, path) if tip else "" for path in changes}
            after = {path: change(before[path]) for path, change in changes.items()}
            if after == before:
                return False
            commit = self._commit(tip, {path: text for path, text in after.items() if text != before[path]}, message)
            if self._git.run("update-ref", _REF, commit, local or _NEW).returncode == 0:
                return True
        raise CouldNotRun(f"the branch {BRANCH} could not be written: others wrote to it {_TRIES} times meanwhile.")

    def _tip(self) -> str | None:
        """The newer one of our branch and origin's; ours where they have parted."""
        local, theirs = self._sha(_REF), self._sha(_THEIRS)
        if local and theirs and self._git.run("merge-base", "--is-ancestor", local, theirs).returncode == 0:
            return theirs
        return local or theirs

    def _sha(self, ref: str) -> str | None:
        found = self._git.run("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
        return found.stdout.decode("ascii").strip() or None

    def _text(self, commit: str, path: str) -> str:
        listed = self._git.output("ls-tree", "-z", commit, "--", path)
        if not listed:
            return ""
        return self._git.output("cat-file", "blob", listed.split(b"\t")[0].split(b" ")[2].decode("ascii")).decode("utf-8")

    def _commit(self, parent: str | None, files: Mapping[str, str], message: str) -> str:
        with tempfile.TemporaryDirectory(prefix="evalbot-") as folder:
            index = {"GIT_INDEX_FILE": str(Path(folder) / "index")}
            if parent:
                self._done("read-tree", parent, extra=index)
            for path, text in files.items():
                if not text:
                    self._done("update-index", "--force-remove", "--", path, extra=index)
                    continue
                blob = self._done("hash-object", "-w", "--stdin", data=text.encode())
                self._done("update-index", "--add", "--cacheinfo", f"100644,{blob},{path}", extra=index)
            tree = self._done("write-tree", extra=index)
        return self._done(*_WHO, "commit-tree", tree, *(("-p", parent) if parent else ()), "-m", message)

    def _done(self, *arguments: str, data: bytes | None = None, extra: Mapping[str, str] | None = None) -> str:
        done = self._git.run(*arguments, data=data, extra=extra)
        if done.returncode:
            raise self._git.failure(next(word for word in arguments if word in _COMMANDS), done.stderr)
        return done.stdout.decode("ascii").strip()


_COMMANDS = ("read-tree", "update-index", "hash-object", "write-tree", "commit-tree")
