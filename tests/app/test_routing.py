from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.app.activities import (
    Activity,
    CheckMergeGroup,
    CheckPull,
    CheckRefs,
    Harvest,
    Monitor,
    Nothing,
    Publish,
    Recompute,
    RunCommand,
    RunSuite,
)
from evalbot.app.inputs import Inputs
from evalbot.app.routing import merge_group_number, route
from evalbot.domain.errors import ConfigError
from tests.events import event, names

# Read off the payloads in tests/fixtures/events with the eye.
OURS, OTHERS = "Codertocat/Hello-World", "someone/Hello-World"
PULL_HEAD, PULL_BASE = "ec26c3e57ca3a959ca5aad62de7213c562f8c821", "f95f852bd8fca8fcc58a9a2d6c842781e32a215e"
PUSHED = "6113728f27ae82c7b1a177c8d03f9e96e0adf246"
GROUP_HEAD, GROUP_BASE = "2ffea6db159f6b6c47a24e778fb9ef40cf6b1c7d", "380387fbc80638b734a49e1be1c4dfec1c01b33c"
RUN_HEAD = "3484a3fb816e0859fd6e1cea078d76385ff50625"
OWN = CheckPull(2, "Codertocat", "master", PULL_BASE, PULL_HEAD, OURS, fork=False)
A_PULL_COMMENT = {"issue__pull_request": {"html_url": f"https://github.com/{OURS}/pull/1"}}
A_PULL_RUN = {"workflow_run__event": "pull_request", "workflow_run__conclusion": "success"}


def on(name: str, stored: str = "", inputs: Inputs | None = None, **changes: Any) -> Activity:
    return route(name, event(stored or name, **changes), inputs or Inputs())


TABLE: list[tuple[str, str, dict[str, Any], Activity | type[Activity]]] = [
    ("pull_request", "pull_request.opened", {}, OWN),
    ("pull_request", "pull_request.synchronize", {}, replace(OWN, before="f95f852bd8fca8fcc58a9a2d6c842781e32a215e")),
    ("pull_request", "pull_request.opened", {"action": "edited", "changes": {"title": {"from": "x"}}}, Nothing),
    ("pull_request", "pull_request.opened", {"action": "edited", "changes": {"base": {"ref": {"from": "dev"}}}}, OWN),
    ("pull_request", "pull_request.closed", {}, Nothing),
    ("pull_request_target", "pull_request.opened", {}, CheckPull(2, "Codertocat", "master", PULL_BASE, PULL_HEAD, OURS, fork=False, target=True)),
    ("pull_request_review", "pull_request_review.submitted", {}, Recompute(2, PULL_HEAD)),
    ("pull_request_review", "pull_request_review.dismissed", {}, Recompute(2, PULL_HEAD)),
    ("pull_request_review", "pull_request_review.submitted", {"action": "edited"}, Nothing),
    ("pull_request_review", "pull_request_review.submitted", {"pull_request__state": "closed"}, Nothing),
    ("merge_group", "merge_group.checks_requested", {}, CheckMergeGroup(GROUP_BASE, GROUP_HEAD, 104, "main")),
    ("merge_group", "merge_group.checks_requested", {"action": "destroyed"}, Nothing),
    ("issue_comment", "issue_comment.created", {}, Nothing),
    ("issue_comment", "issue_comment.edited", A_PULL_COMMENT, Nothing),
    ("workflow_run", "workflow_run.completed", {}, Nothing),
    ("workflow_run", "workflow_run.completed", A_PULL_RUN | {"action": "requested"}, Nothing),
    ("push", "push.branch", {}, RunSuite(PUSHED, "refs/heads/master", stores=True)),
    ("push", "push.branch", {"before": PULL_BASE}, RunSuite(PUSHED, "refs/heads/master", stores=True)),
    ("push", "push.branch", {"ref": "refs/heads/evalbot-history"}, Nothing),
    ("push", "push.branch", {"ref": "refs/heads/feature/master"}, Nothing),
    ("push", "push.tag", {}, RunSuite(PUSHED, "refs/tags/simple-tag")),
    ("push", "push.tag_deleted", {}, Nothing),
    ("release", "release.published", {}, RunSuite("", "refs/tags/0.0.1")),
    ("release", "release.published", {"action": "deleted"}, Nothing),
    ("release", "release.published", {"release__draft": True}, Nothing),
    ("workflow_dispatch", "workflow_dispatch", {}, RunSuite("", "refs/heads/master", always=True, by_default_branch=True)),
    ("watch", "workflow_dispatch", {}, Nothing),
    ("", "workflow_dispatch", {}, Nothing),
]


@pytest.mark.parametrize(("name", "stored", "changes", "expected"), TABLE, ids=[f"{n}-{s}-{sorted(c)}" for n, s, c, _ in TABLE])
def test_every_event_has_its_row(name: str, stored: str, changes: dict[str, Any], expected: Activity | type[Activity]) -> None:
    found = on(name, stored, **changes)
    assert found == expected if not isinstance(expected, type) else isinstance(found, expected)


def test_a_schedule_harvests_although_its_payload_says_next_to_nothing() -> None:
    assert route("schedule", {"schedule": "0 4 * * *"}, Inputs()) == Harvest()


# ---- forks


def test_FORK_01_a_head_in_another_repository_is_a_fork() -> None:
    found = on("pull_request", "pull_request.opened", pull_request__head__repo={"full_name": OTHERS, "fork": True})
    assert isinstance(found, CheckPull)
    assert (found.fork, found.head_repository, found.dependabot) == (True, OTHERS, False)


def test_FORK_01_a_fork_that_is_gone_is_still_a_fork() -> None:
    found = on("pull_request", "pull_request.opened", pull_request__head__repo=None)
    assert isinstance(found, CheckPull)
    assert (found.fork, found.head_repository) == (True, None)


def test_a_repository_that_is_itself_a_fork_has_pull_requests_of_its_own() -> None:
    found = on("pull_request", "pull_request.opened", pull_request__head__repo={"full_name": OURS, "fork": True})
    assert isinstance(found, CheckPull)
    assert not found.fork


@pytest.mark.parametrize("way", ["pull_request__user", "sender"])
def test_FORK_08_dependabot_counts_as_a_fork(way: str) -> None:
    bot = {"login": "dependabot[bot]", "id": 49699333, "type": "Bot"}
    found = on("pull_request", "pull_request.opened", **{way: bot})
    assert isinstance(found, CheckPull)
    assert (found.fork, found.head_repository) == (True, OURS)
    assert found.dependabot is (way == "pull_request__user")


def test_a_pull_request_of_a_deleted_account_is_checked_all_the_same() -> None:
    found = on("pull_request", "pull_request.opened", pull_request__user=None)
    assert isinstance(found, CheckPull)
    assert found.author == "ghost"


# ---- merge queue


@pytest.mark.parametrize(
    ("head_ref", "base_ref", "number"),
    [
        ("refs/heads/gh-readonly-queue/main/pr-104-" + "a" * 40, "refs/heads/main", 104),
        ("gh-readonly-queue/release/2.x/pr-7-" + "0" * 40, "release/2.x", 7),
        ("gh-readonly-queue/main/pr-1-" + "a" * 40 + "/pr-2-" + "b" * 40, "main", None),
        ("gh-readonly-queue/other/pr-7-" + "0" * 40, "main", None),
        ("gh-readonly-queue/main/pr-0-" + "0" * 40, "main", None),
        ("gh-readonly-queue/main/pr-7", "main", None),
        ("gh-readonly-queue/main/pr-٧-" + "0" * 40, "main", None),
        ("feature", "main", None),
    ],
)
def test_FORK_10_the_queue_s_branch_names_the_pull_request(head_ref: str, base_ref: str, number: int | None) -> None:
    assert merge_group_number(head_ref, base_ref) == number


# ---- comments


def test_FORK_07_a_comment_on_an_issue_is_not_ours() -> None:
    found = on("issue_comment", "issue_comment.created")
    assert isinstance(found, Nothing)
    assert "not_a_pull_request" in found.notice


def test_CMD_04_only_a_new_comment_on_a_pull_request_can_be_a_command() -> None:
    found = on("issue_comment", "issue_comment.created", **A_PULL_COMMENT, comment__body="/evalbot help")
    assert found == RunCommand(1, 492700400, "Codertocat", False, "/evalbot help")
    for action in ("edited", "deleted"):
        assert isinstance(on("issue_comment", "issue_comment.created", **A_PULL_COMMENT, action=action), Nothing)


@pytest.mark.parametrize(
    "user", [{"login": "helper[bot]", "type": "Bot"}, {"login": "machine", "type": "Bot"}, {"login": "odd[bot]", "type": "User"}, None]
)
def test_CMD_05_a_bot_is_known_as_one(user: dict[str, str] | None) -> None:
    found = on("issue_comment", "issue_comment.created", **A_PULL_COMMENT, comment__user=user)
    assert isinstance(found, RunCommand)
    assert found.bot


def test_a_comment_without_a_body_is_no_error() -> None:
    found = on("issue_comment", "issue_comment.created", **A_PULL_COMMENT, comment__body=None)
    assert isinstance(found, RunCommand)
    assert found.body == ""


# ---- publishing


def test_FORK_05_publishing_takes_no_number_from_the_event() -> None:
    found = on("workflow_run", "workflow_run.completed", **A_PULL_RUN)
    assert found == Publish(289782451, RUN_HEAD, "octo-org/octo-repo", "success", "pull_request", ".github/workflows/test.yml", "Codertocat")
    assert "number" not in Publish.__slots__


def test_FORK_05_a_run_of_a_fork_that_is_gone_has_no_repository() -> None:
    found = on("workflow_run", "workflow_run.completed", **A_PULL_RUN, workflow_run__head_repository=None, workflow_run__path=None)
    assert isinstance(found, Publish)
    assert (found.head_repository, found.workflow) == (None, "")


# ---- pushes and tags


def test_an_annotated_tag_is_the_commit_it_points_to() -> None:
    found = on("push", "push.tag", after="f" * 40)
    assert found == RunSuite(PUSHED, "refs/tags/simple-tag")


def test_a_tag_without_a_head_commit_is_what_was_pushed() -> None:
    assert on("push", "push.tag", head_commit=None) == RunSuite(PUSHED, "refs/tags/simple-tag")


# ---- the inputs' say


def test_a_dispatch_with_a_base_is_a_check() -> None:
    assert on("workflow_dispatch", inputs=Inputs(base="v1", head="v2")) == CheckRefs("v1", "v2")
    assert on("workflow_dispatch", inputs=Inputs(head="v2")) == RunSuite("", "v2", always=True, by_default_branch=True)
    assert on("workflow_dispatch", inputs=Inputs(command="check"), ref="refs/heads/topic") == CheckRefs("master", "refs/heads/topic")
    assert on("workflow_dispatch", inputs=Inputs(command="suite", base="v1")) == RunSuite("", "refs/heads/master", always=True, by_default_branch=True)


@pytest.mark.parametrize("head", ["refs/pull/7/head", "pull/7/merge", "refs/remotes/origin/pull/7/head", "REFS/pull/7/head"])
@pytest.mark.parametrize("command", ["auto", "check", "suite"])
def test_a_dispatch_never_runs_on_a_pull_request_s_head(head: str, command: str) -> None:
    with pytest.raises(ConfigError, match="names a pull request"):
        on("workflow_dispatch", inputs=Inputs(command=command, base="main", head=head))


@pytest.mark.parametrize("stored", names())
@pytest.mark.parametrize(("command", "expected"), [("harvest", Harvest()), ("monitor", Monitor())])
def test_an_explicit_command_wins_on_any_event(stored: str, command: str, expected: Activity) -> None:
    assert on(stored.split(".")[0], stored, Inputs(command=command)) == expected


def test_an_explicit_check_compares_what_the_event_has() -> None:
    check = Inputs(command="check")
    assert on("pull_request", "pull_request.opened", check) == OWN
    assert on("pull_request_review", "pull_request_review.submitted", check) == OWN
    assert isinstance(on("merge_group", "merge_group.checks_requested", check), CheckMergeGroup)
    assert on("push", "push.branch", check, before=PULL_BASE) == CheckRefs(PULL_BASE, PUSHED)
    assert on("issue_comment", "issue_comment.created", check, **A_PULL_COMMENT) == CheckPull(1, "Codertocat")
    assert route("schedule", {}, Inputs(command="check", base="v1")) == CheckRefs("v1", "")


@pytest.mark.parametrize(
    ("name", "stored", "command", "hint"),
    [
        ("schedule", "workflow_dispatch", "check", "Set the input `base`"),
        ("push", "push.branch", "check", "Set the input `base`"),
        ("pull_request", "pull_request.opened", "publish", "Leave `command` at `auto`"),
    ],
)
def test_a_command_that_the_event_cannot_serve_says_what_to_set(name: str, stored: str, command: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=hint):
        on(name, stored, Inputs(command=command))


@pytest.mark.parametrize("name", ["pull_request", "pull_request_target"])
def test_a_suite_on_a_pull_request_s_event_is_base_s(name: str) -> None:
    assert on(name, "pull_request.opened", Inputs(command="suite")) == RunSuite(PULL_BASE, "master")


def test_a_suite_elsewhere_runs_on_the_event_s_commit() -> None:
    suite = Inputs(command="suite")
    assert route("schedule", {}, suite) == RunSuite("", "", always=True, by_default_branch=True)
    assert on("push", "push.branch", suite, ref="refs/heads/feature") == RunSuite(PUSHED, "refs/heads/feature")
    assert on("merge_group", "merge_group.checks_requested", suite) == RunSuite(GROUP_BASE, "refs/heads/main")


# ---- malformed payloads

WRONG = [None, 1.5, True, "", [], {}, {"full_name": 3}, "$(curl evil)", "a b", "-x", -1, "\x00"]


@pytest.mark.parametrize(
    ("name", "payload", "place"),
    [
        ("pull_request", {}, "pull_request is not an object"),
        ("pull_request", {"pull_request": []}, "pull_request is not an object"),
        ("pull_request_review", {"action": 3}, "action is not a text"),
        ("merge_group", {"action": "checks_requested", "merge_group": {"head_ref": ""}}, "merge_group.head_ref is not a git reference"),
        ("issue_comment", {}, "issue is not an object"),
        ("workflow_run", {"action": "completed", "workflow_run": {"event": "pull_request", "id": "7"}}, "workflow_run.id is not a number"),
        ("push", {"ref": "refs/heads/main"}, "repository is not an object"),
        ("push", {"ref": "--upload-pack=x"}, "ref is not a git reference"),
        ("release", {"action": "published", "release": {}}, "release.tag_name is not a git reference"),
        ("workflow_dispatch", {}, "ref is not a git reference"),
    ],
)
def test_a_payload_that_does_not_fit_is_one_line_that_names_the_place(name: str, payload: dict[str, Any], place: str) -> None:
    with pytest.raises(ConfigError) as refused:
        route(name, payload, Inputs())
    assert place in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("payload", [None, [], "text", 7])
def test_a_payload_that_is_no_object_is_a_config_error(payload: Any) -> None:
    with pytest.raises(ConfigError, match="the payload is not an object"):
        route("push", payload, Inputs())


@settings(max_examples=300)
@given(data=st.data())
def test_no_damage_to_a_payload_is_anything_but_an_activity_or_a_config_error(data: st.DataObject) -> None:
    stored = data.draw(st.sampled_from(names()))
    payload = event(stored)
    here: Any = payload
    while isinstance(here, dict) and here:
        key = data.draw(st.sampled_from(sorted(here)))
        if not isinstance(here[key], dict) or data.draw(st.booleans()):
            here[key] = data.draw(st.sampled_from(WRONG))
            break
        here = here[key]
    name = data.draw(st.sampled_from([stored.split(".")[0], "issue_comment", "workflow_run", "pull_request_target"]))
    command = data.draw(st.sampled_from(["auto", "auto", "check", "suite", "publish"]))
    try:
        found: Activity | str = route(name, payload, Inputs(command=command))
    except ConfigError as refused:
        found = str(refused)
    assert isinstance(found, Activity | str)
    said = found.notice if isinstance(found, Nothing) else found if isinstance(found, str) else ""
    assert said.isprintable()


def test_an_event_s_odd_name_is_not_repeated() -> None:
    found = route("::error::\n", {}, Inputs())
    assert found == Nothing("evalbot does nothing on this event.")
