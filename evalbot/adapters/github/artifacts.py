"""Workflow runs and what they left: an artifact is believed only from our own repository and workflow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from evalbot.adapters.github import reading
from evalbot.adapters.github.api import CALL_SECONDS, TIMEOUT_SECONDS, Absent, Api, Errand
from evalbot.adapters.github.faults import Foreign
from evalbot.domain.errors import CouldNotRun

MOST_BYTES = 64 * 1024 * 1024
MOST_RUNS_ASKED = 5

_LIST = Errand("list the artifacts", "actions: read")
_RUN = Errand("read the workflow run", "actions: read")
_FETCH = Errand("fetch the artifact", "actions: read")


@dataclass(frozen=True, slots=True)
class _Found:
    id: int
    run: int
    created_at: str
    ours: bool  # unexpired, and head was in the repository itself


class Artifacts:
    """Artifacts and workflow runs of one repository.

    Args:
        api: The repository.
        repository: owner/name.
    """

    def __init__(self, api: Api, repository: str) -> None:
        self._api, self._repository = api, repository

    def run_is_active(self, run: str) -> bool:
        """Whether a workflow run has not completed; one that nobody knows is not active."""
        if not run.isdecimal():
            return False
        try:
            return self._api.get(f"{self._api.root}/actions/runs/{run}", lambda data: reading.text(data["status"]) != "completed", _RUN)
        except Absent:
            return False

    def newest(self, name: str, workflow: str) -> bytes | None:
        """The newest zip of this name that a run of our repository and workflow left; None where there is none.

        Args:
            name: The artifact's name.
            workflow: The workflow's path, or what GITHUB_WORKFLOW_REF says.

        Raises:
            CouldNotRun: It is larger than 64 MiB, or cannot be fetched.
        """
        path = _workflow_path(workflow, self._repository)
        found = sorted(self._named(name), key=lambda item: (item.created_at, item.id), reverse=True)
        for item in found[:MOST_RUNS_ASKED]:
            if self._is_ours(item.run, path):
                try:
                    return self._api.fetch(f"{self._api.root}/actions/artifacts/{item.id}/zip", self._download, _FETCH)
                except Absent:
                    continue  # it expired meanwhile
        return None

    def _named(self, name: str) -> Iterator[_Found]:
        listed = self._api.pages(f"{self._api.root}/actions/artifacts", _artifact, _LIST, {"name": name}, under="artifacts")
        return (item for item in listed if item.ours)

    def _is_ours(self, run: int, workflow: str) -> bool:
        try:
            origin = self._api.get(f"{self._api.root}/actions/runs/{run}", _origin, _RUN)
        except Absent:
            return False
        return origin == (self._repository.lower(), workflow)

    def _download(self, url: str) -> bytes:
        """The bytes at the signed address that GitHub names; the token stays here."""
        import requests

        where, api = urlsplit(url), urlsplit(self._api.url)
        if where.scheme != "https" and (where.scheme, where.netloc) != (api.scheme, api.netloc):
            raise Foreign(f"the artifact is said to be at {where.scheme}://{where.netloc}")
        until = self._api.now() + CALL_SECONDS
        with requests.Session() as session:
            session.auth = lambda request: request  # else a .netrc would be looked up
            with session.get(url, timeout=TIMEOUT_SECONDS, stream=True, allow_redirects=False) as response:
                if response.status_code != 200:
                    raise requests.RequestException(f"HTTP {response.status_code}")
                content = bytearray()
                for piece in response.iter_content(1 << 16):
                    content += piece
                    if len(content) > MOST_BYTES or self._api.now() > until:
                        raise CouldNotRun(f"The artifact has more than {MOST_BYTES >> 20} MiB, or does not come: it is not read.")
        return bytes(content)


def _artifact(data: Any) -> _Found:
    run = data.get("workflow_run") or {}
    ours = not reading.truth(data["expired"]) and run.get("repository_id") is not None
    same = ours and run["repository_id"] == run.get("head_repository_id")
    return _Found(reading.number(data["id"]), run.get("id") or 0, reading.text(data.get("created_at") or ""), same)


def _origin(data: Any) -> tuple[str, str]:
    """Whose head a run worked on, and the path of its workflow."""
    head = data.get("head_repository")
    return (reading.text(head["full_name"]).lower() if head else "", reading.text(data["path"]).partition("@")[0])


def _workflow_path(workflow: str, repository: str) -> str:
    return workflow.partition("@")[0].removeprefix(f"{repository}/")

