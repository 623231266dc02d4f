"""Event and payload → activity: the whole table of what evalbot does on GitHub, as one pure function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from evalbot.app.activities import (
    DEPENDABOT,
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
from evalbot.app.payload import Payload
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem

_PULLS = ("pull_request", "pull_request_target", "pull_request_review")
_QUEUE = re.compile(r"(?:refs/heads/)?gh-readonly-queue/(?P<base>.+)/pr-(?P<number>[1-9][0-9]{0,9})-(?:[0-9a-f]{40}|[0-9a-f]{64})")
_PULL_REF = re.compile(r"(?:refs/)?(?:remotes/[^/]+/)?pull/", re.IGNORECASE)
_KNOWN_EVENT = re.compile(r"[a-z_]{1,40}")
_Route = Callable[[Payload, Inputs], Activity]


def route(event_name: str, payload: Mapping[str, Json], inputs: Inputs) -> Activity:
    """What to do on an event. An explicit `command` wins on any event; otherwise the event decides.

    Raises:
        ConfigError: The payload is not what GitHub sends, or the command needs something that the event does not have;
            one line that names it.
    """
    body = Payload(event_name, payload)
    if inputs.command != "auto":
        return _COMMANDS[inputs.command](body, inputs)
    by_event = _EVENTS.get(event_name)
    if by_event is None:
        named = f"the event {event_name!r}" if _KNOWN_EVENT.fullmatch(event_name) else "this event"
        return Nothing(f"evalbot does nothing on {named}.")
    return by_event(body, inputs)


def merge_group_number(head_ref: str, base_ref: str) -> int | None:
    """The pull request in a merge queue's branch name, gh-readonly-queue/<base>/pr-<number>-<sha>; None for any other."""
    found = _QUEUE.fullmatch(head_ref)
    return int(found["number"]) if found and found["base"] == base_ref.removeprefix("refs/heads/") else None


def _pull(payload: Payload, _: Inputs) -> Activity:
    if _closed(payload, "pull_request") or payload.optional("action") == "closed":
        return Nothing("the pull request is closed: there is nothing to check.")
    if payload.optional("action") == "edited" and (payload.value("changes") is None or payload.value("changes", "base") is None):
        return Nothing("only its title or text was edited: there is nothing to check.")
    author = payload.login("pull_request", "user")
    head, ours = payload.repository("pull_request", "head", "repo"), payload.repository("repository")
    return CheckPull(
        payload.number("pull_request", "number"), author, payload.ref("pull_request", "base", "ref"),
        payload.sha("pull_request", "base", "sha"), payload.sha("pull_request", "head", "sha"), head,
        fork=head is None or head != ours or DEPENDABOT in (author, payload.login("sender")),
        target=payload.event == "pull_request_target",
        before=payload.sha_or_none("before") if payload.value("before") is not None else "",
    )  # fmt: skip


def _review(payload: Payload, _: Inputs) -> Activity:
    if payload.text("action") not in ("submitted", "dismissed"):
        return Nothing("only a review that is submitted or dismissed counts.")
    if _closed(payload, "pull_request"):
        return Nothing("the pull request is closed: there is nothing to recompute.")
    return Recompute(payload.number("pull_request", "number"), payload.sha("pull_request", "head", "sha"))


def _merge_group(payload: Payload, _: Inputs) -> Activity:
    if payload.text("action") != "checks_requested":
        return Nothing("the merge group is gone: there is nothing to check.")
    head_ref, base_ref = payload.ref("merge_group", "head_ref"), payload.ref("merge_group", "base_ref")
    return CheckMergeGroup(
        payload.sha("merge_group", "base_sha"), payload.sha("merge_group", "head_sha"), merge_group_number(head_ref, base_ref),
        base_ref.removeprefix("refs/heads/"),
    )  # fmt: skip


def _comment(payload: Payload, _: Inputs) -> Activity:
    if payload.value("issue", "pull_request") is None:
        return Nothing("not_a_pull_request: commands are read on pull requests only.")
    if payload.text("action") != "created":
        return Nothing("only a new comment can be a command: edited and deleted ones are not read.")
    author = payload.login("comment", "user")
    bot = author.endswith("[bot]") or payload.value("comment", "user") is None or payload.text("comment", "user", "type") == "Bot"
    return RunCommand(
        payload.number("issue", "number"), payload.number("comment", "id"), author, bot, payload.optional("comment", "body")
    )


def _workflow_run(payload: Payload, _: Inputs) -> Activity:
    if payload.text("action") != "completed":
        return Nothing("the other workflow's run has not ended yet.")
    event = payload.text("workflow_run", "event")
    if event not in _PULLS:
        return Nothing("the other workflow's run was not for a pull request: there is nothing to publish.")
    return Publish(
        payload.number("workflow_run", "id"), payload.sha("workflow_run", "head_sha"), payload.repository("workflow_run", "head_repository"),
        payload.optional("workflow_run", "conclusion") or None, event, payload.optional("workflow_run", "path"), _actor(payload),
    )  # fmt: skip


def _actor(payload: Payload) -> str:
    """Who set a run off; who started it first where that is not said."""
    way = "triggering_actor" if payload.value("workflow_run", "triggering_actor") is not None else "actor"
    return payload.login("workflow_run", way)


def _push(payload: Payload, _: Inputs) -> Activity:
    ref = payload.ref("ref")
    if payload.flag("deleted"):
        return Nothing("a branch or tag was deleted: there is nothing to evaluate.")
    if ref.startswith("refs/tags/"):
        # An annotated tag has an object of its own, which `after` names; what it points to is the head commit.
        tagged = ("head_commit", "id") if payload.value("head_commit") is not None else ("after",)
        return RunSuite(payload.sha(*tagged), ref)
    if ref != f"refs/heads/{payload.ref('repository', 'default_branch')}":
        return Nothing("only pushes to the default branch and of tags are evaluated.")
    return RunSuite(payload.sha("after"), ref, stores=True)


def _release(payload: Payload, _: Inputs) -> Activity:
    if payload.text("action") in ("deleted", "unpublished", "edited") or payload.flag("release", "draft"):
        return Nothing("only a release that comes out is evaluated.")
    return RunSuite("", f"refs/tags/{payload.ref('release', 'tag_name')}")


def _schedule(_: Payload, __: Inputs) -> Activity:
    return Harvest()


def _dispatch(payload: Payload, inputs: Inputs) -> Activity:
    return _check_refs(payload, inputs) if inputs.base else _suite_here(payload, inputs)


def _check(payload: Payload, inputs: Inputs) -> Activity:
    if payload.event in _PULLS:
        return _pull(payload, inputs)
    if payload.event == "merge_group":
        return _merge_group(payload, inputs)
    if payload.event == "issue_comment" and payload.value("issue", "pull_request") is not None:
        return CheckPull(payload.number("issue", "number"), payload.login("issue", "user"))
    return _check_refs(payload, inputs)


def _check_refs(payload: Payload, inputs: Inputs) -> Activity:
    """Two named revisions; a push without them compares before and after, a dispatch its branch with the default one."""
    head = _no_pull_request(inputs.head)
    if inputs.base:
        return CheckRefs(inputs.base, head)
    if payload.event == "push" and payload.sha_or_none("before") and payload.sha_or_none("after"):
        return CheckRefs(payload.sha("before"), head or payload.sha("after"))
    if payload.event == "workflow_dispatch":
        return CheckRefs(payload.ref("repository", "default_branch"), head or _no_pull_request(payload.ref("ref")))
    named = f"the event {payload.event!r}" if _KNOWN_EVENT.fullmatch(payload.event) else "this event"
    raise ConfigError(Problem(f"`command: check` has nothing to compare on {named}.", hint="Set the input `base` (and `head`)."))


def _suite(payload: Payload, inputs: Inputs) -> Activity:
    """A suite's commit is its own policy, so on a pull request it is base's: head's word is never policy."""
    if payload.event in _PULLS:
        return RunSuite(payload.sha("pull_request", "base", "sha"), payload.ref("pull_request", "base", "ref"))
    if payload.event == "merge_group":
        return RunSuite(payload.sha("merge_group", "base_sha"), payload.ref("merge_group", "base_ref"))
    if payload.event == "push" and not payload.flag("deleted"):
        usual = _push(payload, inputs)  # of another branch: measured where somebody asks for it, and never the baseline
        return usual if isinstance(usual, RunSuite) else RunSuite(payload.sha("after"), payload.ref("ref"))
    return _release(payload, inputs) if payload.event == "release" else _suite_here(payload, inputs)


def _suite_here(payload: Payload, inputs: Inputs) -> Activity:
    ref = inputs.head or (payload.ref("ref") if payload.event == "workflow_dispatch" else "")
    return RunSuite("", _no_pull_request(ref), always=True, by_default_branch=True)


def _publish(payload: Payload, inputs: Inputs) -> Activity:
    if payload.event == "workflow_run":
        return _workflow_run(payload, inputs)
    raise ConfigError(Problem("`command: publish` runs on the event 'workflow_run' only.", hint="Leave `command` at `auto`."))


def _monitor(_: Payload, __: Inputs) -> Activity:
    return Monitor()


def _closed(payload: Payload, *way: str) -> bool:
    return payload.optional(*way, "state") == "closed"


def _no_pull_request(ref: str) -> str:
    """A pull request's head is measured by its own event, under its rules; a name for it is refused here."""
    if _PULL_REF.match(ref):
        raise ConfigError(Problem("the input `head` names a pull request.", hint="Its own event checks it; comment `/evalbot rerun` there."))
    return ref


_EVENTS: Mapping[str, _Route] = {
    "pull_request": _pull,
    "pull_request_target": _pull,
    "pull_request_review": _review,
    "merge_group": _merge_group,
    "issue_comment": _comment,
    "workflow_run": _workflow_run,
    "push": _push,
    "release": _release,
    "schedule": _schedule,
    "workflow_dispatch": _dispatch,
}
_COMMANDS: Mapping[str, _Route] = {
    "check": _check,
    "suite": _suite,
    "harvest": _schedule,
    "monitor": _monitor,
    "publish": _publish,
}
