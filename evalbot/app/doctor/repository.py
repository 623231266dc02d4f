"""The required check, as GitHub has it: is `evalbot` required, and is it the check run and nothing else."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from urllib.parse import quote

from evalbot.adapters.github.api import Absent, Api, Errand
from evalbot.app.doctor.advice import Advice, advice, broken, fine, unknown
from evalbot.domain.errors import ConfigError, CouldNotRun

TOPIC = "required check"
_REMOTE = re.compile(r"github\.com[:/](?P<name>[\w.-]+/[\w.-]+?)(\.git)?/?\Z")
_HOW = "In Settings, Rules (or Branches), require the status check `{}`: the check run, not the job. It can be chosen once it has run."


def required(environment: Mapping[str, str], remote: str, check: str, jobs: frozenset[str]) -> Iterator[Advice]:
    """What the default branch requires.

    Args:
        environment: For GITHUB_TOKEN or GH_TOKEN, GITHUB_REPOSITORY and GITHUB_API_URL.
        remote: The address of the remote `origin`, if there is one.
        check: The name of evalbot's check run.
        jobs: The names of the jobs that run evalbot.
    """
    token = environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or ""
    found = _REMOTE.search(remote)
    name = environment.get("GITHUB_REPOSITORY") or (found["name"] if found else "")
    if not token or not name:
        lacking = "no GITHUB_TOKEN" if name else "no remote at github.com"
        yield unknown(TOPIC, f"not looked up: there is {lacking}.", "Set GITHUB_TOKEN (read access is enough) to have it looked up." if name else "")
        return
    api = Api(token, environment.get("GITHUB_API_URL") or "https://api.github.com", name, clock=time.monotonic, sleep=time.sleep, most_calls=6)
    try:
        branch = api.get(api.root, lambda data: str(data["default_branch"]), Errand("read the repository", "contents: read"))
        names = set(_contexts(api, branch))
    except (CouldNotRun, ConfigError) as error:
        yield unknown(TOPIC, f"not looked up: {error}")
        return
    yield from _told(names, branch, check, jobs)


def _contexts(api: Api, branch: str) -> Iterator[str]:
    """The checks that rulesets and branch protection require; a branch without one of the two has none of its."""
    errand, place = Errand("read the rules of the default branch", "contents: read"), quote(branch, safe="")
    with suppress(Absent):
        yield from api.get(f"{api.root}/rules/branches/{place}", _of_rules, errand)
    yield from api.get(f"{api.root}/branches/{place}", _of_protection, errand)


def _of_rules(data: Any) -> list[str]:
    rules = [rule for rule in data if rule["type"] == "required_status_checks"]
    return [str(check["context"]) for rule in rules for check in rule["parameters"]["required_status_checks"]]


def _of_protection(data: Any) -> list[str]:
    checks = (data.get("protection") or {}).get("required_status_checks") or {}
    return [str(name) for name in checks.get("contexts") or []]


def _told(names: set[str], branch: str, check: str, jobs: frozenset[str]) -> Iterator[Advice]:
    wrong = sorted(names & (jobs - {check}))
    if wrong:
        yield broken(
            TOPIC, f"{branch} requires the job {wrong[0]!r}: a finished job cannot turn green when somebody accepts or approves.",
            f"Require only the check run `{check}`.",
        )  # fmt: skip
    if check in names:
        yield fine(TOPIC, f"{branch} requires `{check}`.")
    elif not wrong:
        yield advice(TOPIC, f"{branch} does not require `{check}`: a worse prompt can be merged all the same.", _HOW.format(check))
