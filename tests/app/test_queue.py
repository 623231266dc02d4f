"""The merge queue: what people said of a pull request holds for what the queue built of it, where both are the same work."""

from __future__ import annotations

import re

import pytest

from tests.app.checking import CONFIG, PROMPT, golden, lines

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}


def edited():
    rows = golden()
    rows[3] = rows[3] | {"input": {"user_input": "Question g-03, asked better?"}}
    return SAME | {"evals/golden.jsonl": lines(rows)}


def queue(scene, *, first=None, number=7, base="main"):
    """The event of a merge group: the pull request merged onto `base`, after another one's changes if there are any."""
    repo = scene.house.repo
    base_sha = repo.sha(base)
    repo.git("checkout", "--quiet", "-B", "queue", base)
    if first is not None:
        repo.write(first).commit("another pull request")
    repo.git("merge", "--quiet", "--no-ff", "--message", "queued", "change")
    group = {
        "base_sha": base_sha, "head_sha": repo.sha(), "base_ref": f"refs/heads/{base}",
        "head_ref": f"refs/heads/gh-readonly-queue/{base}/pr-{number}-{'a' * 40}",
    }  # fmt: skip
    repo.switch("change")
    ran = scene.event("merge_group", action="checks_requested", merge_group=group)
    check = scene.server.checks(group["head_sha"])[-1]
    return ran, check


def accept(scene):
    name = re.search(r"/evalbot accept ([0-9a-f]{8})", scene.comment)[1]
    return scene.command("bob", f'/evalbot accept {name} "wanted"')


def answers(ran):
    return [call for call in ran.models.calls if call.schema is None]


def test_an_acceptance_holds_for_a_group_that_is_the_same_work_and_nothing_is_paid_for_again(on_github):
    scene = on_github(WORSE)
    scene.opened()
    accept(scene)
    scene.house.on_main({"README.md": "main moves on"})
    comments = len(scene.server.said)

    ran, check = queue(scene)

    assert (ran.status, ran.outputs["verdict"], check.conclusion) == (0, "accepted", "success")
    assert (answers(ran), len(scene.server.said)) == ([], comments)
    assert len(scene.server.requests) - len(scene.server.writes) < 40


def test_approvals_hold_too(on_github):
    scene = on_github(edited())
    scene.opened()
    scene.server.review(7, "bob")

    ran, check = queue(scene)

    assert (ran.outputs["verdict"], check.conclusion) == ("pass", "success")


@pytest.mark.parametrize(
    ("on_main", "first"),
    [
        ({"evalbot.yml": CONFIG + "    gates: {scores: {min_effect: 0.4}}\n"}, None),
        ({"evals/golden.jsonl": lines(golden(13))}, None),
        (None, {"prompts/more.md": PROMPT.format(quality="bad"), "evalbot.yml": CONFIG.replace("prompt: prompts/support.md", "prompts: [prompts/*.md]")}),
    ],
    ids=["policy", "exam", "subject"],
)
def test_nothing_holds_where_policy_exam_or_subject_are_others(on_github, on_main, first):
    scene = on_github(WORSE)
    scene.opened()
    accept(scene)
    if on_main:
        scene.house.on_main(on_main)

    ran, check = queue(scene, first=first)

    assert (ran.outputs["verdict"], check.conclusion) == ("fail", "failure")


@pytest.mark.parametrize("number", ["0", "7/x"], ids=["no number", "another branch"])
def test_a_group_that_names_no_pull_request_inherits_nothing(on_github, number):
    scene = on_github(WORSE)
    scene.opened()
    accept(scene)

    ran, _ = queue(scene, number=number)

    assert ran.outputs["verdict"] == "fail"


def test_a_check_that_somebody_elses_workflow_wrote_is_no_ground_to_inherit(on_github):
    scene = on_github(WORSE)
    scene.opened()
    accept(scene)
    for check in scene.server.checks(scene.pull.head_sha):
        check.app = "forger"

    assert queue(scene)[0].outputs["verdict"] == "fail"


def test_a_fork_that_nobody_let_in_is_not_run_in_the_queue_either(on_github):
    scene = on_github(SAME, fork="mallory/shop", author="mallory")

    ran, check = queue(scene)

    assert (ran.outputs["verdict"], check.conclusion, ran.models.calls) == ("needs_approval", "failure", [])
    scene.server.say(7, "bob", f"/evalbot run {scene.pull.head_sha}")
    assert queue(scene, base="main")[0].outputs["verdict"] == "pass"
