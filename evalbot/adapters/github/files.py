"""Commits by the API, without a checkout: their files, and what differs between two of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import Absent, Api, Errand
from evalbot.adapters.trees import CommitTree
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.ports import Snapshot

KEPT_FOR_PUBLISHING = 12  # calls that reading files leaves for the check and the comment
MOST_COMPARED = 300  # the compare API lists no more files, and does not say that there are more

_CHECKOUT = "Add a step with actions/checkout before evalbot: then files are read from git."
_COMPARE = Errand("compare the commits", "contents: read")
_READ = Errand("read the files of the commit", "contents: read")


@dataclass(frozen=True, slots=True)
class _Comparison:
    base: str
    merge_base: str
    paths: tuple[str, ...] | None  # None: more than the API lists


class Files:
    """The commits of one repository, a fork's too where a pull request brought them. Nothing is asked for twice."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._comparisons: dict[tuple[str, str], _Comparison] = {}
        self._trees: dict[str, Snapshot] = {}
        self._entries: dict[str, Mapping[str, tuple[str, str]]] = {}
        self._sizes: dict[str, int] = {}
        self._contents: dict[str, bytes] = {}

    def merge_base(self, base: str, head: str) -> str:
        """The merge base of two commits, refs or shas."""
        return self._compare(base, head).merge_base

    def tip(self, branch: str, head: str) -> str | None:
        """The commit of a branch, from its comparison with a head; None where the two cannot be compared."""
        try:
            compared = self._compare(branch, head)
        except Absent:
            return None
        self._comparisons[compared.base, head] = compared
        return compared.base

    def changed_paths(self, base: str, head: str) -> Sequence[str] | None:
        """Paths that differ between two commits, both names of a moved file; None where the list is not complete."""
        try:
            compared = next((c for (_, other), c in self._comparisons.items() if other == head and c.merge_base == base), None)
            compared = compared or self._compare(base, head)
            # It says what head did since the merge base: something else where that is not the base.
            if compared.merge_base == base and compared.paths is not None:
                return compared.paths
            old, new = self.listed(base), self.listed(head)
        except (CouldNotRun, ConfigError):
            return None  # the caller then takes everything for changed, or asks git
        return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))

    def brought(self, base: str, head: str) -> tuple[str, ...] | None:
        """The paths that head changed since it left base; None where they are too many to be listed."""
        return self._compare(base, head).paths

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit.

        Raises:
            ConfigError: There are too many for the API.
        """
        if sha not in self._trees:
            self._trees[sha] = CommitTree(sha, self.listed(sha), self._sizes.__getitem__, self.content)
        return self._trees[sha]

    def _compare(self, base: str, head: str) -> _Comparison:
        if (base, head) not in self._comparisons:
            path = f"{self._api.root}/compare/{quote(base, safe='')}...{quote(head, safe='')}"
            # One commit a page: only the files are wanted, and they are all on the first page.
            self._comparisons[base, head] = self._api.get(path, _comparison, _COMPARE, {"per_page": 1})
        return self._comparisons[base, head]

    def listed(self, sha: str) -> Mapping[str, tuple[str, str]]:
        """Path → (mode, object id) of every file of a commit."""
        if sha not in self._entries:
            try:
                found = self._api.get(f"{self._api.root}/git/trees/{quote(sha, safe='')}", _whole_tree, _READ, {"recursive": "1"})
            except Absent as absent:
                raise CouldNotRun(f"{absent} Is {sha[:10]} a commit of this repository?") from None
            if found is None:
                raise ConfigError(Problem("The repository has more files than GitHub's API lists.", hint=_CHECKOUT))
            self._entries[sha] = {path: (mode, oid) for path, mode, oid, _ in found}
            self._sizes |= {oid: size for _, _, oid, size in found}
        return self._entries[sha]

    def content(self, oid: str) -> bytes:
        """The bytes of an object."""
        if oid not in self._contents:
            if self._api.calls >= self._api.most_calls - KEPT_FOR_PUBLISHING:
                raise CouldNotRun(f"Too many files are to be read by GitHub's API, one call for each. {_CHECKOUT}")
            self._contents[oid] = self._api.get(f"{self._api.root}/git/blobs/{quote(oid, safe='')}", _blob, _READ)
        return self._contents[oid]


def _comparison(data: Any) -> _Comparison:
    files = data.get("files")
    names = {name for file in files or () for name in (file["filename"], file.get("previous_filename")) if name is not None}
    whole = files is not None and len(files) < MOST_COMPARED
    return _Comparison(_sha(data["base_commit"]["sha"]), _sha(data["merge_base_commit"]["sha"]), tuple(sorted(map(reading.text, names))) if whole else None)


def _whole_tree(data: Any) -> list[tuple[str, str, str, int]] | None:
    """(path, mode, object id, size) of everything but folders; None where the list was cut."""
    if reading.truth(data.get("truncated", False)):
        return None
    files = (entry for entry in data["tree"] if entry["type"] != "tree")
    return [(reading.text(file["path"]), reading.text(file["mode"]), _sha(file["sha"]), file.get("size", 0)) for file in files]


def _blob(data: Any) -> bytes:
    if data["encoding"] != "base64":
        raise ValueError("not base64")
    content = base64.b64decode(reading.text(data["content"]))
    if len(content) != data.get("size", len(content)):
        raise ValueError("not whole")
    return content


def _sha(value: Any) -> str:
    if not re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", reading.text(value)):
        raise ValueError("not a sha")
    return str(value)
