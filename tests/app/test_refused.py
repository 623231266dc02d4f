"""What cannot begin is red where it is read: the check and comment of the head, the files and the outputs, whatever stood there before."""

from __future__ import annotations

import json

import pytest

from tests.app.checking import PROMPT, few

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
TYPO = {"partitions": "golden,regresion"}
SAID = "the input `partitions` names 'regresion', which is no partition. Did you mean 'regression'?"


def test_a_wrong_input_turns_a_green_check_red(on_github):
    scene = on_github(SAME, few())
    assert scene.opened().status == 0
    assert scene.check.conclusion == "success"

    ran = scene.event("pull_request", inputs=TYPO, action="synchronize")

    assert (ran.status, ran.outputs["verdict"], ran.outputs["reason"]) == (2, "config_error", SAID)
    assert ran.models.calls == []
    assert (scene.check.name, scene.check.conclusion) == ("evalbot", "failure")
    assert "which is no partition. Did you mean" in scene.comment
    summary = json.loads((scene.workspace / ran.outputs["summary-path"]).read_text())
    assert (summary["verdict"], summary["head_sha"], summary["pull_request"]) == ("config_error", scene.pull.head_sha, 7)


def test_a_command_that_the_event_does_not_have_is_red_too(on_github):
    scene = on_github(SAME, few())
    assert scene.event("pull_request", inputs={"command": "publish"}, action="opened").status == 2
    assert scene.check.conclusion == "failure"


def test_a_wrong_input_is_red_on_a_merge_group(on_github):
    scene = on_github(SAME, few())
    head = scene.pull.head_sha
    group = {"base_sha": scene.pull.base_sha, "head_sha": head, "base_ref": "refs/heads/main", "head_ref": f"refs/heads/gh-readonly-queue/main/pr-7-{head}"}
    assert scene.event("merge_group", inputs=TYPO, action="checks_requested", merge_group=group).status == 2
    assert scene.check.conclusion == "failure"


@pytest.mark.parametrize("name", ["schedule", "push", "issue_comment"])
def test_elsewhere_it_is_in_the_files_and_the_outputs(name, on_github):
    scene = on_github(SAME, few())
    ran = scene.event(name, inputs=TYPO, env={"GITHUB_TOKEN": ""})
    assert (ran.status, ran.outputs["verdict"]) == (2, "config_error")
    assert json.loads((scene.workspace / "evalbot-report/summary.json").read_text())["reason"] == SAID
    assert scene.server.writes == []


@pytest.mark.parametrize("action", ["closed", "edited"])
def test_a_pull_request_that_is_closed_or_only_got_another_text_is_left_alone(action, on_github):
    scene = on_github(SAME, few())
    assert scene.event("pull_request", action=action).status == 0
    assert (scene.server.requests, scene.server.checks(scene.pull.head_sha)) == ([], [])
