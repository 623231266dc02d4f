"""`harvest:` of the configuration → its policy, and what only the whole file can tell to be wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from evalbot.adapters.sources import SOURCES
from evalbot.adapters.sources.paths import finder
from evalbot.config.options import Written, at_line, build
from evalbot.config.shape import HarvestPart
from evalbot.config.spans import seconds_of
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.harvest import Caps, HarvestPolicy
from evalbot.domain.samples import Source


def harvest_policy(part: HarvestPart, line: int) -> HarvestPolicy:
    """The policy as it was written."""
    feedback = part.feedback
    bad = feedback.bad_when if feedback else ()
    return HarvestPolicy(
        part.suite, part.dataset, part.source, part.map, part.prompt or "", seconds_of(part.since),
        feedback.field if feedback else "", tuple(bad) if isinstance(bad, list | tuple) else (bad,), part.sample.rate, tuple(part.sample.by),
        tuple(part.sample.always), part.sample.max,
        Caps(part.propose.max, part.propose.per_user, part.propose.per_cluster, part.propose.reproduce, part.propose.near, part.propose.embedding or ""),
        tuple(part.redact), part.allow_public, line, part.erased or "", part.alerts or "", part.names or "",
    )  # fmt: skip


def harvest_problems(raw: Mapping[str, Any], suites: Mapping[str, Any], wrong: Callable[..., None]) -> None:
    """Names that name nothing, paths that are no JMESPath, patterns that are no patterns; each told to `wrong` with its keys."""
    suite, source = raw.get("suite"), raw.get("source")
    if isinstance(suite, str) and suite not in suites:
        wrong(f"there is no suite {suite!r:.60}.", "harvest", "suite", hint=nearest(suite, suites))
    if isinstance(source, dict):
        found: list[Problem] = []
        build(_written(source), SOURCES, "source", at_line("", 0), found)
        for problem in found:
            wrong(problem.message, "harvest", "source", hint=problem.hint)
    for keys, path in _paths(raw):
        if reason := finder(path).reason:
            wrong(f"{path!r:.80} is no JMESPath: {reason}.", "harvest", *keys)
    for number, pattern in enumerate(_list(_mapping(raw.get("sample")).get("always"))):
        try:
            re.compile(str(pattern))
        except re.error as error:
            wrong(f"{pattern!r:.80} is no regular expression: {error}.", "harvest", "sample", "always", number)


def build_source(policy: HarvestPolicy, path: str) -> Source:
    """The source of a harvest; raises ConfigError where its options are wrong."""
    found: list[Problem] = []
    source: Source | None = build(_written(policy.source), SOURCES, "source", at_line(path, policy.line), found)
    if source is None:
        raise ConfigError(dict.fromkeys(found))
    return source


def _written(source: Mapping[str, Any]) -> Written:
    return Written("the source", str(source.get("type", "")), {key: value for key, value in source.items() if key != "type"})


def _paths(raw: Mapping[str, Any]) -> list[tuple[tuple[str, ...], str]]:
    found: list[tuple[tuple[str, ...], str]] = [(("map", name), path) for name, path in _mapping(raw.get("map")).items() if isinstance(path, str)]
    field = _mapping(raw.get("feedback")).get("field")
    return found + ([(("feedback", "field"), field)] if isinstance(field, str) else [])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
