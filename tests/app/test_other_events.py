"""What other events may not do to a pull request: turn its check green, or run a fork's head under another name."""

from __future__ import annotations

import pytest

from tests.app.checking import PROMPT

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}


def test_a_tag_on_a_pull_requests_head_writes_no_check_there(on_github):
    scene = on_github(WORSE)
    scene.opened()
    before = [(check.id, check.conclusion) for check in scene.server.checks(scene.pull.head_sha)]
    scene.house.repo.git("tag", "v1", "change")

    ran = scene.event("push", ref="refs/tags/v1", before="0" * 40, after=scene.pull.head_sha, deleted=False, head_commit={"id": scene.pull.head_sha})

    assert ran.outputs["head-sha"] == scene.pull.head_sha
    assert [(check.id, check.conclusion) for check in scene.server.checks(scene.pull.head_sha)] == before == [(before[0][0], "failure")]


def test_a_dispatch_of_the_suite_on_a_pull_requests_head_is_refused(on_github):
    scene = on_github(WORSE)

    ran = scene.event("workflow_dispatch", inputs={"command": "suite"}, ref="refs/heads/change")

    assert (ran.status, ran.models.calls, scene.server.checks(scene.pull.head_sha)) == (2, [], [])


def test_a_dispatch_on_the_default_branch_runs_although_it_is_a_release_pull_requests_head(on_github):
    scene = on_github(WORSE)
    scene.house.repo.git("branch", "release", "main")
    scene.server.open_pull("main", base="release")

    ran = scene.event("workflow_dispatch", inputs={"command": "suite"}, ref="refs/heads/main")

    assert ran.outputs["head-sha"] == scene.house.repo.sha("main")
    assert scene.server.checks(scene.house.repo.sha("main"))


@pytest.mark.parametrize("name", ["sha", "branch"])
def test_a_dispatch_compares_two_revisions_and_writes_nothing_but_never_a_forks_head(on_github, name):
    scene = on_github(WORSE)
    head = scene.pull.head_sha if name == "sha" else "change"
    ours = scene.event("workflow_dispatch", inputs={"base": "main", "head": head}, ref="refs/heads/main")
    scene.pull.head_repository, scene.pull.author = "mallory/shop", "mallory"
    forks = scene.event("workflow_dispatch", inputs={"base": "main", "head": head}, ref="refs/heads/main")

    assert (ours.status, ours.outputs["verdict"]) == (1, "fail")
    assert (forks.status, forks.models.calls) == (2, [])
    assert scene.server.writes == []


def test_a_command_on_a_closed_pull_request_is_declined(on_github):
    scene = on_github(WORSE)
    scene.pull.state = "closed"

    ran = scene.command("bob", "/evalbot rerun")

    assert (ran.status, ran.outputs, ran.models.calls) == (0, {}, [])
    said = next(comment for comment in scene.server.said.values() if comment.author == "bob")
    assert [content for _, content in said.reactions] == ["eyes", "-1"]


def test_the_command_check_on_a_comment_measures_a_pull_request_of_the_repository_itself(on_github):
    scene = on_github(SAME)

    ran = scene.command("bob", "look at this", inputs={"command": "check"})

    assert (ran.outputs["verdict"], scene.check.conclusion) == ("pass", "success")


@pytest.mark.parametrize("event", ["push", "tag"])
def test_a_check_that_a_suite_wrote_on_the_head_is_no_verdict_of_the_pull_request(on_github, event):
    scene = on_github(WORSE)
    scene.server.add_check(scene.pull.head_sha, "evalbot", status="completed", conclusion="success", external_id="evalbot:999:1", title=event, summary="")

    scene.opened()

    assert scene.check.conclusion == "failure"
    assert "do not merge" in scene.comment


@pytest.mark.parametrize("words", ["help", "explain g-00"])
def test_an_answer_that_github_lets_nobody_write_is_told_in_the_log(on_github, capsys, words):
    scene = on_github(WORSE)
    scene.server.fail("POST", r"/issues/\d+/comments", 403, times=9)

    ran = scene.command("bob", f"/evalbot {words}")

    assert (ran.status, ran.outputs) == (0, {})
    said = next(comment for comment in scene.server.said.values() if comment.author == "bob")
    assert [content for _, content in said.reactions] == ["eyes", "-1"]
    assert "::notice::the answer could not be written: " in capsys.readouterr().out


def test_a_pull_request_that_github_does_not_show_proves_nothing(on_github, capsys):
    scene = on_github(WORSE)
    scene.server.fail("GET", r"/pulls/7$", 403, times=9)
    ran = scene.command("bob", "/evalbot rerun")
    assert (ran.status, ran.outputs["verdict"]) == (3, "inconclusive")
    assert "internal_error" not in capsys.readouterr().out
