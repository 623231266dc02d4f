"""The life of a check: begun, left alone, ended for a run that was killed, overtaken by a newer one, shared by two pull requests."""

from __future__ import annotations

import pytest

from evalbot.report.comment import comment as page
from tests.app.checking import PROMPT, by_quality, golden, lines

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}


def edited():
    rows = golden()
    rows[3] = rows[3] | {"input": {"user_input": "Question g-03, asked better?"}}
    return SAME | {"evals/golden.jsonl": lines(rows)}


def killed(scene, run=77, status="completed"):
    """A check in progress that another run has left behind."""
    scene.server.add_run(run, sha=scene.pull.head_sha, status=status, conclusion="cancelled" if status == "completed" else None)
    return scene.server.add_check(
        scene.pull.head_sha, "evalbot", status="in_progress", external_id=f"evalbot:{run}:1:7", title="evalbot: evaluating", summary=""
    )


@pytest.mark.parametrize("changes", [SAME, {"README.md": "hello"}], ids=["measured", "nothing changed"])
def test_a_check_whose_run_was_killed_is_concluded_as_cancelled_by_the_next_one(on_github, changes):
    scene = on_github(changes)
    orphan = killed(scene)

    ran = scene.opened()

    assert ran.status == 0
    assert (orphan.status, orphan.conclusion) == ("completed", "cancelled")
    assert scene.check.conclusion == "success"


def test_an_earlier_attempt_of_this_very_run_has_ended_too(on_github):
    scene = on_github(SAME)
    orphan = killed(scene, run=1, status="in_progress")
    orphan.external_id = "evalbot:1:1:7"

    scene.opened(env={"GITHUB_RUN_ATTEMPT": "2"})

    assert orphan.conclusion == "cancelled"


def test_a_check_that_another_run_still_works_on_is_left_alone(on_github):
    scene = on_github(SAME)
    other = killed(scene, status="in_progress")

    scene.opened()

    assert other.status == "in_progress"


def test_a_review_leaves_the_check_to_a_run_that_is_measuring(on_github):
    scene = on_github(edited())
    killed(scene, status="in_progress")
    scene.server.review(7, "bob")

    ran = scene.event("pull_request_review", action="submitted")

    assert (ran.status, ran.outputs, scene.server.writes) == (0, {}, [])


@pytest.mark.parametrize("moment", ["/reviews", "/check-runs/"], ids=["after the reviews were read", "as the check is concluded"])
def test_an_approval_that_comes_while_a_run_ends_is_heard_by_that_run(on_github, moment):
    scene = on_github(edited())

    def approve():
        if not scene.server.reviews:
            scene.server.on("*", moment, lambda: scene.server.review(7, "bob"))

    asked = []

    def answer(call):
        if not asked:
            asked.append(call)
            approve()
        return by_quality()(call)

    ran = scene.opened(answer)

    assert (ran.status, scene.check.conclusion) == (0, "success")
    assert len([call for call in ran.models.calls if call.schema is None]) == 106  # nothing is paid for twice


def better(scene):
    """A run in which head's answers are as good as base's."""
    return scene.opened(by_quality({"good": lambda n: 5, "bad": lambda n: 5}), inputs={"report-dir": "other-report", "cache-dir": "other-cache"})


def test_a_run_that_a_newer_one_has_overtaken_says_what_the_newer_one_said(on_github):
    scene = on_github(WORSE)
    newer = []
    scene.server.on("GET", "/pulls/7$", lambda: newer.append(better(scene)))

    ran = scene.opened()

    assert (ran.status, newer[0].status) == (1, 0)
    assert [check.conclusion for check in scene.server.checks(scene.pull.head_sha)] == ["success", "success"]
    assert "no regression shown" in scene.comment
    assert "no regression shown" in scene.check.title


def test_a_newer_page_that_was_written_between_our_last_look_and_our_write_is_put_back(on_github):
    scene = on_github(WORSE)
    done = []

    def arm(call):
        if not done:
            done.append(None)
            # The first PATCH of a comment after this is the final one: the page of the run that is measuring now.
            scene.server.on("PATCH", "/issues/comments/", lambda: done.append(better(scene)))
        return by_quality()(call)

    scene.opened(arm)

    assert len(done) == 2
    assert "no regression shown" in scene.comment
    assert {check.conclusion for check in scene.server.checks(scene.pull.head_sha)} == {"success"}


def test_FORK_11_two_pull_requests_of_one_head_are_green_only_together(on_github):
    scene = on_github(WORSE)
    repo = scene.house.repo
    repo.branch("release", "change").write({"README.md": "ours"}).commit("release has it already")
    repo.switch("change")
    sibling = scene.server.open_pull("change", base="release")

    first = scene.opened()
    other = scene.at(sibling).opened()

    assert (first.status, other.status) == (1, 0)
    assert scene.server.checks(scene.pull.head_sha)[-1].conclusion == "failure"
    assert "waits for #7" in scene.server.checks(scene.pull.head_sha)[-1].title


def test_an_error_while_the_verdict_is_written_down_leaves_neither_an_open_check_nor_a_green_one(on_github, monkeypatch):
    scene = on_github(SAME)
    broken = []

    def once(record, **more):
        if not broken and record.rows:
            broken.append(True)
            raise RuntimeError("a bug in the page")
        return page(record, **more)

    monkeypatch.setattr("evalbot.app.voice.comment", once)

    ran = scene.opened()

    assert (ran.status, scene.check.conclusion, broken) == (3, "failure", [True])
    assert "internal_error: RuntimeError" in scene.comment


def test_advisory_is_green_where_nothing_could_begin_too(on_github):
    ran = on_github(SAME).opened(inputs={"advisory": "true", "command": "publish"})

    assert (ran.status, ran.outputs["verdict"]) == (0, "config_error")


def test_an_error_of_our_own_still_concludes_the_check(on_github, monkeypatch):
    scene = on_github(SAME)
    monkeypatch.setattr("evalbot.app.bot.compare", lambda *_: 1 / 0)

    ran = scene.opened()

    assert (ran.status, ran.outputs["verdict"], scene.check.conclusion) == (3, "inconclusive", "failure")
    assert "internal_error: ZeroDivisionError" in ran.outputs["reason"]
