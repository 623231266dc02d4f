"""Targets that are no prompt, from their YAML options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from evalbot.adapters.targets import TARGETS
from evalbot.config.endpoints import objection
from evalbot.config.options import At, Written, at_line, build
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.policy import SuitePolicy
from evalbot.domain.targets import Target


def build_target(suite: SuitePolicy, path: str, read: Callable[[str], bytes]) -> Target:
    """The target of a suite that has one, with the files that it names read.

    Args:
        path: The configuration, for messages.
        read: The bytes of a file of the repository.

    Raises:
        ConfigError: Its options are wrong, or one of its files cannot be read.
    """
    problems: list[Problem] = []
    target = construct_target(suite.target or {}, at_line(path, suite.line), problems)
    if target is None:
        raise ConfigError(dict.fromkeys(problems))
    return target.with_files(read)


def construct_target(options: Mapping[str, Any], at: At, problems: list[Problem]) -> Target | None:
    """The target without its files, or None where something is wrong, which is added to `problems`."""
    own = {key: value for key, value in options.items() if key != "type"}
    target: Target | None = build(Written("the target", str(options.get("type", "")), own), TARGETS, "target", at, problems)
    url = getattr(target, "url", None)
    if isinstance(url, str) and (message := objection(url)):
        problems.append(at(f"the target: url {message}", "url"))
        return None
    return target
