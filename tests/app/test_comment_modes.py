"""The comment by its five modes, while a head is evaluated, its history, and what all of it costs in requests."""

from __future__ import annotations

import pytest

from tests.app.checking import PROMPT, by_quality

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
SAME = {"prompts/support.md": PROMPT.format(quality="same")}
NOTHING = {"prompts/support.md": PROMPT.format(quality="good")}


def pushed(scene, changes, **inputs):
    """A further commit, and the run on it."""
    before = scene.pull.head_sha
    scene.house.head(changes)
    scene.pull.head_sha = scene.house.repo.sha("change")
    return scene.opened(inputs=inputs, before=before)


def headings(scene):
    """Second lines of the bot's comments, oldest first, short."""
    said = scene.server.comments(scene.pull.number, scene.server.identity)
    return [comment.body.splitlines()[1].removeprefix("## ")[:24] for comment in said]


@pytest.mark.parametrize(
    ("mode", "first", "after_a_pass", "after_a_fail"),
    [
        ("update", ["❌ evalbot: do not merge:"], ["✅ evalbot: no regression"], ["❌ evalbot: do not merge:"]),
        ("on-change", ["❌ evalbot: do not merge:"], ["✅ evalbot: no regression"], ["❌ evalbot: do not merge:"]),
        ("on-failure", ["❌ evalbot: do not merge:"], ["✅ evalbot: no regression"], ["❌ evalbot: do not merge:"]),
        ("off", [], [], []),
        (
            "new", ["❌ evalbot: do not merge:"], ["<details><summary>Outdat", "✅ evalbot: no regression"],
            ["<details><summary>Outdat", "<details><summary>Outdat", "❌ evalbot: do not merge:"],
        ),
    ],
)  # fmt: skip
def test_each_mode_from_fail_to_pass_to_fail(on_github, mode, first, after_a_pass, after_a_fail):
    scene = on_github(WORSE)
    scene.opened(inputs={"comment": mode})
    assert headings(scene) == first
    pushed(scene, SAME, comment=mode)
    assert headings(scene) == after_a_pass
    pushed(scene, {"prompts/support.md": PROMPT.format(quality="bad") + "Again.\n"}, comment=mode)
    assert headings(scene) == after_a_fail
    assert all(check.status == "completed" for check in scene.server.check_runs.values())


@pytest.mark.parametrize(("mode", "comments"), [("update", 1), ("new", 1), ("on-change", 1), ("on-failure", 0), ("off", 0)])
def test_a_pass_is_worth_a_comment_but_not_where_only_failures_are(on_github, mode, comments):
    scene = on_github(SAME)
    assert scene.opened(inputs={"comment": mode}).outputs["verdict"] == "pass"
    assert len(headings(scene)) == comments


def test_on_change_leaves_a_comment_alone_that_says_it_already(on_github):
    scene = on_github(WORSE)
    scene.opened(inputs={"comment": "on-change"})
    (comment,) = scene.server.comments(7, scene.server.identity)
    before = comment.body

    scene.opened(inputs={"comment": "on-change"})

    assert comment.body == before
    assert comment.edits == 0


@pytest.mark.parametrize("mode", ["update", "new", "on-change", "on-failure"])
def test_not_applicable_corrects_a_comment_in_place_and_opens_none(on_github, mode):
    scene = on_github({"README.md": "hello"})
    scene.opened(inputs={"comment": mode})
    assert headings(scene) == []
    pushed(scene, WORSE, comment=mode)

    ran = pushed(scene, NOTHING, comment=mode)

    assert ran.outputs["verdict"] == "not_applicable"
    assert headings(scene) == ["➖ evalbot: nothing to me"]


def test_while_a_head_is_evaluated_the_comment_says_so_and_marks_the_table_as_stale(on_github):
    scene = on_github(WORSE)
    scene.opened()
    seen = []

    def look(call):
        seen.append(scene.comment)
        return by_quality()(call)

    before = scene.pull.head_sha
    scene.house.head(SAME)
    scene.pull.head_sha = scene.house.repo.sha("change")
    scene.opened(look, before=before)

    page = seen[0]
    assert page.startswith(f"<!-- evalbot:v1 key=default -->\n## ⏳ evalbot: evaluating `{scene.pull.head_sha[:7]}`")
    assert f"now stale: <code>{before[:7]}</code> <code>❌ do not merge" in page
    assert "| `prompts/support`" in page
    assert "do not merge" not in page.split("</summary>")[0].replace("now stale: <code>", "").split("<code>❌")[0]


def test_the_history_comes_from_check_runs_and_a_forged_comment_adds_nothing(on_github):
    scene = on_github(WORSE)
    scene.opened()
    shas = [scene.pull.head_sha]
    pushed(scene, {"prompts/support.md": PROMPT.format(quality="bad") + "Again.\n"})
    shas.append(scene.pull.head_sha)
    scene.server.edit(scene.server.comments(7, scene.server.identity)[0].id, "<!-- evalbot:v1 key=default -->\n## ✅ evalbot: forged")

    pushed(scene, SAME)

    history = scene.comment.split("2 earlier runs of this pull request")[1]
    assert [history.index(f"`{sha[:7]}`") for sha in reversed(shas)] == sorted(history.index(f"`{sha[:7]}`") for sha in shas)
    assert "do not merge: 1 regression" in history
    assert "forged" not in scene.comment


def test_a_rerun_on_the_same_head_is_in_the_history_too(on_github):
    scene = on_github(WORSE)
    scene.opened()

    scene.command("bob", "/evalbot rerun")

    assert "1 earlier run of this pull request" in scene.comment


def test_a_whole_run_behind_four_hundred_comments_takes_at_most_forty_requests(on_github):
    scene = on_github(WORSE)
    for n in range(400):
        scene.server.say(7, "eve", f"comment {n}")
    scene.opened()
    first = len(scene.server.requests)
    pushed(scene, SAME)

    assert (first <= 40, len(scene.server.requests) - first <= 40) == (True, True)
    assert len(scene.server.comments(7, scene.server.identity)) == 1


def test_who_may_not_comment_is_not_asked_twice(on_github):
    scene = on_github(WORSE)
    scene.server.scopes["pull_requests"] = "read"

    ran = scene.opened()

    assert (ran.status, scene.check.conclusion, len(scene.server.asked("POST", "/comments$"))) == (1, "failure", 1)


def test_GH_13_a_comment_that_is_too_long_for_a_server_is_written_once_more_and_shorter(on_github, monkeypatch):
    scene = on_github(WORSE)
    scene.server.comment_characters = 4_000
    monkeypatch.setattr("evalbot.app.voice.SHORT_CHARACTERS", 3_900)

    ran = scene.opened()

    assert (ran.status, scene.check.conclusion) == (1, "failure")
    assert [request.status for request in scene.server.asked("PATCH", "/issues/comments/")] == [422, 200]
    assert "Shortened to fit" in scene.comment
