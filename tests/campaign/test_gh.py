"""GH: whatever GitHub does, the verdict is the same: it is in the exit status, the outputs and the summary, and one comment exists."""

from __future__ import annotations

import pytest

from tests.app.checking import PROMPT, House
from tests.app.on_github import Scene
from tests.campaign.connections import recorded
from tests.github_server import GitHubServer

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
FAILED = (1, "fail")


def said(ran):
    return ran.status, ran.outputs["verdict"]


def ours(scene: Scene) -> int:
    return len(scene.server.comments(scene.pull.number, scene.server.identity))


@pytest.mark.parametrize("how", ["lost response", "lost connection", "reset", 502])
def test_GH_01_a_comment_whose_answer_got_lost_is_there_once(on_github, waited, how):
    scene = on_github(WORSE)
    scene.server.fail("POST", "/comments$", how)

    assert said(scene.opened()) == FAILED
    assert ours(scene) == 1


def test_GH_02_an_update_that_fails_twice_is_made_once(on_github, waited):
    scene = on_github(WORSE)
    scene.opened()
    scene.house.head({"prompts/support.md": PROMPT.format(quality="bad") + "Again.\n"})
    scene.pull.head_sha = scene.house.repo.sha("change")
    scene.server.fail("PATCH", "/issues/comments/", 502, times=2)

    assert said(scene.opened()) == FAILED
    assert ours(scene) == 1
    assert scene.pull.head_sha[:7] in scene.comment


@pytest.mark.parametrize(
    ("what", "headers"),
    [("secondary limit", {}), (429, {}), (429, {"Retry-After": "2"}), (403, {"Retry-After": "1"})],
    ids=["secondary limit", "429", "429 with a time", "403 with a time"],
)
def test_GH_04_a_limit_is_waited_out_within_the_budget(on_github, waited, what, headers):
    scene = on_github(WORSE)
    scene.server.fail("*", "/", what, times=2, headers=headers)

    assert said(scene.opened()) == FAILED
    assert ours(scene) == 1
    assert waited
    assert sum(waited) < 60


def test_GH_04_a_wait_of_six_hours_is_refused(on_github, waited):
    scene = on_github(WORSE)
    scene.server.fail("POST", "/comments$", 429, times=100, headers={"Retry-After": "21600"})

    ran = scene.opened()

    assert said(ran) == FAILED
    assert sum(waited) < 60
    assert scene.check.conclusion == "failure"


@pytest.mark.parametrize("comment", [True, False], ids=["the comment fails", "the comment works"])
@pytest.mark.parametrize("check", [True, False], ids=["the check fails", "the check works"])
def test_GH_05_and_GH_07_what_cannot_be_written_changes_no_verdict(on_github, waited, capsys, comment, check):
    scene = on_github(WORSE)
    if comment:
        scene.server.fail("*", "/issues/[0-9]+/comments$", 403, times=100)
    if check:
        scene.server.fail("*", "/check-runs", 403, times=100)

    ran = scene.opened()

    assert said(ran) == FAILED
    assert "do not merge" in ran.summary
    assert bool(ours(scene)) is not comment
    log = capsys.readouterr().out
    assert ("::warning::the comment could not be written" in log) is comment
    assert "Traceback" not in log
    if not check:
        assert scene.check.conclusion == "failure"


@pytest.mark.parametrize("how", [500, "html", "empty", "reset", 202])
def test_GH_08_and_GH_11_a_github_that_says_nothing_of_use_is_no_pass(on_github, waited, capsys, how):
    scene = on_github(WORSE)
    scene.server.fail("*", "/", how, times=10_000)

    ran = scene.opened()

    assert ran.status not in (0, 1)
    assert ran.outputs["verdict"] == "inconclusive"
    assert ran.models.calls == []
    assert sum(waited) <= 60
    assert len(scene.server.requests) <= 40
    assert "Traceback" not in capsys.readouterr().out


def test_GH_10_a_list_whose_next_page_is_elsewhere_is_not_taken_for_whole(on_github, waited):
    scene = on_github(WORSE)
    for number in range(120):
        scene.server.say(scene.pull.number, "eve", f"comment {number}")
    scene.server.fail("GET", "/comments", "foreign next", times=100)

    with recorded() as connections:
        ran = scene.opened()

    assert said(ran) == FAILED
    assert not any("evil" in place for place in connections)


def test_GH_10_without_a_checkout_a_list_that_breaks_off_makes_everything_be_looked_at(on_github, waited, tmp_path):
    scene = on_github(WORSE)
    scene.workspace = tmp_path / "empty"
    scene.workspace.mkdir()
    scene.server.fail("GET", "/git/trees/", 500, times=1)

    assert said(scene.opened()) == FAILED


@pytest.mark.parametrize("status", [404, 410, 422, 451])
def test_GH_13_a_no_is_said_once_and_changes_nothing(on_github, waited, capsys, status):
    scene = on_github(WORSE)
    scene.server.fail("POST", "/comments$", status, times=100)

    ran = scene.opened()

    assert said(ran) == FAILED
    assert len(scene.server.asked("POST", "/comments$")) <= 2
    assert "::warning::the comment could not be written" in capsys.readouterr().out


def test_GH_14_an_enterprise_server_is_asked_and_nobody_else(tmp_path, waited):
    house = House(tmp_path).head(WORSE)
    with GitHubServer(house.repo, prefix="/api/v3") as server, recorded() as connections:
        scene = Scene(tmp_path, house, server)
        ran = scene.opened()

    assert said(ran) == FAILED
    assert scene.comment
    assert {place.rpartition(":")[0] for place in connections} == {"127.0.0.1"}


@pytest.mark.parametrize("shift", [-3600, 3600, 86400 * 365 * 70], ids=["an hour behind", "an hour ahead", "the year 2100"])
def test_GH_16_a_clock_that_is_wrong_makes_no_long_or_negative_wait(on_github, waited, shift):
    scene = on_github(WORSE)
    scene.server.now += shift
    scene.server.fail("GET", "/pulls/", 429, times=1, headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(scene.server.now + 2)})

    ran = scene.opened()

    assert all(0 <= seconds <= 30 for seconds in waited)
    assert ran.status in (1, 3)


@pytest.mark.parametrize("how", [403, 404, "reset"])
def test_GH_13_a_reaction_that_is_refused_leaves_the_command_as_it_was(on_github, waited, how):
    scene = on_github(WORSE)
    scene.server.fail("POST", "/reactions", how, times=100)

    assert said(scene.command("bob", "/evalbot rerun")) == FAILED
    assert scene.check.conclusion == "failure"
