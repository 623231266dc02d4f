"""What the loopback GitHub remembers: pull requests, comments, reviews, checks, runs and artifacts of one repository."""

from __future__ import annotations

import io
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.repository import PERSON, Repo

Json = Any


@dataclass
class Pull:
    """`head_repository` is None where the fork is gone. A test moves the head by setting `head_sha`."""

    number: int
    author: str
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    head_repository: str | None
    state: str = "open"
    locked: bool = False
    created_at: str = ""
    title: str = ""
    body: str = ""
    merged_at: str | None = None
    labels: list[str] = field(default_factory=list)


@dataclass
class IssueComment:
    id: int
    number: int
    author: str
    body: str
    created_at: str
    updated_at: str
    minimized: str | None = None
    reactions: list[tuple[str, str]] = field(default_factory=list)  # (author, content), oldest first
    edits: int = 0


@dataclass
class Issue:
    number: int
    author: str
    title: str
    body: str
    labels: list[str]
    created_at: str
    updated_at: str
    state: str = "open"
    reason: str | None = None


@dataclass
class PullReview:
    id: int
    number: int
    author: str
    state: str
    sha: str
    submitted_at: str


@dataclass
class Check:
    id: int
    name: str
    head_sha: str
    app: str
    status: str = "queued"
    conclusion: str | None = None
    external_id: str = ""
    details_url: str = ""
    title: str | None = None
    summary: str | None = None
    text: str | None = None
    annotations: list[Json] = field(default_factory=list)
    started_at: str | None = None
    completed_at: str | None = None


@dataclass
class Run:
    """A run of a workflow; `workflow` is its path, such as ".github/workflows/evalbot.yml"."""

    id: int
    workflow: str
    head_sha: str
    head_branch: str
    head_repository: str
    status: str = "completed"
    conclusion: str | None = "success"
    event: str = "pull_request"
    attempt: int = 1


@dataclass
class Artifact:
    id: int
    name: str
    run: int
    content: bytes
    created_at: str
    expired: bool = False


class Commits:
    """The objects of a real git repository."""

    def __init__(self, repo: Repo) -> None:
        self.repo = repo

    def bytes(self, *arguments: str) -> bytes:
        """What a git command prints; raises LookupError where git refuses."""
        done = subprocess.run(["git", *arguments], cwd=self.repo.root, capture_output=True, check=False)
        if done.returncode:
            raise LookupError(done.stderr.decode(errors="replace"))
        return done.stdout

    def sha(self, ref: str) -> str:
        return self.bytes("rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}").decode().strip()

    def tree(self, ref: str) -> tuple[str, list[dict[str, Json]]]:
        """The tree's sha and its entries, folders too."""
        sha = self.bytes("rev-parse", "--verify", "--quiet", f"{ref}^{{tree}}").decode().strip()
        entries = []
        for line in filter(None, self.bytes("ls-tree", "-r", "-t", "-l", "-z", sha).split(b"\0")):
            head, _, path = line.partition(b"\t")
            mode, kind, oid, size = head.decode().split()
            entry = {"path": path.decode("utf-8", "replace"), "mode": mode, "type": kind, "sha": oid}
            entries.append(entry | ({"size": int(size)} if size != "-" else {}))
        return sha, entries

    def blob(self, oid: str) -> bytes:
        return self.bytes("cat-file", "blob", oid)

    def store(self, *arguments: str, data: bytes = b"", index: str | None = None) -> str:
        """What a git command that writes objects prints, as somebody; raises LookupError where git refuses."""
        env = {**os.environ, **PERSON} | ({"GIT_INDEX_FILE": index} if index else {})
        done = subprocess.run(["git", *arguments], cwd=self.repo.root, input=data, env=env, capture_output=True, check=False)
        if done.returncode:
            raise LookupError(done.stderr.decode(errors="replace"))
        return done.stdout.decode().strip()

    def new_tree(self, base: str | None, entries: list[Json]) -> str:
        """A tree of another one with some entries changed; raises LookupError where one names what is not there."""
        with tempfile.TemporaryDirectory() as folder:
            index = f"{folder}/index"
            if base:
                self.store("read-tree", base, index=index)
            for entry in entries:
                if entry.get("sha", "") is None:
                    self.store("update-index", "--force-remove", "--", entry["path"], index=index)
                    continue
                oid = entry.get("sha") or self.store("hash-object", "-w", "--stdin", data=entry["content"].encode())
                self.store("update-index", "--add", "--cacheinfo", f"{entry['mode']},{oid},{entry['path']}", index=index)
            return self.store("write-tree", index=index)

    def merge_base(self, base: str, head: str) -> str:
        return self.bytes("merge-base", base, head).decode().strip()

    def is_ancestor(self, old: str, new: str) -> bool:
        return subprocess.run(["git", "merge-base", "--is-ancestor", old, new], cwd=self.repo.root, check=False).returncode == 0

    def between(self, base: str, head: str) -> list[str]:
        """Commits of head that base has not, oldest first."""
        return self.bytes("rev-list", "--reverse", f"{base}..{head}").decode().split()

    def files(self, base: str, head: str) -> list[dict[str, Json]]:
        """What differs, with renames, as the compare API names it."""
        fields = self.bytes("diff", "--raw", "-M", "-z", "--no-abbrev", base, head).decode("utf-8", "replace").split("\0")
        files, words = {"A": "added", "M": "modified", "D": "removed", "R": "renamed", "T": "modified"}, iter(fields)
        found = []
        for head_words in filter(None, words):
            *_, oid, letter = head_words.split()
            first = next(words)
            name, was = (next(words), first) if letter[0] in "RC" else (first, None)
            file: dict[str, Json] = {"sha": oid, "filename": name, "status": files[letter[0]], "additions": 0, "deletions": 0, "changes": 0}
            found.append(file | ({"previous_filename": was} if was else {}))
        return found


def zipped(files: Mapping[str, str | bytes] | bytes) -> bytes:
    """A zip of these files, as upload-artifact makes it."""
    if isinstance(files, bytes):
        return files
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)
    return stream.getvalue()


def iso(seconds: float) -> str:
    """Seconds since 1970 as GitHub writes times."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
