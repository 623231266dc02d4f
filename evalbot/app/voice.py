"""What evalbot says on GitHub: a check from its start to its conclusion and the comment beside it; the newest run's stand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalbot.app.attempts import Attempts
from evalbot.app.checkout import Checkout
from evalbot.app.checks import PASSING, newer_verdict
from evalbot.app.earlier import last_result, past_of, told
from evalbot.app.inputs import KEY, Inputs
from evalbot.app.own_check import OwnCheck
from evalbot.app.sticky import Sticky
from evalbot.app.wiring import MOVED, World
from evalbot.domain.pulls import Annotation, CheckConclusion, CheckPage, CheckRun, Comment, GitHub, PullRequest, Refused
from evalbot.domain.record import PastRun, RunRecord
from evalbot.domain.runs import file_of
from evalbot.domain.verdicts import Decision, Verdict
from evalbot.report.annotations import annotations as noted
from evalbot.report.comment import comment
from evalbot.report.evaluating import evaluating
from evalbot.report.title import title

CONCLUSIONS: dict[Verdict, CheckConclusion] = {**dict.fromkeys(PASSING, "success"), Verdict.CANCELLED: "cancelled"}
HURRY_SECONDS = 2.5  # and a request takes two: a cancelled job has seven and a half until the next signal
SHORT_CHARACTERS = 20_000
MOST_REPAIRS = 3
SILENT = (Verdict.NOT_APPLICABLE, Verdict.CANCELLED)


@dataclass(frozen=True)
class Published:
    """A run's record and where it can be read."""

    record: RunRecord
    comment_url: str = ""
    check_url: str = ""
    warnings: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()


class Voice:
    """Speaks for one run of the action about one commit.

    Args:
        checkout: What the job checked out: changed lines are found there.
        run: The workflow run's id and attempt, "123:1".
    """

    def __init__(self, github: GitHub, inputs: Inputs, world: World, checkout: Checkout, run: str) -> None:
        self.github, self.inputs, self.world, self.checkout = github, inputs, world, checkout
        self.attempt = Attempts()
        name = "evalbot" if inputs.key == KEY else f"evalbot / {inputs.key}"
        self.check, self.sticky = OwnCheck(github, name, run, self.attempt), Sticky(github, inputs)
        self._past: tuple[PastRun, ...] = ()
        self._before = ""

    def start(self, head: str, pull: int | None, before: str = "") -> None:
        """The check on a commit, in progress. `before` is the head that a push replaced, where it is known."""
        self._before = before
        self.check.start(head, pull, before)

    def begins(self, record: RunRecord, pull: PullRequest) -> None:
        """The comment while a comparison runs, with the result before it marked as stale."""
        if not self.sticky.says_evaluating or self.moved(pull) is not False:
            return
        others = self.check.others(pull.head_sha)
        read = lambda: last_result(self.github, self.check.name, others, self._before)  # noqa: E731 - one line, used once
        last = self.attempt(read, "earlier runs could not be read") or ()
        self._past = past_of(last)
        page = evaluating(replace(record, past=self._past[1:]), self._past[0] if self._past else None, last[0].summary if last else "")
        self.attempt(lambda: self.sticky.evaluating(pull.number, self.world.redact(page)), "the comment could not be written")

    def publish(self, record: RunRecord, pull: PullRequest | None) -> Published:
        """Conclude the check and write the comment, unless a newer run or a newer head has the word by now."""
        if record.decision.verdict is Verdict.CANCELLED and self.world.interrupted():
            return self._interrupted(record, pull)
        moved = self.moved(pull) if pull is not None else False
        if moved:
            record = replace(record, decision=Decision(Verdict.CANCELLED, MOVED))
        others = self.check.others(record.head_sha) if self.check.written is not None and not moved else ()
        self.check.end_orphans(others)
        record = replace(record, past=self._past or (past_of(others) if pull is not None else ()))
        own, written = self.check.written, None
        notes: tuple[Annotation, ...] = ()
        newer = newer_verdict(own, others, pull.number if pull else None) if own is not None else None
        if newer is not None:
            self.check.repeat(newer)
        else:
            notes = self._conclude(record, pull, others)
            if pull is not None and moved is False and record.decision.verdict is not Verdict.CANCELLED:
                written = self.attempt(lambda: self._write(record, pull.number), "the comment could not be written")
        # Where nothing was measured and no comment stands, six requests are enough: no second look.
        if pull is not None and (written is not None or self.sticky.began or record.decision.verdict not in SILENT):
            written = self._settled(pull, commented=written is not None or self.sticky.began) or written
        return self._published(record, written, notes)

    def moved(self, pull: PullRequest) -> bool | None:
        """Whether the pull request has another head or another base by now; None where GitHub does not tell."""
        now = self.attempt(lambda: self.github.pull(pull.number), "whether the head has moved could not be read, so no comment is written")
        return None if now is None else (now.head_sha, now.base_ref) != (pull.head_sha, pull.base_ref)

    # The check

    def _conclude(self, record: RunRecord, pull: PullRequest | None, others: Sequence[CheckRun]) -> tuple[Annotation, ...]:
        if self.check.written is None:
            return ()
        notes, verdict, heading = self._annotations(record), record.decision.verdict, title(record, advisory=self.inputs.advisory)
        conclusion = self._conclusion(verdict)
        if pull is not None and conclusion == "success":
            waits = self.check.waits_for(pull, others, ask=verdict is not Verdict.NOT_APPLICABLE)
            if waits:
                conclusion = "failure"
                heading += f" (waits for {', '.join(f'#{number}' for number in waits)}: same head, no passing verdict there)"
        page = CheckPage(self.world.redact(heading), self._page(record), notes, told(record.past, record.digests, self._before))
        return notes if self.check.conclude(conclusion, page, pull, verdict) else ()

    def _conclusion(self, verdict: Verdict) -> CheckConclusion:
        if self.inputs.advisory and verdict is not Verdict.CANCELLED:
            return "success"
        return CONCLUSIONS.get(verdict, "failure")

    def _annotations(self, record: RunRecord) -> tuple[Annotation, ...]:
        """Notes on the changed lines of prompts that got worse; none without a clone to find the lines in."""
        shas = record.base_sha, record.head_sha
        lines = {item.path: self.checkout.changed_lines(*shas, file_of(item.path)) for item in record.changed if item.sides}
        redact = self.world.redact
        return tuple(replace(note, title=redact(note.title), message=redact(note.message)) for note in noted(record, lines))

    # The comment

    def _settled(self, pull: PullRequest, *, commented: bool) -> Comment | None:
        """Look again after writing: where a newer run has concluded meanwhile, on this head or a newer one, its page is put back.

        Whoever wrote last looks last, so the page of the newest verdict stays: one that concludes after our look writes
        its own comment after ours.
        """
        restored, written = 0, None
        for _ in range(MOST_REPAIRS):
            now = self.attempt(lambda: self.github.pull(pull.number), "whether a newer run has spoken could not be read")
            newest = self.check.newest(now.head_sha, pull.number) if now is not None else None
            if newest is None or newest.id == restored or (newest.sha == pull.head_sha and not self.check.is_before(newest)):
                break
            if newest.sha == pull.head_sha:
                self.check.repeat(newest)
            page, restored = newest.summary, newest.id
            if not commented:
                break
            written = self.attempt(lambda: self.sticky.restore(pull.number, page), "the comment could not be written") or written  # noqa: B023 - called at once
        return written

    def _write(self, record: RunRecord, number: int) -> Comment | None:
        """The page, or where a server takes less than GitHub the short form of it, once."""
        try:
            return self.sticky.write(record, number, self._page(record))
        except Refused as refused:
            if not refused.too_long:
                raise
            return self.sticky.write(record, number, self._page(record, SHORT_CHARACTERS))

    def _page(self, record: RunRecord, max_characters: int = 60_000) -> str:
        return self.world.redact(comment(record, max_characters=max_characters, advisory=self.inputs.advisory))

    def _interrupted(self, record: RunRecord, pull: PullRequest | None) -> Published:
        """Seconds are left: the check first, then the comment where it says that we are still at it."""
        self.github.hurry(HURRY_SECONDS)
        record, written = replace(record, past=self._past), None
        self._conclude(record, pull, ())
        if pull is not None and self.sticky.began and self.moved(pull) is False:
            written = self.attempt(lambda: self._write(record, pull.number), "the comment could not be written")
        return self._published(record, written, ())

    def _published(self, record: RunRecord, written: Comment | None, notes: tuple[Annotation, ...]) -> Published:
        check = self.check.written
        return Published(record, written.url if written else "", check.url if check else "", self.attempt.warnings, notes)
