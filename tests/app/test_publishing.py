"""The second workflow: what it writes after a run that could not, from what GitHub says and never from that run's word."""

from __future__ import annotations

import json

import pytest

from tests.app.checking import CONFIG, PROMPT, golden, lines

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}
READ_ONLY = {"contents": "read", "pull_requests": "read", "checks": "read", "actions": "read"}
WORKFLOW = ".github/workflows/evalbot.yml"


def publish(scene, tmp_path, run=900, actor="ada", sha="", **more):
    """The event that follows a run of the first workflow, in a job without a checkout and without a key."""
    workspace, scene.workspace = scene.workspace, tmp_path / f"publish-{run}"
    scene.workspace.mkdir(exist_ok=True)
    scene.server.scopes = {"contents": "read", "pull_requests": "write", "checks": "write", "actions": "read"}
    head = sha or scene.pull.head_sha
    ended = {
        "id": run, "head_sha": head, "head_repository": {"full_name": scene.pull.head_repository}, "event": "pull_request",
        "conclusion": "failure", "path": WORKFLOW, "actor": {"login": actor}, "triggering_actor": {"login": actor},
    }  # fmt: skip
    try:
        return scene.event("workflow_run", action="completed", workflow_run=ended | more, env={"OPENAI_API_KEY": "", "ANTHROPIC_API_KEY": ""})
    finally:
        scene.workspace = workspace


def of_a_fork(on_github, changes):
    scene = on_github(changes, fork="mallory/shop", author="mallory")
    scene.server.scopes = READ_ONLY
    return scene


def stored(scene, run=900, **fields):
    """The artifact that a run of the first workflow uploads."""
    journal = scene.house.repo.root / "evalbot-report/results.jsonl"
    scene.server.add_run(run, sha=scene.pull.head_sha, **fields)
    scene.server.add_artifact(f"evalbot-default-{scene.pull.head_sha}", {"results.jsonl": journal.read_bytes()}, run)
    journal.unlink()


@pytest.mark.parametrize(
    ("changes", "verdict", "conclusion", "comments"),
    [
        (SAME, "needs_approval", "failure", 1),
        ({"README.md": "a typo less"}, "not_applicable", "success", 0),
        ({"evalbot.yml": CONFIG + "    gates: {scores: {min_effect: 4.0}}\n"}, "fail", "failure", 1),
        ({"evals/golden.jsonl": lines(golden()[:-1])}, "needs_approval", "failure", 1),
    ],
    ids=["a prompt", "nothing", "policy", "the exam"],
)
def test_after_a_forks_run_its_changes_are_compared_and_nothing_is_measured(on_github, tmp_path, changes, verdict, conclusion, comments):
    scene = of_a_fork(on_github, changes)
    first = scene.opened()

    ran = publish(scene, tmp_path)

    assert (first.outputs["verdict"], ran.outputs["verdict"], scene.check.conclusion) == (verdict, verdict, conclusion)
    assert len(scene.server.comments(scene.pull.number)) == comments
    assert (first.models.calls, ran.models.calls, scene.server.asked("GET", "/artifacts")) == ([], [], [])


def test_FORK_05_what_a_forks_artifact_says_is_never_read(on_github, tmp_path):
    scene = of_a_fork(on_github, SAME)
    other = scene.server.open_pull("main", number=1)
    scene.server.add_run(900, sha=scene.pull.head_sha, head_repository="mallory/shop")
    forged = {"event.json": json.dumps({"number": 1}), "summary.json": '{"verdict": "pass"}', "results.jsonl": ""}
    scene.server.add_artifact(f"evalbot-default-{scene.pull.head_sha}", forged, 900)

    ran = publish(scene, tmp_path)

    assert ran.outputs["verdict"] == "needs_approval"
    assert scene.server.downloads == []
    assert scene.server.comments(other.number) == []
    assert scene.server.checks(other.head_sha) == []


def test_a_run_whose_head_is_no_open_pull_requests_writes_nothing(on_github, tmp_path):
    scene = of_a_fork(on_github, SAME)

    ran = publish(scene, tmp_path, head_repository={"full_name": "someone/else"})

    assert (ran.status, ran.outputs, scene.server.writes) == (0, {}, [])


def test_a_head_that_was_let_in_keeps_the_verdict_that_its_command_gave_it(on_github, tmp_path):
    scene = on_github(SAME, fork="mallory/shop", author="mallory")
    scene.command("bob", f"/evalbot run {scene.pull.head_sha}")
    before = (scene.comment, scene.check.id, scene.check.conclusion)

    ran = publish(scene, tmp_path)

    assert (ran.status, ran.outputs) == (0, {})
    assert (scene.comment, scene.check.id, scene.check.conclusion) == before
    assert scene.check.conclusion == "success"


@pytest.mark.parametrize("how", ["author", "actor"])
def test_FORK_08_dependabots_runs_are_read_only_too(on_github, tmp_path, how):
    scene = on_github(SAME, author="dependabot[bot]" if how == "author" else "ada")

    ran = publish(scene, tmp_path, actor="dependabot[bot]")

    assert (ran.outputs["verdict"], scene.server.asked("GET", "/artifacts")) == ("needs_approval", [])
    assert how == "actor" or "Dependabot secrets" in ran.outputs["reason"]


def test_after_a_run_of_our_own_the_verdict_is_recomputed_from_its_rows(on_github, tmp_path):
    scene = on_github(WORSE)
    scene.server.scopes = READ_ONLY
    scene.opened()
    stored(scene)

    ran = publish(scene, tmp_path)

    assert (ran.outputs["verdict"], ran.outputs["regressions"], scene.check.conclusion) == ("fail", "1", "failure")
    assert "do not merge" in scene.comment
    assert ran.models.calls == []


def test_rows_of_another_workflow_are_not_believed(on_github, tmp_path):
    scene = on_github(WORSE)
    scene.server.scopes = READ_ONLY
    scene.opened()
    stored(scene, workflow=".github/workflows/other.yml")

    ran = publish(scene, tmp_path)

    assert (ran.outputs["verdict"], scene.check.conclusion) == ("inconclusive", "failure")


def test_a_run_that_spoke_for_itself_and_stored_nothing_is_left_alone(on_github, tmp_path):
    scene = on_github(WORSE)
    scene.opened()
    before = (scene.comment, scene.check.id)

    ran = publish(scene, tmp_path)

    assert (ran.status, ran.outputs, (scene.comment, scene.check.id)) == (0, {}, before)


def test_a_run_for_no_pull_request_is_nothing_to_publish(on_github, tmp_path):
    scene = on_github(WORSE)

    assert publish(scene, tmp_path, event="push").outputs == {}


def test_the_command_publish_is_refused_on_other_events(on_github):
    scene = on_github(WORSE)

    assert scene.opened(inputs={"command": "publish"}).status == 2
