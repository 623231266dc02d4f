"""Branches that evalbot writes itself, by the API: files in one commit, and a branch that never loses anybody's commit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import Absent, Api, Errand
from evalbot.adapters.github.files import Files
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.history import BRANCH, Change
from evalbot.domain.pulls import Refused

_TRIES = 6
_LONG = 1_000_000  # characters: a tree with more in it is refused, a file of its own is not
_READ = Errand("read the branch", "contents: read")
_WRITE = Errand("write the branch", "contents: write")


class Branches:
    """The branches of one repository."""

    def __init__(self, api: Api, files: Files) -> None:
        self._api, self._files = api, files

    def tip(self, branch: str) -> str | None:
        """The commit that a branch stands on; None where there is no such branch."""
        try:
            return self._api.get(f"{self._api.root}/git/ref/heads/{quote(branch)}", _target, _READ)
        except Absent:
            return None

    def text(self, commit: str, path: str) -> str:
        """A file of a commit as text; "" where there is none."""
        entry = self._files.listed(commit).get(path)
        return self._files.content(entry[1]).decode("utf-8") if entry else ""

    def commit(self, parent: str | None, files: Mapping[str, str | None], message: str) -> str:
        """A commit on top of another (None: an orphan) with these files changed; None removes one. No branch moves.

        Raises:
            Refused: There is no permission to write.
            CouldNotRun: GitHub did not answer.
        """
        entries = [self._entry(path, text) for path, text in files.items() if text is not None or parent]
        base = {"base_tree": parent} if parent else {}
        tree = self._api.post(f"{self._api.root}/git/trees", {**base, "tree": entries}, reading.sha, _WRITE, None)
        body = {"message": message, "tree": tree, "parents": [parent] if parent else []}
        return self._api.post(f"{self._api.root}/git/commits", body, reading.sha, _WRITE, None)

    def create(self, branch: str, commit: str) -> None:
        """A new branch; Refused (422) where there is one already that stands elsewhere."""

        def done() -> str | None:
            found = self.tip(branch)
            return found if found == commit else None

        self._api.post(f"{self._api.root}/git/refs", {"ref": f"refs/heads/{branch}", "sha": commit}, _target, _WRITE, done)

    def move(self, branch: str, commit: str, *, force: bool = False) -> None:
        """Move a branch forward, or with `force` anywhere; Refused (422) where that would lose a commit."""
        path = f"{self._api.root}/git/refs/heads/{quote(branch)}"
        self._api.patch(path, {"sha": commit, "force": force}, _target, _WRITE)


    def _entry(self, path: str, text: str | None) -> dict[str, object]:
        """A file of a new tree: its text itself, or the object that was made of a long one."""
        entry: dict[str, object] = {"path": path, "mode": "100644", "type": "blob"}
        if text is None or len(text) <= _LONG:
            return entry | ({"sha": None} if text is None else {"content": text})
        body = {"content": text, "encoding": "utf-8"}
        return entry | {"sha": self._api.post(f"{self._api.root}/git/blobs", body, reading.sha, _WRITE, None)}


class BranchHistory:
    """The branch `evalbot-history` by the API; see the port `evalbot.domain.history.History`."""

    def __init__(self, branches: Branches) -> None:
        self._branches = branches

    def read(self, path: str) -> str:
        """A file's text; "" where there is none."""
        tip = self._branches.tip(BRANCH)
        return self._branches.text(tip, path) if tip else ""

    def update(self, changes: Mapping[str, Change], message: str) -> bool:
        """Change files in one commit, on top of what others wrote meanwhile."""
        for _ in range(_TRIES):
            tip = self._branches.tip(BRANCH)
            before = {path: self._branches.text(tip, path) if tip else "" for path in changes}
            after = {path: change(before[path]) for path, change in changes.items()}
            if after == before:
                return False
            commit = self._branches.commit(tip, {path: text or None for path, text in after.items() if text != before[path]}, message)
            try:
                self._branches.move(BRANCH, commit) if tip else self._branches.create(BRANCH, commit)
            except Refused as refused:
                if refused.status != 422:
                    raise
                continue  # somebody was faster: once more, on top of theirs
            return True
        raise CouldNotRun(f"the branch {BRANCH} could not be written: others wrote to it {_TRIES} times meanwhile.")


def _target(data: Any) -> str:
    return reading.text(data["object"]["sha"])
