"""Second opinions: the action on a GitHub that others wrote, and routing over every payload that GitHub gives as an example."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evalbot.app.action import act
from evalbot.app.activities import Nothing
from evalbot.app.inputs import Inputs
from evalbot.app.routing import route
from evalbot.domain.errors import ConfigError
from tests.app.checking import PROMPT, by_quality, files
from tests.app.on_github import Ran
from tests.campaign.second_opinion import EXAMPLES, HOW, TOKEN, Emulated, available
from tests.loopback import LoopbackModels
from tests.needs import need

WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
ROUTED = {"pull_request", "pull_request_target", "pull_request_review", "merge_group", "issue_comment", "workflow_run", "push", "release", "schedule", "workflow_dispatch"}


@pytest.fixture
def emulated(tmp_path: Path) -> Iterator[Emulated]:
    need("node", available(), HOW)
    with Emulated(tmp_path) as server:
        yield server


@pytest.fixture
def pull(emulated: Emulated) -> dict:
    """A pull request that makes a prompt worse."""
    base = emulated.commit("main", files(), emulated.tip("main"))
    emulated.commit("change", WORSE, base)
    return emulated.ask("POST", "/pulls", {"title": "Shorter", "head": "change", "base": "main"})


def run(emulated: Emulated, pull: dict, folder: Path, name: str = "pull_request", **payload) -> Ran:
    """The action on an event, without a checkout."""
    folder.mkdir()
    (folder / "workspace").mkdir()
    body = {"action": "synchronize", "repository": {"full_name": emulated.repository, "default_branch": "main"}, "pull_request": pull, "sender": {"login": "octocat"}}
    (folder / "event.json").write_text(json.dumps(body | payload))
    for file in ("output", "summary"):
        (folder / file).touch()
    with LoopbackModels(by_quality()) as models:
        environment = {
            "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": name, "GITHUB_EVENT_PATH": str(folder / "event.json"), "GITHUB_API_URL": emulated.url,
            "GITHUB_REPOSITORY": emulated.repository, "GITHUB_WORKSPACE": str(folder / "workspace"), "GITHUB_OUTPUT": str(folder / "output"),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"), "GITHUB_RUN_ID": "1", "GITHUB_TOKEN": TOKEN, **models.env(),
        }  # fmt: skip
        return Ran(act(environment), folder, models)


def test_a_github_that_others_wrote_takes_comment_and_check_and_gives_files(emulated, pull, tmp_path):
    ran = run(emulated, pull, tmp_path / "one")

    assert (ran.status, ran.outputs["verdict"]) == (1, "fail")
    comments = emulated.ask("GET", f"/issues/{pull['number']}/comments")
    assert [comment["body"].splitlines()[0] for comment in comments] == ["<!-- evalbot:v1 key=default -->"]
    (check,) = emulated.ask("GET", f"/commits/{pull['head']['sha']}/check-runs")["check_runs"]
    assert (check["name"], check["status"], check["conclusion"]) == ("evalbot", "completed", "failure")
    assert ran.outputs["changed-prompts"] == '["prompts/support.md"]'


def test_a_second_run_updates_what_the_first_one_wrote(emulated, pull, tmp_path):
    run(emulated, pull, tmp_path / "one")

    run(emulated, pull, tmp_path / "two")

    assert len(emulated.ask("GET", f"/issues/{pull['number']}/comments")) == 1


def _payloads() -> list[tuple[str, dict]]:
    events = json.loads(EXAMPLES.read_text(encoding="utf-8"))
    return [(event["name"], example) for event in events for example in event["examples"]]


def test_every_payload_that_github_gives_as_an_example_is_routed_or_answered_in_a_line():
    need("node", available(), HOW)
    payloads = _payloads()
    assert len(payloads) > 200
    for name, payload in payloads:
        said = _said(name, payload)
        assert name in ROUTED or isinstance(said, Nothing), (name, said)
        assert not isinstance(said, str) or "\n" not in said


def _said(name: str, payload: dict) -> object:
    """The activity, or the one line that says what the payload lacks."""
    try:
        return route(name, payload, Inputs())
    except ConfigError as error:
        return str(error)
