"""A repository with a harvest, a production log beside it, and one call that runs the harvest on a loopback GitHub."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from evalbot.adapters.github import GitHubClient
from evalbot.app.harvest import Harvested, HarvestOptions, harvest
from evalbot.app.harvest_names import Named
from evalbot.app.wiring import World
from tests.github_server import GitHubServer
from tests.repository import Repo

NOW = 1_790_000_000.0
CONFIG = """\
version: 1
metrics:
  rules: {type: checks, checks: [{name: said, not_contains_any: [TODO], ignore_case: true}]}
suites:
  support:
    prompt: prompts/support.md
    model: local/extractive
    dataset: evals/*.jsonl
    metrics: [rules]
harvest:
  suite: support
  dataset: evals/regression.jsonl
  source: {type: jsonl, url: "logs/*.jsonl"}
  map: {id: id, user_input: asked, output: answered, timestamp: at, user: user, had_error: error, latency_ms: ms}
  feedback: {field: thumbs, bad_when: down}
  sample: {rate: 1.0}
  propose: {max: 10, per_user: 10, per_cluster: 5}
"""
PROMPT = "You answer for a shop.\n\n- Returns: TODO, nobody has written this down.\n- Gift cards: TODO, nobody has written this down either.\n- Sunday hours: TODO, to be settled.\n- Opening hours are nine to five.\n- Delivery takes two days.\n"
GOLDEN = {"id": "g-1", "partition": "golden", "input": {"user_input": "When do you open?"}, "reviewers": ["a", "b"]}


def record(name: str, asked: str = "How do returns work?", answered: str = "TODO", *, ago: float = 600.0, **more: Any) -> dict[str, Any]:
    return {"id": name, "asked": asked, "answered": answered, "at": NOW - ago, "user": f"user of {name}", **more}


class Shop:
    """`main` holds config, prompt and datasets; `logs/` lies in the workspace, untracked."""

    def __init__(self, root: Path, config: str = CONFIG, prompt: str = PROMPT, regression: str = "") -> None:
        self.root = root
        self.repo = Repo(root / "repository")
        (self.repo.root / ".git/info/exclude").write_text("logs/\nevalbot-report/\n")
        files = {"evalbot.yml": config, "prompts/support.md": prompt, "evals/golden.jsonl": json.dumps(GOLDEN) + "\n", "evals/regression.jsonl": regression}
        self.repo.write(files).commit("base")
        self.server = GitHubServer(self.repo)
        self.server.private = True
        self.server.scopes["contents"] = "write"
        self.server.scopes["issues"] = "write"

    def log(self, *records: Mapping[str, Any], name: str = "one") -> Shop:
        path = self.repo.root / "logs" / f"{name}.jsonl"
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(json.dumps(one) + "\n" for one in records))
        return self

    def harvest(self, *, now: float = NOW, dry_run: bool = False, env: Mapping[str, str] | None = None, named: Named | None = None) -> Harvested:
        """One run, as the scheduled job makes it; with `named` as somebody asks for it."""
        github = GitHubClient(self.server.token, self.server.url, self.server.name, most_calls=200, sleep=lambda _: None)
        world = World.real({"GITHUB_TOKEN": self.server.token, **(env or {})}, self.root / "report", quiet=True)
        return harvest(self.repo.root, HarvestOptions(repository=self.server.name, dry_run=dry_run, named=named), world, github.proposals(), github.history(), now)

    @property
    def pull(self) -> Any:
        """The one pull request that is open."""
        (only,) = [pull for pull in self.server.pulls.values() if pull.state == "open"]
        return only

    def rows(self, ref: str = "evalbot/harvest-default-support", path: str = "evals/regression.jsonl") -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.repo.git("show", f"{ref}:{path}").splitlines() if line]

    def ledger(self) -> Sequence[Mapping[str, Any]]:
        text = self.repo.git("show", "evalbot-history:harvest/default/support.jsonl")
        return [json.loads(line) for line in text.splitlines()]

    @property
    def watermark(self) -> float:
        return float(next(line["watermark"] for line in self.ledger() if "watermark" in line))

    def everything(self) -> str:
        """Every git object and every request to GitHub, as text."""
        listed = self.repo.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname) %(objecttype)").splitlines()
        objects = [self.repo.git("cat-file", "-p", line.split()[0]) for line in listed]
        asked = [f"{request.path} {json.dumps(request.body, ensure_ascii=False)}" for request in self.server.requests]
        return "\n".join([*objects, *asked])
