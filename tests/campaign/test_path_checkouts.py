"""PATH-13 and PATH-14: shallow clones, workspaces of another user, and no checkout at all."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from tests.app.checking import PROMPT, by_quality
from tests.app.on_github import Ran, Scene
from tests.git_http import GitHttp
from tests.loopback import LoopbackModels

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
RUNNER = 1001


def git_files(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted((folder / ".git").rglob("*")) if path.is_file()}


def opened(scene: Scene, git: GitHttp) -> Ran:
    return scene.opened(env={"GITHUB_SERVER_URL": git.server})


def test_PATH_13_a_shallow_clone_gets_the_three_commits_by_their_shas(on_github, tmp_path):
    scene = on_github(WORSE, main={"other.md": "meanwhile"})
    with GitHttp(scene.house.repo, scene.server.token) as git:
        scene.workspace = git.checkout(tmp_path / "workspace")
        before = git_files(scene.workspace)

        ran = opened(scene, git)

    assert (ran.status, ran.outputs["verdict"]) == (1, "fail")
    assert ran.outputs["base-sha"] == scene.house.repo.git("merge-base", "main", "change")
    assert scene.check.annotations, "changed lines are found in what was fetched"
    assert _by_api(scene) == [], "files came by git and not by API"
    assert git_files(scene.workspace) == before
    assert scene.server.token not in "".join(str(content) for content in before.values())


def test_PATH_13_without_a_change_a_shallow_clone_is_concluded_in_six_calls(on_github, tmp_path):
    scene = on_github({"README.md": "hello"})
    with GitHttp(scene.house.repo, scene.server.token) as git:
        scene.workspace = git.checkout(tmp_path / "workspace")

        ran = opened(scene, git)

    assert ran.outputs["verdict"] == "not_applicable"
    assert len(scene.server.requests) <= 6, [str(request) for request in scene.server.requests]


def test_PATH_13_where_nothing_can_be_fetched_the_files_come_by_api(on_github, tmp_path):
    scene = on_github(WORSE)
    with GitHttp(scene.house.repo, scene.server.token) as git:
        scene.workspace = git.checkout(tmp_path / "workspace")

        ran = scene.opened()  # the runner names another server: the token is not shown to this one

    assert ran.outputs["verdict"] == "fail"
    assert ran.outputs["head-sha"] == scene.pull.head_sha
    assert ran.outputs["base-sha"] != ran.outputs["head-sha"]
    assert _by_api(scene)


def test_PATH_13_where_nothing_answers_nothing_is_compared(on_github, tmp_path, no_waiting):
    scene = on_github(WORSE)
    with GitHttp(scene.house.repo, scene.server.token) as git:
        scene.workspace = git.checkout(tmp_path / "workspace")
        scene.server.fail("GET", "/(git|compare)/", 404, times=1000)

        ran = scene.opened()

    assert (ran.status, ran.outputs["verdict"]) == (3, "inconclusive")
    assert ran.outputs["head-sha"] == scene.pull.head_sha
    assert ran.models.calls == []


def test_PATH_13_the_command_line_deepens_a_shallow_clone_until_the_branches_meet(on_github, tmp_path):
    scene = on_github(WORSE, main={"other.md": "meanwhile"})
    repo, folder = scene.house.repo, tmp_path / "clone"
    with GitHttp(repo) as git, LoopbackModels(by_quality()) as models:
        repo.git("clone", "--quiet", "--depth=1", "--no-single-branch", git.url, str(folder))
        before = git_files(folder)

        record = review(folder, CheckOptions("origin/main", "origin/change"), World.real(models.env(), tmp_path / "report", quiet=True))

    assert record.decision.verdict == "fail"
    assert record.base_sha == repo.git("merge-base", "main", "change")
    assert git_files(folder) == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder to another user")
def test_PATH_14_a_workspace_of_another_user_is_read_and_left_as_it_is(on_github, tmp_path, monkeypatch):
    scene = on_github(WORSE)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (tmp_path / "home").mkdir()
    with GitHttp(scene.house.repo, scene.server.token) as git:
        scene.workspace = git.checkout(tmp_path / "workspace")
        subprocess.run(["chown", "-R", f"{RUNNER}:{RUNNER}", str(scene.workspace)], check=True)

        ran = opened(scene, git)

    assert ran.outputs["verdict"] == "fail"
    assert list((tmp_path / "home").iterdir()) == [], "nothing was written to the user's own settings"
    assert _by_api(scene) == []
    assert {path.stat().st_uid for path in (scene.workspace / ".git").rglob("*")} == {RUNNER}


def _by_api(scene):
    """Git objects that were asked of the API; the suite's history is read there in any case."""
    return [one for one in scene.server.asked("GET", "/git/") if not one.path.endswith("/git/ref/heads/evalbot-history")]
