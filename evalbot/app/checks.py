"""Whose check is whose: what an external id says, and which of several checks on one commit counts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from evalbot.domain.pulls import CheckRun
from evalbot.domain.verdicts import Verdict

PASSING = frozenset({Verdict.PASS, Verdict.NOT_APPLICABLE, Verdict.ACCEPTED})
_ID = re.compile(r"evalbot:(?P<run>[0-9]+):(?P<attempt>[0-9]+)(?::(?P<pull>[0-9]+)(?::(?P<verdict>[a-z_]+))?)?")


@dataclass(frozen=True, slots=True)
class Origin:
    """Who wrote a check: the workflow run and its attempt, the pull request where it was for one, and what was concluded."""

    run: str = ""
    attempt: int = 0
    pull: int | None = None
    verdict: str = ""

    @property
    def passed(self) -> bool:
        """Whether that pull request's own verdict lets it through, whatever the check says for its neighbours' sake."""
        return self.verdict in PASSING


def external_id(run: str, pull: int | None = None, verdict: Verdict | None = None) -> str:
    """`evalbot:<run>:<attempt>`, then the pull request's number and its verdict where there are such; `run` is "123:1"."""
    return ":".join(["evalbot", run, *([str(pull)] if pull else []), *([verdict.value] if pull and verdict else [])])


def origin(check: CheckRun) -> Origin:
    """What a check's external id says; empty where it is of another kind."""
    found = _ID.fullmatch(check.external_id)
    if found is None:
        return Origin()
    return Origin(found["run"], int(found["attempt"]), int(found["pull"]) if found["pull"] else None, found["verdict"] or "")


def newer_verdict(own: CheckRun, others: Iterable[CheckRun], pull: int | None) -> CheckRun | None:
    """The newest check of the same pull request that began after ours and has concluded with a verdict: it stands, not ours.

    A cancelled one concludes nothing. What began later has read policy and people's words later.
    """
    later = [check for check in others if check.id > own.id and check.conclusion in ("success", "failure") and origin(check).pull == pull]
    return max(later, key=lambda check: check.id, default=None)


def open_checks(others: Iterable[CheckRun], own: CheckRun | None = None) -> list[CheckRun]:
    """Checks in progress, without ours."""
    return [check for check in others if check.status != "completed" and (own is None or check.id != own.id)]


def is_active(check: CheckRun, run: str, run_is_active: Callable[[str], bool]) -> bool:
    """Whether somebody is still working on a check in progress; `run` is ours, "123:1"."""
    own_run, _, own_attempt = run.partition(":")
    of = origin(check)
    if of.run == own_run:
        return of.attempt >= int(own_attempt)  # an earlier attempt of this very run has ended, or we would not be here
    return bool(of.run) and run_is_active(of.run)


def unsettled(others: Iterable[CheckRun], siblings: Iterable[int]) -> list[int]:
    """Of these pull requests, those that have no passing verdict of their own on this commit."""
    latest: dict[int, CheckRun] = {}
    for check in sorted(others, key=lambda check: check.id):
        number = origin(check).pull
        if number is not None and check.conclusion != "cancelled":
            latest[number] = check
    return [number for number in siblings if number not in latest or not origin(latest[number]).passed]
