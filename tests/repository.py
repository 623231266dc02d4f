"""A real git repository in a temporary folder, written in a line: `Repo(tmp_path).write({"a.md": "Hi"}).commit()`."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

PERSON = {
    "GIT_AUTHOR_NAME": "Ada", "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada", "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_AUTHOR_DATE": "2026-01-01T00:00:00Z", "GIT_COMMITTER_DATE": "2026-01-01T00:00:00Z",
    "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
}  # fmt: skip


class Repo:
    """Files are given as text or bytes; `None` deletes one. Every method but `commit` and `git` returns the repository."""

    def __init__(self, root: Path) -> None:
        self.root = root
        if not (root / ".git").exists():
            root.mkdir(parents=True, exist_ok=True)
            self.git("init", "--quiet", "--initial-branch=main")

    def write(self, files: Mapping[str, str | bytes | None]) -> Repo:
        """Change the work tree; nothing is committed yet."""
        for path, content in files.items():
            file = self.root / path
            if content is None:
                file.unlink()
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return self

    def symlink(self, path: str, target: str) -> Repo:
        """A symbolic link at `path`."""
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(target)
        return self

    def move(self, old: str, new: str) -> Repo:
        """Rename a tracked file."""
        (self.root / new).parent.mkdir(parents=True, exist_ok=True)
        self.git("mv", "--", old, new)
        return self

    def commit(self, message: str = "change") -> str:
        """Commit everything in the work tree and return the sha (40 hex digits)."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)
        return self.sha()

    def sha(self, ref: str = "HEAD") -> str:
        """The commit of a ref."""
        return self.git("rev-parse", "--verify", f"{ref}^{{commit}}")

    def branch(self, name: str, start: str = "HEAD") -> Repo:
        """Create a branch at `start` and switch to it."""
        self.git("checkout", "--quiet", "-b", name, start)
        return self

    def switch(self, name: str) -> Repo:
        """Switch to a branch or commit."""
        self.git("checkout", "--quiet", name)
        return self

    def git(self, *arguments: str) -> str:
        """Any other git command; its standard output without the last line end."""
        clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", "-c", "commit.gpgSign=false", "-c", "core.autocrlf=false", "-c", "protocol.file.allow=always", *arguments],
            cwd=self.root, env=clean | PERSON, capture_output=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"git {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout.decode("utf-8", "surrogateescape").rstrip("\n")
