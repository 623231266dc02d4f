"""Our check run on one commit: begun, concluded, in step with those that other runs wrote there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from evalbot.app.attempts import Attempts
from evalbot.app.checks import external_id, is_active, open_checks, origin, unsettled
from evalbot.app.earlier import told
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.pulls import CheckConclusion, CheckPage, CheckRun, GitHub, PullRequest
from evalbot.domain.verdicts import Verdict

MOST_ORPHANS = 3


@dataclass
class OwnCheck:
    """The check of one run of the action.

    Args:
        name: The check that a repository requires.
        run: The workflow run's id and attempt, "123:1": written into checks, so that a later run knows whose they are.
        attempt: How writes are tried.
    """

    github: GitHub
    name: str
    run: str
    attempt: Attempts = field(default_factory=Attempts)
    written: CheckRun | None = None

    def start(self, head: str, pull: int | None, before: str) -> None:
        """In progress, on the commit that the event names."""
        text = f"Measuring `{head[:7]}`; this check concludes when it is done."
        page = CheckPage("evalbot: evaluating", text, text=told((), {}, before))
        write = lambda: self.github.start_check(head, self.name, page, external_id(self.run, pull))  # noqa: E731 - one line, used once
        self.written = self.attempt(write, "the check could not be written")

    def others(self, head: str) -> Sequence[CheckRun]:
        """The checks of this name that other runs wrote on a commit, newest first; none where GitHub does not tell."""
        found = self.attempt(lambda: self.github.checks(head, self.name), "what other runs say could not be read") or ()
        return [check for check in found if self.written is None or check.id != self.written.id]

    def is_measuring(self, check: CheckRun) -> bool:
        """Whether another run still works on a check in progress; so it is where GitHub does not tell."""
        try:
            return is_active(check, self.run, self.github.run_is_active)
        except CouldNotRun:
            return True

    def is_anothers(self, pull: PullRequest) -> bool:
        """Whether the newest run on a pull request's head that was not stopped is still measuring: it hears people itself.

        An older one that is still at it will yield to the newest verdict, so nothing may be left to that.
        """
        for check in self.others(pull.head_sha):
            if origin(check).pull in (None, pull.number) and check.conclusion != "cancelled":
                if check.status == "completed":
                    return False
                if self.is_measuring(check):
                    return True
        return False

    def conclude(self, conclusion: CheckConclusion, page: CheckPage, pull: PullRequest | None, verdict: Verdict) -> bool:
        """Conclude ours; whether it was written."""
        own = self.written
        if own is None:
            return False
        named = external_id(self.run, pull.number if pull else None, verdict)
        done = self.attempt(lambda: self.github.conclude_check(own, conclusion, page, named), "the check could not be written")
        self.written = done or own
        return done is not None

    def repeat(self, newer: CheckRun) -> None:
        """Say with ours what a newer run has said: which of the two ended last must make no difference."""
        own = self.written
        agreed: CheckConclusion = "success" if newer.conclusion == "success" else "failure"
        if own is not None and (own.conclusion, own.external_id) != (agreed, newer.external_id):
            page = CheckPage(newer.title, newer.summary, text=newer.text)
            write = lambda: self.github.conclude_check(own, agreed, page, newer.external_id)  # noqa: E731 - one line, used once
            self.written = self.attempt(write, "the check could not be written") or own

    def end_orphans(self, others: Sequence[CheckRun]) -> None:
        """Conclude checks whose run was killed: nobody else will."""
        for check in open_checks(others, self.written)[:MOST_ORPHANS]:
            if not self.is_measuring(check):
                page = CheckPage("evalbot: cancelled", "The run that measured this was stopped before it could say so.", text=check.text)
                self.attempt(lambda: self.github.conclude_check(check, "cancelled", page), "a stopped run's check could not be written")  # noqa: B023 - called at once

    def waits_for(self, pull: PullRequest, others: Sequence[CheckRun], *, ask: bool) -> list[int]:
        """Open pull requests of this head into other branches that have no passing verdict of their own.

        One check serves them all, and what is green for one branch may be red for another.

        Args:
            ask: Whether GitHub may be asked for them where it did not say them with the check.
        """
        known = dict(self.written.pulls if self.written else ())
        strange = {number for check in others if (number := origin(check).pull) not in (None, pull.number, *known)}
        if strange or (ask and not known):
            same = self.attempt(lambda: self.github.pulls_with_head(pull.head_sha), "the pull requests of this head could not be read") or ()
            known = {other.number: other.base_ref for other in same}
        return unsettled(others, [number for number, base in known.items() if number != pull.number and base != pull.base_ref])

    def newest(self, head: str, pull: int) -> CheckRun | None:
        """The newest check of a pull request on a commit that has concluded with a verdict, ours too."""
        found = self.attempt(lambda: self.github.checks(head, self.name), "what other runs say could not be read") or ()
        ended = [check for check in found if check.conclusion in ("success", "failure") and origin(check).pull == pull]
        return max(ended, key=lambda check: check.id, default=None)

    def is_before(self, check: CheckRun) -> bool:
        """Whether a check on the same commit was begun after ours."""
        return self.written is not None and check.id > self.written.id


