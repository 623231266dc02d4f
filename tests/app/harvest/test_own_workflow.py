"""This project's own harvest: the workflow in .github, with what it sets, on the example that it is about."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from evalbot.app.action import act
from tests.adapters.sources.api import JsonApi
from tests.github_server import GitHubServer
from tests.pages import ROOT
from tests.repository import Repo

WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/harvest.yml").read_text(encoding="utf-8"))
LOG = "EVALBOT_HARVEST_LOG"


def test_it_may_write_what_a_harvest_writes_and_nothing_else() -> None:
    (job,) = WORKFLOW["jobs"].values()
    assert WORKFLOW["permissions"] == {}
    assert job["permissions"] == {"contents": "write", "pull-requests": "write", "issues": "write", "checks": "write"}
    assert set(WORKFLOW[True]) == {"schedule", "workflow_dispatch"}  # YAML 1.1 reads `on` as true
    assert WORKFLOW[True]["workflow_dispatch"]["inputs"]["dry-run"] == {"description": "Print the pull request and write nothing.", "type": "boolean", "default": True}


def test_without_a_log_a_night_is_skipped_and_said_to_be_not_passed() -> None:
    (job,) = WORKFLOW["jobs"].values()
    assert job["if"] == f"vars.{LOG} || github.event_name == 'workflow_dispatch'"
    assert WORKFLOW["run-name"] == f"${{{{ vars.{LOG} && 'harvest' || 'No harvest, the variable {LOG} names no log' }}}}"


class Ours:
    """The job on a repository that holds our own configuration and example, beside a log of answers."""

    def __init__(self, folder: Path, records: list[dict[str, Any]]) -> None:
        self.folder, self.records = folder, records
        self.repo = Repo(folder / "repository")
        example = ROOT / "examples/support-bot"
        files = {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (ROOT / ".github/evalbot/evalbot.yml", *example.rglob("*")) if path.is_file()}
        self.repo.write(files).commit("base")
        self.server = GitHubServer(self.repo)
        self.server.scopes |= {"contents": "write", "issues": "write"}

    def run(self, log: str, dry_run: str) -> int:
        """The step as the workflow writes it, its expressions filled in."""
        values = {f"vars.{LOG}": log, "inputs.dry-run": dry_run, "secrets.EVALBOT_HARVEST_KEY": ""}
        (step,) = [step for job in WORKFLOW["jobs"].values() for step in job["steps"] if step["uses"] == "./"]
        own = {name: values[text.removeprefix("${{ ").removesuffix(" }}")] for name, text in step["env"].items()}
        given = {f"INPUT_{name.upper()}": str(value) for name, value in step["with"].items()}
        event, output = self.folder / "event.json", self.folder / "output"
        event.write_text(json.dumps({"repository": {"full_name": self.server.name, "default_branch": "main"}, "ref": "refs/heads/main"}))
        output.write_text("")
        return act({
            "GITHUB_EVENT_NAME": "workflow_dispatch", "GITHUB_EVENT_PATH": str(event), "GITHUB_WORKSPACE": str(self.repo.root), "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary.md"), "GITHUB_REPOSITORY": self.server.name, "GITHUB_API_URL": self.server.url,
            "GITHUB_SHA": self.repo.sha("main"), "INPUT_GITHUB-TOKEN": self.server.token, **given, **own,
        })  # fmt: skip


@pytest.fixture
def ours(tmp_path: Path):
    asked = "Which is better for ten agents, Quillmail or Larkbox?"
    wrong = {"id": "a-1", "asked": asked, "answered": "Take Quillmail.", "at": time.time() - 600}
    right = {"id": "a-2", "asked": "How long is the free trial?", "answered": "The free trial lasts 14 days. Is there anything else I can do for you?", "at": time.time() - 500}
    ours = Ours(tmp_path, [wrong, right])
    with ours.server:
        yield ours


def test_a_dry_run_prints_the_pull_request_and_writes_nothing(ours: Ours, capsys: pytest.CaptureFixture[str]) -> None:
    with JsonApi(lambda asked: ours.records) as api:
        assert ours.run(f"{api.url}/answers", "true") == 0
        assert api.asked[0].one("until") > api.asked[0].one("since")
    said = capsys.readouterr().out
    assert "branch evalbot/harvest-default-support, file examples/support-bot/evals/regression.jsonl" in said
    assert "Quillmail or Larkbox" in said
    assert "a dry run: nothing was written" in (ours.folder / "summary.md").read_text()
    assert (ours.server.writes, ours.server.pulls) == ([], {})


def test_the_nightly_run_proposes_on_our_own_example(ours: Ours) -> None:
    with JsonApi(lambda asked: ours.records) as api:
        assert ours.run(f"{api.url}/answers", "") == 0
    (pull,) = ours.server.pulls.values()
    text = ours.repo.git("show", f"{pull.head_sha}:examples/support-bot/evals/regression.jsonl")
    assert text.splitlines()[:-1] == (ROOT / "examples/support-bot/evals/regression.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(text.splitlines()[-1])["id"] == "prod-a-1"


@pytest.mark.parametrize(
    ("log", "dry_run", "said"),
    [
        ("", "false", f"the source needs the environment variable {LOG}, which is not set"),
        ("http://logs.example/answers", "false", "must begin with https://"),
        ("https://logs.example/answers", "yes", "EVALBOT_HARVEST_DRY_RUN: 'yes' is neither true nor false"),
    ],
)
def test_what_cannot_be_read_or_understood_is_no_pass(ours: Ours, capsys: pytest.CaptureFixture[str], log: str, dry_run: str, said: str) -> None:
    assert ours.run(log, dry_run) == 2
    assert said in capsys.readouterr().out
    assert ours.server.writes == []
