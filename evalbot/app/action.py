"""The container's inputs → the command line's arguments: a draft that checks pull requests; the bot comes with it later."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

CHECKED = ("pull_request", "pull_request_target")


def arguments(environment: Mapping[str, str]) -> list[str]:
    """Arguments of `evalbot` for the event and inputs that a runner gives.

    Inputs arrive as `INPUT_<NAME>`, upper case, hyphens kept. Events that nothing runs on ask for the version and exit 0.
    """
    base, head = _sides(environment)
    if not base:
        return ["--version"]
    given = [("--base", base), ("--head", head)]
    given += [(f"--{name}", _input(environment, name)) for name in ("config", "suites", "partitions", "epochs", "report-dir", "cache-dir")]
    flags = ["--advisory"] if _input(environment, "advisory") == "true" else []
    workspace = environment.get("GITHUB_WORKSPACE", ".")
    return ["check", *(word for name, value in given if value for word in (name, value)), *flags, "--repository", workspace]


def _input(environment: Mapping[str, str], name: str) -> str:
    return environment.get(f"INPUT_{name.upper()}", "").strip()


def _sides(environment: Mapping[str, str]) -> tuple[str, str]:
    """Base and head: the inputs where the event has no pull request, else the pull request's own commits."""
    if environment.get("GITHUB_EVENT_NAME") in CHECKED:
        event = json.loads(Path(environment["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
        return event["pull_request"]["base"]["sha"], event["pull_request"]["head"]["sha"]
    return _input(environment, "base"), _input(environment, "head") or "HEAD"
