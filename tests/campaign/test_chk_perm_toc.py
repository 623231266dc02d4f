"""CHK, PERM and TOC: what the check says, what a token may do, and whose commit it is about."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import pytest
import yaml

from evalbot.app.checks import PASSING
from evalbot.app.routing import merge_group_number
from evalbot.domain.pulls import CheckConclusion
from evalbot.domain.verdicts import Verdict
from tests.app.checking import CONFIG, PROMPT, House, few
from tests.app.on_github import Scene
from tests.loopback import server_error

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}
ROOT = Path(__file__).parents[2]
SCOPES = {"contents": "read", "pull_requests": "write", "checks": "write", "actions": "read"}


def test_CHK_01_what_could_not_be_evaluated_fails_the_check(on_github, no_waiting):
    scene = on_github(WORSE)

    ran = scene.opened(lambda call: server_error())

    assert (ran.status, ran.outputs["verdict"], scene.check.conclusion) == (3, "inconclusive", "failure")


def test_CHK_01_neutral_and_skipped_are_never_used():
    assert set(get_args(CheckConclusion)) == {"success", "failure", "cancelled"}
    assert set(PASSING) == {Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.ACCEPTED}


@pytest.mark.parametrize("path", sorted((ROOT / "examples/workflows").glob("*.yml")), ids=lambda path: path.stem)
def test_CHK_02_no_workflow_of_ours_filters_paths_and_no_job_is_skipped_on_a_pull_request(path):
    workflow = yaml.safe_load(path.read_text())
    events = workflow[True]  # YAML 1.1 reads `on` as true
    for about in events.values() if isinstance(events, dict) else ():
        assert not {"paths", "paths-ignore"} & set(about if isinstance(about, dict) else {})


def test_CHK_04_without_a_change_the_check_says_what_was_looked_at(on_github):
    scene = on_github({"README.md": "hello"})

    ran = scene.opened()

    assert (ran.status, ran.outputs["verdict"], scene.check.conclusion) == (0, "not_applicable", "success")
    assert "Files looked at: 5." in scene.check.summary


def test_CHK_05_a_workflow_that_head_edits_is_listed_and_blocks(on_github):
    workflow = ".github/workflows/evalbot.yml"
    text = "on: pull_request\njobs:\n  a:\n    name: required\n    steps: [{uses: evalbot/evalbot@main}]\n"
    scene: Scene = on_github(SAME | {workflow: text.replace("required", "other")}, start=few() | {workflow: text})

    ran = scene.opened()

    assert ran.outputs["verdict"] == "fail"
    assert f"{workflow}" in scene.comment
    assert "not applied" in scene.comment.lower()


def test_PERM_01_the_documented_scopes_are_enough_for_a_whole_run(on_github, capsys):
    scene = on_github(WORSE)
    scene.server.scopes = dict(SCOPES)

    assert scene.opened().outputs["verdict"] == "fail"
    assert scene.comment
    assert scene.check.conclusion == "failure"
    assert "::warning::" not in capsys.readouterr().out


@pytest.mark.parametrize("scope", SCOPES)
def test_PERM_01_each_scope_that_is_missing_is_named_and_nothing_crashes(on_github, waited, capsys, scope):
    scene = on_github(WORSE)
    scene.server.scopes = {name: level for name, level in SCOPES.items() if name != scope}

    ran = scene.opened()

    log = capsys.readouterr().out
    assert ran.status != 0
    assert "Traceback" not in log
    if scope != "actions":  # nothing that is stored is asked for on a push
        assert f"permissions: {scope.replace('_', '-')}" in log
    if ran.outputs["verdict"] == "fail":
        assert "do not merge" in ran.summary


def test_PERM_02_a_token_that_may_do_everything_changes_nothing(on_github):
    scene = on_github(WORSE)
    scene.server.scopes = dict.fromkeys(("contents", "pull_requests", "checks", "actions", "issues", "packages", "deployments"), "write")

    assert scene.opened().outputs["verdict"] == "fail"
    assert {request.path.split("/")[4] for request in scene.server.writes} <= {"check-runs", "issues"}


def test_PERM_04_a_system_under_test_sees_no_token_of_the_job(tmp_path, monkeypatch):
    """A `command` target prints its environment as its answer."""
    config = CONFIG.replace("    prompt: prompts/support.md\n    model: openai/gpt-5-mini\n", "    target: {type: command, run: [python3, app.py]}\n")
    app = "import os, sys, json\nprint(json.dumps(dict(os.environ)))\n"
    for name in ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RUNTIME_TOKEN", "GITHUB_TOKEN", "INPUT_GITHUB-TOKEN"):
        monkeypatch.setitem(os.environ, name, "canary-of-the-job")
    house = House(tmp_path, few(config=config) | {"app.py": app})

    result = house.head({"app.py": app + "# changed\n"}).check()

    assert result.rows or result.verdict in ("fail", "not_applicable", "config_error")
    for row in result.rows:
        assert "canary-of-the-job" not in (row["output"] or "")
        assert "ACTIONS_ID_TOKEN" not in (row["output"] or "")
        assert "sk-test" not in (row["output"] or "")


def test_TOC_01_a_head_that_is_old_already_costs_nothing(on_github):
    scene = on_github(WORSE)
    old = scene.pull.head_sha
    scene.house.head(SAME)
    scene.pull.head_sha = scene.house.repo.sha("change")
    pull = {"number": scene.pull.number, "state": "open", "user": {"login": "ada"}, "base": {"ref": "main", "sha": scene.pull.base_sha}}
    pull["head"] = {"ref": "change", "sha": old, "repo": {"full_name": scene.server.name}}

    ran = scene.opened(pull_request=pull)

    assert (ran.status, ran.outputs["verdict"]) == (130, "cancelled")
    assert ran.models.calls == []


def test_TOC_04_the_report_names_the_base_that_it_compared_with(on_github):
    scene = on_github(WORSE, main={"other.md": "meanwhile"})
    tip, base = scene.house.repo.sha("main"), scene.house.repo.git("merge-base", "main", "change")

    ran = scene.opened()

    assert (ran.outputs["policy-sha"], ran.outputs["base-sha"]) == (tip, base)
    assert base[:7] in scene.comment


def test_TOC_05_a_run_again_by_somebody_else_believes_nothing_of_the_old_payload(on_github):
    """The payload of a re-run is the old one; who may do what is asked of GitHub, now."""
    scene = on_github(WORSE)
    scene.opened()
    body = "/evalbot accept 00000000 \"x\""
    scene.server.roles["bob"] = "read"  # bob has lost his rights since he wrote

    ran = scene.command("bob", body, repository={"full_name": scene.server.name, "default_branch": "main", "permissions": {"admin": True}})

    assert ran.outputs == {}
    assert scene.check.conclusion == "failure"


def test_TOC_07_a_commit_that_is_gone_gets_no_check_and_nobody_else_does(on_github, waited):
    scene = on_github(WORSE)
    scene.server.fail("*", "/check-runs", 422, times=100)

    ran = scene.opened()

    assert (ran.status, ran.outputs["verdict"]) == (1, "fail")
    assert scene.server.check_runs == {}


def test_FORK_10_the_number_of_a_merge_group_is_read_from_its_own_branch_only():
    sha = "a" * 40
    assert merge_group_number(f"refs/heads/gh-readonly-queue/main/pr-7-{sha}", "refs/heads/main") == 7
    assert merge_group_number(f"refs/heads/gh-readonly-queue/other/pr-7-{sha}", "refs/heads/main") is None
    assert merge_group_number(f"refs/heads/feature/pr-7-{sha}", "refs/heads/main") is None
