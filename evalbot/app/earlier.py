"""Earlier runs of a pull request, told by their check runs: what the comment's history and the stale table are made of."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from evalbot.domain.pulls import CheckRun, GitHub
from evalbot.domain.record import PastRun

MOST_RUNS = 10
MOST_HEADS_ASKED = 2
_LINE = re.compile(r"- `(?P<head>[0-9a-f]{7})` (?P<at>[0-9TZ:+-]{1,30}) (?P<words>[^\n`<>|]{1,200})")
_DIGEST = re.compile(r"- (?P<name>subject|exam|policy) `(?P<digest>[0-9a-f]{64})`")
_BEFORE = re.compile(r"- before `(?P<sha>[0-9a-f]{40}|[0-9a-f]{64})`")


def past_of(checks: Sequence[CheckRun]) -> tuple[PastRun, ...]:
    """The runs that these checks (of one name, newest first) tell of: the newest concluded one, and those it lists."""
    done = [check for check in checks if check.status == "completed" and check.title]
    if not done:
        return ()
    listed = [PastRun(found["head"], found["at"], found["words"]) for found in map(_LINE.fullmatch, done[0].text.splitlines()) if found]
    own = [PastRun(done[0].sha[:7], done[0].started_at, _words(done[0].title))]
    return tuple(dict.fromkeys([*own, *listed]))[:MOST_RUNS]


def last_result(github: GitHub, name: str, checks: Sequence[CheckRun], before: str) -> Sequence[CheckRun]:
    """The checks of the latest head that has a concluded one: this head's, else those of the heads before it.

    Args:
        checks: This head's checks of this name, without ours.
        before: The head that a push replaced; empty where nobody says.
    """
    for _ in range(MOST_HEADS_ASKED):
        done = [check for check in checks if check.status == "completed" and check.conclusion != "cancelled"]
        before = next((found for check in checks if (found := _before(check))), before) if checks else before
        if done or not before:
            return done
        checks, before = github.checks(before, name), ""
    return [check for check in checks if check.status == "completed"]


def digests_of(check: CheckRun) -> Mapping[str, str]:
    """What a check says it compared: the digests of subject, exam and policy; empty where it says none."""
    return {found["name"]: found["digest"] for found in map(_DIGEST.fullmatch, check.text.splitlines()) if found}


def told(past: Sequence[PastRun], digests: Mapping[str, str], before: str) -> str:
    """The check's text, which the functions above read: earlier runs, what was compared, the head before this one."""
    parts = []
    if past:
        parts += ["### Earlier runs of this pull request", "\n".join(f"- `{run.head}` {run.at} {run.words}" for run in past)]
    lines = [f"- {name} `{digest}`" for name, digest in digests.items()] + ([f"- before `{before}`"] if before else [])
    if lines:
        parts += ["### What was compared", "\n".join(lines)]
    return "\n\n".join(parts)


def _before(check: CheckRun) -> str:
    return next((found["sha"] for found in map(_BEFORE.fullmatch, check.text.splitlines()) if found), "")


def _words(title: str) -> str:
    return re.sub(r"[\n`<>|]", " ", title.replace("evalbot: ", "", 1))[:200]
