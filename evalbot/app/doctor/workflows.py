"""Workflow traps: what keeps the check from ever appearing, or the job from doing what it is there for.

Sources: docs.github.com, "Troubleshooting required status checks" (a workflow that is skipped by a path, a branch or a commit message leaves
its checks pending) and "Events that trigger workflows".
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evalbot.adapters.imports.foreign import Mapped, line_of, read
from evalbot.app.doctor.advice import Advice, advice, broken, fine
from evalbot.domain.errors import ConfigError
from evalbot.domain.ports import Tree

TOPIC = "workflow"
CHECK = "evalbot"
_OURS = re.compile(r"(^|/)evalbot(/|@|$)|^\./$")
_FOLDER = ".github/workflows/"
_FILTERS = ("paths", "paths-ignore", "branches", "branches-ignore")
_EVENTS = {
    "pull_request": "Without it no pull request is checked.",
    "pull_request_review": "Without it an approval changes nothing until the next push.",
    "issue_comment": "Without it /evalbot commands are not heard.",
}
_PERMISSIONS = {"pull-requests": "the comment", "checks": "the check run"}


def workflows(tree: Tree, federated: bool) -> Iterator[Advice]:
    """What is to be said of the workflows that run evalbot on pull requests.

    Args:
        federated: Whether a model has `auth: {type: oidc}`.
    """
    found = [(path, job, name, flow) for path, flow in _flows(tree) for name, job in _jobs(flow) if _step(job) is not None]
    ruling = [one for one in found if _is_check(_triggers(one[3]))]
    if not ruling:
        yield broken(TOPIC, "no workflow runs evalbot on pull requests.", "`evalbot init` writes one; examples/workflows/evalbot.yml explains it.")
    for path, job, name, flow in ruling:
        told = [*_of_triggers(path, flow), *_of_job(path, name, job, flow, federated)]
        yield from told or [fine(TOPIC, f"{path} runs evalbot on pull requests.")]


def job_names(tree: Tree) -> frozenset[str]:
    """What the jobs that run evalbot are called on GitHub."""
    return frozenset(str(job.get("name", name)) for _, flow in _flows(tree) for name, job in _jobs(flow) if _step(job) is not None)


def _flows(tree: Tree) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for path in tree.paths():
        if path.startswith(_FOLDER) and path.endswith((".yml", ".yaml")):
            try:
                flow = read(tree.read(path), path)
            except ConfigError:
                continue
            if isinstance(flow, dict):
                yield path, flow


def _jobs(flow: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    jobs = flow.get("jobs")
    for name, job in jobs.items() if isinstance(jobs, dict) else ():
        if isinstance(job, dict):
            yield str(name), job


def _step(job: Mapping[str, Any]) -> Mapping[str, Any] | None:
    steps = job.get("steps")
    used = [step for step in steps if isinstance(step, dict) and _OURS.search(str(step.get("uses", "")))] if isinstance(steps, list) else []
    return used[0] if used else None


def _triggers(flow: Mapping[str, Any]) -> Mapping[str, Any]:
    """Event → its filters. YAML 1.1 reads the key `on` as true."""
    on = flow.get("on", flow.get("True", flow.get("true")))
    if isinstance(on, str):
        return {on: None}
    if isinstance(on, list):
        return {str(event): None for event in on}
    return on if isinstance(on, dict) else {}


def _is_check(triggers: Mapping[str, Any]) -> bool:
    return any(event in triggers for event in ("pull_request", "pull_request_target"))


def _of_triggers(path: str, flow: Mapping[str, Any]) -> Iterator[Advice]:
    triggers = _triggers(flow)
    for event in ("pull_request", "pull_request_target", "merge_group"):
        filters = triggers.get(event)
        for name in _FILTERS:
            if isinstance(filters, dict) and filters.get(name):
                what = "touches none of these" if name.startswith("paths") else "is against another branch"
                yield broken(
                    TOPIC, f"`on.{event}.{name}`: a pull request that {what} never gets the check; where it is required, it can never be merged.",
                    "Leave the filter out: evalbot looks itself whether a prompt changed, and is done in seconds where none did.",
                    _at(path, line_of(filters, key=name)),
                )  # fmt: skip
    for event, why in _EVENTS.items():
        if event not in triggers and not (event == "pull_request" and "pull_request_target" in triggers):
            yield advice(TOPIC, f"the event `{event}` is missing. {why}", f"Add `{event}` under `on`.", path)


def _of_job(path: str, name: str, job: Mapping[str, Any], flow: Mapping[str, Any], federated: bool) -> Iterator[Advice]:
    step = _step(job) or {}
    if CHECK in (name.lower(), str(job.get("name", "")).lower()):
        yield broken(
            TOPIC, f"the job is called {CHECK!r}, like the check run: a required check of that name may be either.",
            "Give the job another name, and require only the check run.", _at(path, line_of(job)),
        )  # fmt: skip
    condition = str(job.get("if", ""))
    if condition and "issue_comment" not in condition:
        yield broken(
            TOPIC, f"the job has a condition (`if: {condition[:60]}`): where it does not hold, the job counts as a success, the check run never appears, and a pull request that requires it waits for ever.",
            "Move the condition to later steps, or leave it out: drafts and forks are handled by evalbot.", _at(path, line_of(job, key="if")),
        )  # fmt: skip
    if job.get("needs"):
        yield broken(
            TOPIC, "the job waits for others (`needs`): where one of them fails or is skipped, the check never appears.",
            "Let it stand by itself.", _at(path, line_of(job, key="needs")),
        )  # fmt: skip
    if job.get("continue-on-error") or step.get("continue-on-error"):
        yield advice(TOPIC, "`continue-on-error` turns every verdict into a green job.", "Leave it out; the input `advisory` reports without gating, and says so.", path)
    yield from _of_permissions(path, job, flow, federated)
    uses = str(step.get("uses", ""))
    if "@" in uses and not re.search(r"@[0-9a-f]{40}$", uses):
        yield advice(TOPIC, f"`{uses}` can be moved by others.", "Pin it to the commit that you have read; Dependabot keeps the pin up to date.", _at(path, line_of(step)))
    if "pull_request_target" in _triggers(flow) and "head" in str(_checkout(job).get("ref", "")):
        yield broken(
            TOPIC, "`pull_request_target` with a checkout of the head puts a stranger's files beside your secrets.",
            "Leave `ref` out: evalbot reads the head as data.", path,
        )  # fmt: skip
    steps = job.get("steps")
    if isinstance(steps, list) and not any("upload-artifact" in str(one.get("uses", "")) for one in steps if isinstance(one, dict)):
        yield advice(TOPIC, "no step stores the results.", "Add the upload-artifact step of examples/workflows/evalbot.yml: approvals and commands then cost nothing.", path)


def _of_permissions(path: str, job: Mapping[str, Any], flow: Mapping[str, Any], federated: bool) -> Iterator[Advice]:
    given = job.get("permissions", flow.get("permissions"))
    if given is None:
        yield advice(TOPIC, "no permissions are given: what the job may do depends on the repository's settings.", "Give the job those of examples/workflows/evalbot.yml.", path)
    if given == "write-all":
        yield advice(TOPIC, "the job may write everything (`write-all`).", "Give it those of examples/workflows/evalbot.yml.", _at(path, line_of(job, key="permissions")))
    if given in (None, "write-all"):
        return
    allowed = given if isinstance(given, dict) else {}
    if allowed.get("contents") == "write":
        yield advice(TOPIC, "the job may write to the repository, which a check does not need.", "`contents: read` is enough; only the harvest writes.", _at(path, line_of(job, key="permissions")))
    needed = {**_PERMISSIONS, **({"id-token": "`auth: {type: oidc}`"} if federated else {})}
    for permission, purpose in needed.items():
        if allowed.get(permission) != "write":
            yield broken(TOPIC, f"the job lacks `{permission}: write`, for {purpose}.", "Add it to the job's permissions.", _at(path, line_of(job, key="permissions")))


def _checkout(job: Mapping[str, Any]) -> Mapping[str, Any]:
    steps = job.get("steps")
    for step in steps if isinstance(steps, list) else []:
        if isinstance(step, dict) and str(step.get("uses", "")).startswith("actions/checkout"):
            given = step.get("with")
            return given if isinstance(given, dict) else Mapped()
    return Mapped()


def _at(path: str, line: int | None) -> str:
    return f"{path}:{line}" if line else path
