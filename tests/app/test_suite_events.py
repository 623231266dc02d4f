"""Suites on push, tag, release, schedule and dispatch: baseline, check and issue on a loopback GitHub."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from evalbot.app.baseline import baseline_file
from evalbot.domain.history import BRANCH
from tests.app.checking import CONFIG, PROMPT, House, by_quality, files, golden, lines, regression
from tests.app.on_github import Scene
from tests.github_server import GitHubServer

ROOT = Path(__file__).parents[2]
GOOD = lambda n: 5 if n % 3 else 4  # noqa: E731 - a table's entry
SCRIPT = by_quality({"good": GOOD, "same": GOOD, "bad": lambda n: 2 if n % 2 else 1})
OWNED = CONFIG + '    owner: "@acme/support-quality"\n'
START = files(golden=lines(golden(3)), regression=lines(regression(12)), config=OWNED)


@pytest.fixture
def scene(tmp_path):
    house = House(tmp_path, START)
    with GitHubServer(house.repo) as server:
        server.scopes.update({"contents": "write", "issues": "write"})
        house.repo.switch("main")
        yield Scene(tmp_path, house, server)


def push(scene, quality, script=SCRIPT, ref="refs/heads/main", **env):
    before = scene.house.repo.sha()
    scene.house.repo.write({"prompts/support.md": PROMPT.format(quality=quality)}).commit(quality)
    return event(scene, "push", script, ref=ref, before=before, after=scene.house.repo.sha(), deleted=False, **env)


def event(scene, name, script=SCRIPT, inputs=None, env=None, **payload):
    (scene.house.repo.root / ".git/info/exclude").write_text("evalbot-report/\n.evalbot-cache/\n")
    for folder in ("evalbot-report", ".evalbot-cache"):  # each job has a workspace of its own
        for path in sorted((scene.house.repo.root / folder).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
    variables = {"GITHUB_SHA": scene.house.repo.sha("main")} | (env or {})
    return scene.event(name, script, inputs, variables, **payload)


def baseline(scene):
    try:
        text = scene.server.commits.bytes("show", f"{BRANCH}:{baseline_file('default', 'support')}").decode()
    except LookupError:
        return ""
    return json.loads(text.splitlines()[0])["commit"]


def issues(scene, state="open"):
    return [issue for issue in scene.server.issues.values() if issue.state == state]


def test_a_push_that_passes_is_the_baseline_and_its_check_is_on_the_commit(scene):
    ran = push(scene, "good")

    sha = scene.house.repo.sha()
    (check,) = scene.server.checks(sha)
    assert (ran.status, ran.outputs["verdict"], ran.outputs["head-sha"]) == (0, "pass", sha)
    assert (check.name, check.conclusion) == ("evalbot", "success")
    assert baseline(scene) == sha
    assert (issues(scene), scene.server.said) == ([], {})
    assert "against no baseline" in ran.summary


def test_a_push_that_is_worse_fails_opens_one_issue_that_names_the_owner_and_keeps_the_baseline(scene):
    push(scene, "good")
    first = baseline(scene)
    ran = push(scene, "bad")
    again = push(scene, "bad ")

    assert (ran.status, ran.outputs["verdict"], ran.outputs["regressions"]) == (1, "fail", "1")
    assert scene.server.checks(scene.house.repo.sha())[-1].conclusion == "failure"
    assert baseline(scene) == first
    (issue,) = issues(scene)
    assert issue.labels == ["evalbot", "quality-regression"]
    assert issue.title == "evalbot: suite support is worse than it was"
    assert issue.body.startswith("<!-- evalbot:suite key=default suite=support -->\n\n@acme/support-quality suite `support` at ")
    assert f"`{scene.house.repo.sha()[:7]}` has" in issue.body, "brought up to date by the second push"
    assert "regression**: prompts/support, regression: judge mean" in issue.body
    assert again.outputs["verdict"] == "fail"


def test_the_issue_is_closed_by_the_run_that_passes(scene):
    push(scene, "good")
    push(scene, "bad")
    push(scene, "good")

    assert issues(scene) == []
    (closed,) = issues(scene, "closed")
    assert closed.reason == "completed"
    assert f"Suite `support` passes again at `{scene.house.repo.sha()[:7]}`." in closed.body
    assert "@acme/support-quality" in closed.body, "what it said last is kept"


def test_nothing_is_asked_where_a_push_changes_nothing_that_is_measured(scene):
    push(scene, "good")
    before = scene.house.repo.sha()
    scene.house.repo.write({"README.md": "hello"}).commit("page")
    ran = event(scene, "push", ref="refs/heads/main", before=before, after=scene.house.repo.sha(), deleted=False)

    assert (ran.status, ran.outputs["verdict"], ran.models.calls) == (0, "not_applicable", [])
    assert scene.server.checks(scene.house.repo.sha())[-1].conclusion == "success"
    assert baseline(scene) == before


def test_an_outage_neither_opens_nor_closes_an_issue(scene):
    from tests.loopback import bad_request

    push(scene, "good")
    push(scene, "bad")
    ran = push(scene, "good", lambda _: bad_request())

    assert ran.outputs["verdict"] == "inconclusive"
    assert len(issues(scene)) == 1


def test_a_schedule_asks_afresh_though_nothing_changed_and_finds_the_drift(scene):
    push(scene, "good")

    def drifted(call):
        return "answer of quality=bad to " + call.user if call.schema is None else SCRIPT(call)

    ran = event(scene, "schedule", drifted, {"command": "suite"}, schedule="0 3 * * *")

    assert ran.outputs["verdict"] == "fail"
    assert len(issues(scene)) == 1
    summary = json.loads((scene.workspace / "evalbot-report/summary.json").read_text())
    assert (summary["event"], summary["suite"]["against"]) == ("schedule", {"support": baseline(scene)})


def test_a_tag_is_compared_and_stores_nothing(scene):
    push(scene, "good")
    first = baseline(scene)
    scene.house.repo.write({"prompts/support.md": PROMPT.format(quality="same")}).commit("same")
    scene.house.repo.git("tag", "v1")
    sha = scene.house.repo.sha()
    ran = event(scene, "push", ref="refs/tags/v1", before="0" * 40, after=sha, deleted=False, head_commit={"id": sha})

    assert (ran.outputs["verdict"], bool(ran.models.calls)) == ("pass", True)
    assert baseline(scene) == first


def test_a_release_is_the_commit_of_its_tag(scene):
    push(scene, "good")
    scene.house.repo.git("tag", "v1")
    tagged = scene.house.repo.sha()
    scene.house.repo.write({"prompts/support.md": PROMPT.format(quality="bad")}).commit("later")
    ran = event(scene, "release", action="published", release={"tag_name": "v1", "draft": False})

    assert (ran.outputs["verdict"], ran.outputs["head-sha"]) == ("not_applicable", tagged)


def test_a_dispatch_on_a_branch_measures_its_prompts_by_the_default_branch_s_rules(scene):
    push(scene, "good")
    scene.house.repo.branch("try")
    loose = OWNED.replace("judge:", "gates: {regression: {new_failures: warn}}\n    judge:")
    scene.house.repo.write({"evalbot.yml": loose, "prompts/support.md": PROMPT.format(quality="bad")}).commit("try")
    ran = event(scene, "workflow_dispatch", inputs={"command": "suite"}, ref="refs/heads/try")

    assert (ran.outputs["verdict"], ran.outputs["head-sha"]) == ("fail", scene.house.repo.sha("try"))
    assert ran.outputs["policy-sha"] == scene.house.repo.sha("main")
    assert int(ran.outputs["newly-failing"]) == 15


def test_without_permission_to_write_the_verdict_stands_and_it_is_said(scene, capsys):
    scene.server.scopes.update({"contents": "read", "issues": "read"})
    ran = push(scene, "bad")

    assert (ran.status, ran.outputs["verdict"]) == (1, "fail")
    warnings = json.loads((scene.workspace / "evalbot-report/summary.json").read_text())["warnings"]
    assert any("permissions: contents: write" in warning for warning in warnings)
    assert "permissions: issues: write" in capsys.readouterr().out


def test_another_key_has_a_baseline_and_an_issue_of_its_own(scene):
    push(scene, "good")
    ran = push(scene, "bad", SCRIPT)
    other = event(
        scene, "push", SCRIPT, {"key": "night/run"}, ref="refs/heads/main", before="0" * 40, after=scene.house.repo.sha(), deleted=False
    )

    assert (ran.outputs["verdict"], other.outputs["verdict"]) == ("fail", "fail")
    assert sorted(issue.body.splitlines()[0] for issue in issues(scene)) == [
        "<!-- evalbot:suite key=default suite=support -->", "<!-- evalbot:suite key=night/run suite=support -->",
    ]  # fmt: skip
    assert [check.name for check in scene.server.checks(scene.house.repo.sha())] == ["evalbot", "evalbot / night/run"]


def test_an_issue_that_somebody_else_opened_is_left_alone(scene):
    marker = "<!-- evalbot:suite key=default suite=support -->"
    theirs = scene.server.open_issue("mine", f"{marker}\nhands off", ["evalbot", "quality-regression"], author="eve")
    push(scene, "good")
    push(scene, "bad")

    assert theirs.body == f"{marker}\nhands off"
    assert len(issues(scene)) == 2


@pytest.mark.parametrize("how", ["lost response", 502])
def test_a_lost_answer_opens_one_issue(scene, how):
    scene.server.fail("POST", "/issues$", how)
    push(scene, "bad")

    assert len(issues(scene)) == 1


def test_an_issue_that_lost_its_labels_is_found_again(scene):
    push(scene, "bad")
    (issue,) = issues(scene)
    issue.labels.clear()
    push(scene, "bad ")

    assert issues(scene) == [issue]
    assert f"`{scene.house.repo.sha()[:7]}` has" in issue.body


def test_the_permissions_of_the_example_workflow_are_enough_for_every_event(scene, capsys):
    workflow = yaml.safe_load((ROOT / "examples/workflows/evalbot-suite.yml").read_text())
    given = {name.replace("-", "_"): level for name, level in workflow["jobs"]["measure"]["permissions"].items()}
    scene.server.scopes.clear()
    scene.server.scopes.update(given)
    ran = [push(scene, "good"), push(scene, "bad"), push(scene, "good")]
    scene.house.repo.git("tag", "v1")
    ran.append(event(scene, "push", ref="refs/tags/v1", before="0" * 40, after=scene.house.repo.sha(), deleted=False))
    ran.append(event(scene, "schedule", inputs={"command": "suite"}))
    ran.append(event(scene, "workflow_dispatch", inputs={"command": "suite"}, ref="refs/heads/main"))

    assert [one.outputs["verdict"] for one in ran] == ["pass", "fail", "pass", "not_applicable", "pass", "pass"]
    assert "not accessible" not in capsys.readouterr().out
    assert not [request for request in scene.server.requests if request.status == 403 and request.path != "/user"]


def test_a_suite_that_is_taken_out_of_the_configuration_leaves_no_issue(scene):
    push(scene, "good")
    push(scene, "bad")
    assert len(issues(scene)) == 1

    scene.house.repo.write({"evalbot.yml": OWNED.replace("  support:", "  help:")}).commit("rename")
    sha = scene.house.repo.sha()
    event(scene, "push", ref="refs/heads/main", before=sha, after=sha, deleted=False)

    (closed,) = issues(scene, "closed")
    assert "This suite is no longer in the configuration at" in closed.body
    assert closed.body.startswith("<!-- evalbot:suite key=default suite=support -->")
    assert all("suite=help" in issue.body for issue in issues(scene))


def test_a_tag_closes_no_issue_of_a_suite_that_it_does_not_know(scene):
    push(scene, "good")
    push(scene, "bad")
    scene.house.repo.write({"evalbot.yml": OWNED.replace("  support:", "  help:")}).commit("an old release")
    sha = scene.house.repo.sha()
    event(scene, "push", ref="refs/tags/v1", before="0" * 40, after=sha, head_commit={"id": sha}, deleted=False)
    assert next(issue.body.splitlines()[0] for issue in issues(scene)) == "<!-- evalbot:suite key=default suite=support -->"
