"""Proposals on GitHub: a branch rebuilt from the default branch, and one pull request from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import Api, Errand
from evalbot.adapters.github.branches import Branches
from evalbot.adapters.github.files import Files
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.ports import Snapshot
from evalbot.domain.proposals import Draft, Standing, State
from evalbot.domain.pulls import Refused, Repository

_READ = Errand("list the pull requests", "pull-requests: read")
_WRITE = Errand("open or update the pull request", "pull-requests: write")
_LABEL = Errand("label the pull request", "issues: write")
_NOT_ALLOWED = (
    "GitHub Actions may not open pull requests here. Allow it in the repository's settings (Actions, General), or give the action an app's token."
)


class GitHubProposals:
    """See the port `evalbot.domain.proposals.Proposals`."""

    def __init__(self, api: Api, branches: Branches, files: Files, repository: Repository) -> None:
        self._api, self._branches, self._files, self._repository = api, branches, files, repository

    def public(self) -> bool:
        """Whether the repository is public."""
        return not self._repository.private

    def default(self) -> tuple[str, Snapshot]:
        """The default branch's tip and its files; raises CouldNotRun where GitHub knows no such branch."""
        sha = self._branches.tip(self._repository.default_branch)
        if sha is None:
            raise CouldNotRun(f"GitHub knows no branch {self._repository.default_branch!r} here, which is the default branch.")
        return sha, self._files.tree(sha)

    def standing(self, branch: str) -> Standing:
        """The newest pull request from the branch, whatever its state, and the branch's tip."""
        tip = self._branches.tip(branch) or ""
        asked = {"state": "all", "head": f"{self._repository.owner}:{branch}", "sort": "created", "direction": "desc"}
        newest = next(self._api.pages(f"{self._api.root}/pulls", _standing, _READ, asked), None)
        return Standing(tip=tip) if newest is None else _with_tip(newest, tip)

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit."""
        return self._files.tree(sha)

    def propose(self, draft: Draft, standing: Standing) -> Standing:
        """Branch first, then the pull request: a run that dies in between is gone on with by the next."""
        tip = standing.tip
        if not self._stands(tip, draft):
            if standing.state == "open" and tip:
                self._refuse_to_lose(tip, draft)
            tip = self._branches.commit(draft.onto, {draft.path: draft.text}, draft.title)
            if standing.tip:
                self._branches.move(draft.branch, tip, force=True)
            else:
                self._branches.create(draft.branch, tip)
        written = self._updated(draft, standing) if standing.state == "open" else self._opened(draft)
        self._label(written.number, draft)
        return _with_tip(written, tip)

    def close(self, standing: Standing, comment: str) -> None:
        """A comment, then the closing."""
        self._api.post(f"{self._api.root}/issues/{standing.number}/comments", {"body": comment}, reading.comment, _WRITE, None)
        self._api.patch(f"{self._api.root}/pulls/{standing.number}", {"state": "closed"}, _standing, _WRITE)

    def _refuse_to_lose(self, tip: str, draft: Draft) -> None:
        """The branch is written anew: what somebody has put there beside our file would be gone."""
        paths = self._files.brought(draft.onto, tip)
        others = ["too many files to be listed"] if paths is None else [path for path in paths if path != draft.path]
        if others:
            more = f" and {len(others) - 1} more" if len(others) > 1 else ""
            raise CouldNotRun(
                f"somebody has changed {others[0]}{more} on the branch {draft.branch}, and writing it anew would lose that. "
                "Merge the pull request, or take the change to another branch."
            )

    def _stands(self, tip: str, draft: Draft) -> bool:
        """Whether the branch is this draft already: the same file on top of the same commit."""
        if not tip or self._branches.text(tip, draft.path) != draft.text:
            return False
        return self._api.get(f"{self._api.root}/git/commits/{tip}", _parents, _READ) == [draft.onto]

    def _opened(self, draft: Draft) -> Standing:
        body = {"title": draft.title, "body": draft.body, "head": draft.branch, "base": self._repository.default_branch, "maintainer_can_modify": True}

        def done() -> Standing | None:
            found = self.standing(draft.branch)
            return found if found.state == "open" else None

        try:
            return self._api.post(f"{self._api.root}/pulls", body, _standing, _WRITE, done)
        except Refused as refused:
            if "not permitted to create" in str(refused):
                raise Refused(_NOT_ALLOWED, refused.status) from None
            found = done() if refused.status == 422 else None
            if found is None:
                raise
            return self._updated(draft, found)

    def _updated(self, draft: Draft, standing: Standing) -> Standing:
        return self._api.patch(f"{self._api.root}/pulls/{standing.number}", {"title": draft.title, "body": draft.body}, _standing, _WRITE)

    def _label(self, number: int, draft: Draft) -> None:
        path = f"{self._api.root}/issues/{number}/labels"
        self._api.post(path, {"labels": list(draft.labels)}, lambda found: found, _LABEL, None)


def _standing(data: Any) -> Standing:
    state: State = "open" if data["state"] == "open" else "merged" if data.get("merged_at") else "closed"
    return Standing(state, reading.number(data["number"]), reading.text(data["head"]["sha"]), "", reading.text(data.get("html_url") or ""))


def _with_tip(found: Standing, tip: str) -> Standing:
    return Standing(found.state, found.number, found.head, tip, found.url)


def _parents(data: Any) -> list[str]:
    return [reading.sha(parent) for parent in cast("list[Mapping[str, Any]]", data["parents"])]


