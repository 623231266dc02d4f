"""A pull request on a loopback GitHub, the action's environment, and one call that runs the action on an event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from pathlib import Path
from typing import Any

from evalbot.app.action import act
from tests.app.checking import House, Script, by_quality
from tests.github_server import GitHubServer
from tests.github_state import Pull
from tests.loopback import LoopbackModels


class Scene:
    """A house whose branch `change` is open as a pull request."""

    def __init__(self, root: Path, house: House, server: GitHubServer, **pull: Any) -> None:
        self.root, self.house, self.server = root, house, server
        (house.repo.root / ".git/info/exclude").write_text("evalbot-report/\n")
        self.pull: Pull = server.open_pull("change", **pull)
        server.roles.update({"ada": "write", "bob": "write", "eve": "read"})
        self.workspace = house.repo.root
        self.runs = 0

    def at(self, pull: Pull) -> Scene:
        """The same repository and the same server, seen from another pull request."""
        other = copy(self)
        other.pull, other.root = pull, self.root / f"pull-{pull.number}"
        other.root.mkdir()
        return other

    def event(self, name: str, script: Script | None = None, inputs: Mapping[str, str] | None = None, env: Mapping[str, str] | None = None, **payload: Any) -> Ran:
        """Run the action on an event; `payload` is laid over what the event always holds, `env` over the variables."""
        folder, environment = self.job(name, **payload)
        with LoopbackModels(script or by_quality()) as models:
            given = {f"INPUT_{key.upper()}": value for key, value in (inputs or {}).items()}
            return Ran(act(environment | models.env() | given | dict(env or {})), folder, models)

    def job(self, name: str, **payload: Any) -> tuple[Path, dict[str, str]]:
        """The folder of a new job, and the environment that the runner gives its step."""
        self.runs += 1
        folder = self.root / f"run-{self.runs}"
        folder.mkdir()
        (folder / "event.json").write_text(json.dumps(self._payload() | payload))
        (folder / "output").touch()
        (folder / "summary").touch()
        return folder, {
            "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(folder / "event.json"),
            "GITHUB_API_URL": self.server.url, "GITHUB_REPOSITORY": self.server.name, "GITHUB_WORKSPACE": str(self.workspace),
            "GITHUB_OUTPUT": str(folder / "output"), "GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_RUN_ID": str(self.runs),
            "GITHUB_TOKEN": self.server.token, "GITHUB_WORKFLOW_REF": f"{self.server.name}/.github/workflows/evalbot.yml@refs/heads/main", "INPUT_REPORT-DIR": "evalbot-report",
            "INPUT_CACHE-DIR": f".evalbot-cache-{self.runs}",  # another runner each time, and nothing restored
        }  # fmt: skip

    def opened(self, script: Script | None = None, **more: Any) -> Ran:
        """The event of a push to the pull request."""
        return self.event("pull_request", script, action="synchronize", sender={"login": "ada"}, **more)

    def command(self, author: str, body: str, script: Script | None = None, **more: Any) -> Ran:
        """Somebody comments."""
        comment = self.server.say(self.pull.number, author, body)
        issue = {"number": self.pull.number, "pull_request": {"url": "x"}, "user": {"login": self.pull.author}}
        said = {"id": comment.id, "user": {"login": author, "type": "User"}, "body": body}
        return self.event("issue_comment", script, action="created", issue=issue, comment=said, **more)

    def _payload(self) -> dict[str, Any]:
        pull = self.pull
        repository = {"full_name": self.server.name, "default_branch": "main"}
        side = {"ref": pull.head_ref, "sha": pull.head_sha, "repo": {"full_name": pull.head_repository}}
        return {
            "repository": repository,
            "pull_request": {
                "number": pull.number, "state": "open", "user": {"login": pull.author}, "head": side,
                "base": {"ref": pull.base_ref, "sha": pull.base_sha, "repo": repository},
            },
        }  # fmt: skip

    @property
    def comment(self) -> str:
        """The bot's one comment."""
        (only,) = self.server.comments(self.pull.number, self.server.identity)
        return only.body

    @property
    def check(self) -> Any:
        """The newest check on the head."""
        return self.server.checks(self.pull.head_sha)[-1]


class Ran:
    """What a job left behind."""

    def __init__(self, status: int, folder: Path, models: LoopbackModels) -> None:
        self.status, self.folder, self.models = status, folder, models

    @property
    def outputs(self) -> dict[str, str]:
        """As the runner reads them: name<<delimiter, lines, delimiter."""
        found: dict[str, str] = {}
        lines = iter((self.folder / "output").read_text().splitlines())
        for line in lines:
            name, _, delimiter = line.partition("<<")
            value = []
            for inner in lines:
                if inner == delimiter:
                    break
                value.append(inner)
            found[name] = "\n".join(value)
        return found

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text()
