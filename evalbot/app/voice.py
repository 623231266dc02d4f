"""What evalbot says on GitHub: a check from its start to its conclusion and the comment beside it; the newest run's stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from evalbot.app.checkout import Checkout
from evalbot.app.checks import PASSING, external_id, is_active, newer_verdict, open_checks, origin, unsettled
from evalbot.app.earlier import last_result, past_of, told
from evalbot.app.inputs import KEY, Inputs
from evalbot.app.sticky import Sticky
from evalbot.app.wiring import MOVED, World
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.pulls import Annotation, CheckConclusion, CheckPage, CheckRun, Comment, GitHub, PullRequest, Refused
from evalbot.domain.record import PastRun, RunRecord
from evalbot.domain.runs import file_of
from evalbot.domain.verdicts import Decision, Verdict
from evalbot.report.annotations import annotations as noted
from evalbot.report.comment import comment
from evalbot.report.evaluating import evaluating
from evalbot.report.title import title

T = TypeVar("T")
CONCLUSIONS: dict[Verdict, CheckConclusion] = {**dict.fromkeys(PASSING, "success"), Verdict.CANCELLED: "cancelled"}
HURRY_SECONDS = 2.5  # and a request takes two: a cancelled job has seven and a half until the next signal
SHORT_CHARACTERS = 20_000
MOST_ORPHANS = 3
MOST_REPAIRS = 3


@dataclass(frozen=True)
class Published:
    """A run's record and where it can be read."""

    record: RunRecord
    comment_url: str = ""
    check_url: str = ""
    warnings: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@dataclass
class Voice:
    """Speaks for one run of the action about one commit. Nothing that GitHub refuses changes a verdict: it becomes a warning.

    Args:
        run: The workflow run's id and attempt, "123:1": written into checks, so that a later run knows whose they are.
        checkout: What the job checked out: changed lines are found there.
    """

    github: GitHub
    inputs: Inputs
    world: World
    checkout: Checkout
    run: str
    check: CheckRun | None = None
    said: list[str] = field(default_factory=list)
    past: tuple[PastRun, ...] = ()
    before: str = ""

    def __post_init__(self) -> None:
        self.sticky = Sticky(self.github, self.inputs)

    @property
    def check_name(self) -> str:
        """The check that a repository requires."""
        return "evalbot" if self.inputs.key == KEY else f"evalbot / {self.inputs.key}"

    def start(self, head: str, pull: int | None, before: str = "") -> None:
        """The check on a commit, in progress. `before` is the head that a push replaced, where it is known."""
        self.before = before
        page = CheckPage(
            "evalbot: evaluating", f"Measuring `{head[:7]}`; this check concludes when it is done.", text=told((), {}, before)
        )
        self.check = self._unless_refused(
            lambda: self.github.start_check(head, self.check_name, page, external_id(self.run, pull)), "the check"
        )

    def others(self, head: str) -> Sequence[CheckRun]:
        """The checks of this name that other runs wrote on a commit, newest first; none where GitHub does not tell."""
        found = self._unless_refused(lambda: self.github.checks(head, self.check_name), "what other runs say") or ()
        return [check for check in found if self.check is None or check.id != self.check.id]

    def is_measuring(self, check: CheckRun) -> bool:
        """Whether another run still works on a check in progress; so it is where GitHub does not tell."""
        try:
            return is_active(check, self.run, self.github.run_is_active)
        except CouldNotRun:
            return True

    def begins(self, record: RunRecord, pull: PullRequest) -> None:
        """The comment while a comparison runs, with the result before it marked as stale."""
        if not self.sticky.says_evaluating or self.moved(pull) is not False:
            return
        last: Sequence[CheckRun] = ()
        try:
            last = last_result(self.github, self.check_name, self.others(pull.head_sha), self.before)
        except (CouldNotRun, Refused) as error:
            self.said.append(f"earlier runs could not be read: {error}")
        self.past = past_of(last)
        page = evaluating(replace(record, past=self.past[1:]), self.past[0] if self.past else None, last[0].summary if last else "")
        self._unless_refused(lambda: self.sticky.evaluating(pull.number, self.world.redact(page)), "the comment")

    def publish(self, record: RunRecord, pull: PullRequest | None) -> Published:
        """Conclude the check and write the comment, unless a newer run or a newer head has the word by now."""
        if record.decision.verdict is Verdict.CANCELLED and self.world.interrupted():
            return self._interrupted(record, pull)
        moved = self.moved(pull) if pull is not None else False
        if moved:
            record = replace(record, decision=Decision(Verdict.CANCELLED, MOVED))
        others = self.others(record.head_sha) if self.check is not None and not moved else ()
        self._end_orphans(others)
        record = replace(record, past=self.past or (past_of(others) if pull is not None else ()))
        if self.check is not None and (newer := newer_verdict(self.check, others, pull.number if pull else None)):
            self._repeat(newer)
            return self._published(record, None, ())
        notes = self._conclude(record, pull, others)
        written = self._comment(record, pull) if pull is not None and moved is False else None
        return self._published(record, written, notes)

    def moved(self, pull: PullRequest) -> bool | None:
        """Whether the pull request has another head or another base by now; None where GitHub does not tell."""
        try:
            now = self.github.pull(pull.number)
        except CouldNotRun as error:
            self.said.append(f"whether the head has moved could not be read, so no comment is written: {error}")
            return None
        return (now.head_sha, now.base_ref) != (pull.head_sha, pull.base_ref)

    def page(self, record: RunRecord, max_characters: int = 60_000) -> str:
        """The comment's text."""
        return self.world.redact(comment(record, max_characters=max_characters, advisory=self.inputs.advisory))

    # The check

    def _conclude(self, record: RunRecord, pull: PullRequest | None, others: Sequence[CheckRun]) -> tuple[Annotation, ...]:
        check = self.check
        if check is None:
            return ()
        notes, conclusion, heading = self._annotations(record), self._conclusion(record), title(record, advisory=self.inputs.advisory)
        if pull is not None and conclusion == "success" and (waits := self._waits_for(record, pull, others)):
            conclusion, heading = "failure", f"{heading} (waits for {', '.join(f'#{n}' for n in waits)}: same head, no passing verdict there)"
        page = CheckPage(heading, self.page(record), notes, told(record.past, record.digests, self.before))
        own = external_id(self.run, pull.number if pull else None, record.decision.verdict)
        done = self._unless_refused(lambda: self.github.conclude_check(check, conclusion, page, own), "the check")
        self.check = done or check
        return notes if done is not None else ()

    def _waits_for(self, record: RunRecord, pull: PullRequest, others: Sequence[CheckRun]) -> list[int]:
        """Open pull requests of this head into other branches that have no passing verdict of their own.

        One check serves them all, and what is green for one branch may be red for another. Where nothing is measured GitHub
        is not asked once more: what it says with the check has to do.
        """
        known = dict(self.check.pulls if self.check else ())
        known |= {number: "" for check in others if (number := origin(check).pull) is not None and number not in known and number != pull.number}
        if (not known and record.decision.verdict is not Verdict.NOT_APPLICABLE) or "" in known.values():
            same = self._unless_refused(lambda: self.github.pulls_with_head(pull.head_sha), "the pull requests of this head") or ()
            known = {other.number: other.base_ref for other in same}
        return unsettled(others, [number for number, base in known.items() if number != pull.number and base != pull.base_ref])

    def _end_orphans(self, others: Sequence[CheckRun]) -> None:
        """Conclude checks whose run was killed: nobody else will."""
        for check in open_checks(others, self.check)[:MOST_ORPHANS]:
            if not self.is_measuring(check):
                self._end(check, "evalbot: cancelled", "The run that measured this was stopped before it could say so.")

    def _end(self, check: CheckRun, heading: str, why: str) -> None:
        page = CheckPage(heading, why, text=check.text)
        self._unless_refused(lambda: self.github.conclude_check(check, "cancelled", page), "the check of a run that was stopped")

    def _repeat(self, newer: CheckRun) -> None:
        """Say with our check what a newer run has said: which of the two ended last must make no difference."""
        own, conclusion = self.check, newer.conclusion
        if own is not None and conclusion is not None:
            page = CheckPage(newer.title, newer.summary, text=newer.text)
            agreed: CheckConclusion = "success" if conclusion == "success" else "failure"
            self._unless_refused(lambda: self.github.conclude_check(own, agreed, page, newer.external_id), "the check")

    def _conclusion(self, record: RunRecord) -> CheckConclusion:
        verdict = record.decision.verdict
        if self.inputs.advisory and verdict is not Verdict.CANCELLED:
            return "success"
        return CONCLUSIONS.get(verdict, "failure")

    def _annotations(self, record: RunRecord) -> tuple[Annotation, ...]:
        """Notes on the changed lines of prompts that got worse (none without a clone to find them in), and on lines that speak to a judge."""
        shas = record.base_sha, record.head_sha
        return noted(record, {item.path: self.checkout.changed_lines(*shas, file_of(item.path)) for item in record.changed if item.sides})

    # The comment

    def _comment(self, record: RunRecord, pull: PullRequest) -> Comment | None:
        if record.decision.verdict is Verdict.CANCELLED:
            return None
        written = self._unless_refused(lambda: self._write(record, pull.number), "the comment")
        own, seen = self.check, 0
        while written is not None and own is not None and seen < MOST_REPAIRS:
            # A newer run may have begun and ended between our last look and our write: its page is put back.
            newer = newer_verdict(own, self.others(record.head_sha), pull.number)
            if newer is None or newer.summary == written.body:
                break
            self._repeat(newer)
            page, seen = newer.summary, seen + 1
            written = self._unless_refused(lambda: self.sticky.restore(pull.number, page), "the comment")  # noqa: B023 - called at once
        return written

    def _write(self, record: RunRecord, number: int) -> Comment | None:
        """The page, or where a server takes less than GitHub the short form of it, once."""
        try:
            return self.sticky.write(record, number, self.page(record))
        except Refused as refused:
            if not refused.too_long:
                raise
            return self.sticky.write(record, number, self.page(record, SHORT_CHARACTERS))

    def _interrupted(self, record: RunRecord, pull: PullRequest | None) -> Published:
        """Seconds are left: the check first, then the comment where it says that we are still at it."""
        self.github.hurry(HURRY_SECONDS)
        record = replace(record, past=self.past)
        self._conclude(record, None, ())
        written = None
        if pull is not None and self.sticky.began and self.moved(pull) is False:
            written = self._unless_refused(lambda: self._write(record, pull.number), "the comment")
        return self._published(record, written, ())

    def _published(self, record: RunRecord, written: Comment | None, notes: tuple[Annotation, ...]) -> Published:
        said = tuple(dict.fromkeys(self.said))
        return Published(record, written.url if written else "", self.check.url if self.check else "", said, notes)

    def _unless_refused(self, write: Callable[[], T], what: str) -> T | None:
        """What a write gives, or None and a warning: publishing never changes a verdict."""
        try:
            return write()
        except (Refused, CouldNotRun) as error:
            self.said.append(f"{what} could not be written: {error}")
            return None
