"""The bot on a pull request: start the check, compare, hear what people said, write check, comment and outputs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path
from typing import TypeVar

from evalbot import __version__
from evalbot.adapters.journal import stored_lines
from evalbot.app.aa_record import AA_RECORD, with_noise
from evalbot.app.acceptance import acceptance, approvals_of_head, fork_approved, self_accepting
from evalbot.app.activities import CheckMergeGroup, CheckPull, CheckRefs, Recompute
from evalbot.app.checkout import Checkout
from evalbot.app.inputs import KEY, Inputs
from evalbot.app.review import CheckOptions, People, compare
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.policy import Approvals
from evalbot.domain.pulls import Annotation, CheckConclusion, CheckPage, CheckRun, Comment, GitHub, PullRequest, Refused
from evalbot.domain.record import RunRecord
from evalbot.domain.runs import file_of
from evalbot.domain.verdicts import Decision, Level, Verdict
from evalbot.gate.decide import accepted
from evalbot.report.accepting import findings_id
from evalbot.report.annotations import annotations as noted
from evalbot.report.comment import comment, marker
from evalbot.report.title import title

T = TypeVar("T")
CONCLUSIONS: dict[Verdict, CheckConclusion] = {
    Verdict.PASS: "success", Verdict.NOT_APPLICABLE: "success", Verdict.ACCEPTED: "success", Verdict.CANCELLED: "cancelled",
}  # fmt: skip
QUIET = (Verdict.PASS, Verdict.NOT_APPLICABLE)


@dataclass(frozen=True)
class Published:
    """A run's record and where it can be read."""

    record: RunRecord
    comment_url: str = ""
    check_url: str = ""
    warnings: tuple[str, ...] = ()
    annotations: tuple[Annotation, ...] = ()


@dataclass(frozen=True)
class Bot:
    """One run of the action.

    Args:
        run: The workflow run's id and attempt, "123:1": written into checks, so that a later run knows whose they are.
        workflow: GITHUB_WORKFLOW_REF: whose stored results are believed; empty believes none.
        workspace: The checkout, if there is one.
    """

    github: GitHub
    inputs: Inputs
    world: World
    workspace: Path
    run: str
    workflow: str = ""

    @cached_property
    def checkout(self) -> Checkout:
        """What the job checked out; what that lacks is fetched once."""
        return Checkout(self.workspace, self.github, self.world.environment)

    @property
    def check_name(self) -> str:
        """The check that a repository requires."""
        return "evalbot" if self.inputs.key == KEY else f"evalbot / {self.inputs.key}"

    def check_pull(self, activity: CheckPull) -> Published:
        """Compare a pull request's head with its merge base, and say so on it."""
        pull = self.github.pull(activity.number)
        head = activity.head_sha or pull.head_sha
        if head != pull.head_sha:
            return Published(self._empty(pull, head, Verdict.CANCELLED, "a newer head replaced this one"))
        if activity.target and self.checkout.holds(head):
            hint = "Check out the base branch, or nothing: evalbot reads the head as data (docs/action.md)."
            raise ConfigError(Problem("the workspace of this `pull_request_target` job holds the pull request's own code.", hint=hint))
        return self.measure(pull, fork=activity.fork or pull.fork)

    def measure(self, pull: PullRequest, *, fork: bool | None = None) -> Published:
        """Start the check, measure, decide and publish."""
        check, warnings = self._start(pull.head_sha)
        record = self.pull_record(pull, pull.fork if fork is None else fork)
        return self.publish(record, pull, check, warnings)

    def report(self, record: RunRecord, pull: PullRequest) -> Published:
        """Publish a record that is at hand."""
        check, warnings = self._start(pull.head_sha)
        return self.publish(record, pull, check, warnings)

    def with_stored(self, head: str) -> Bot:
        """The same bot, knowing what an earlier run of this workflow measured for a head; without it all is measured again."""
        try:
            name = f"evalbot-{self.inputs.key}-{head}".replace("/", "-")
            found = self.github.artifact(name, self.workflow) if self.workflow else None
        except (CouldNotRun, Refused):
            found = None
        stored = stored_lines(found) if found else None
        here = self.world.earlier
        return replace(self, world=replace(self.world, earlier=lambda: [stored, *here()])) if stored else self

    def with_epochs(self, epochs: int | None) -> Bot:
        """The same bot with another number of answers per example."""
        return self if epochs is None else replace(self, inputs=replace(self.inputs, epochs=epochs))

    def recompute(self, activity: Recompute) -> Published:
        """The verdict anew after a review came or went: what was measured is read from the stored results."""
        return self.with_stored(activity.head_sha).check_pull(CheckPull(activity.number, "", head_sha=activity.head_sha, fork=False))

    def check_merge_group(self, activity: CheckMergeGroup) -> Published:
        """Compare what a merge queue built with what it stands on; there is no comment."""
        if activity.number is not None:
            return self.with_stored(self.github.head_sha(activity.number))._queued(activity)
        return self._queued(activity)

    def _queued(self, activity: CheckMergeGroup) -> Published:
        check, warnings = self._start(activity.head_sha)
        record = self._compare(activity.base_sha, activity.head_sha, People())
        return self.publish(replace(record, event="merge_group"), None, check, warnings)

    def check_refs(self, activity: CheckRefs, sha: str) -> Published:
        """Compare two revisions that a person named; nothing is written on a pull request."""
        return Published(self._compare(activity.base, activity.head or sha, People()))

    def pull_record(self, pull: PullRequest, fork: bool) -> RunRecord:
        """Measure and decide, with what people said about exactly this head; nothing is written."""
        permission = cache(self.github.permission)
        if fork and self.inputs.fork == "approve" and not fork_approved(self.github.comments(pull.number), pull.head_sha, permission):
            return self._empty(pull, pull.head_sha, Verdict.NEEDS_APPROVAL, "a fork's head that nobody with write access has let in yet")
        people = People(
            lambda: approvals_of_head(self.github.reviews(pull.number), pull.head_sha, pull.author, permission),
            lambda: self._moved(pull),
        )
        record = self._compare(self.github.tip(pull.base_ref, pull.head_sha), pull.head_sha, people)
        if fork:
            record = replace(record, options=replace(record.options, show_outputs=False))
        return self._heard(replace(record, event="pull_request", pull_request=pull.number), pull)

    def publish(self, record: RunRecord, pull: PullRequest | None, check: CheckRun | None, warnings: tuple[str, ...] = ()) -> Published:
        """Write comment and check. Nothing that GitHub refuses changes the verdict."""
        if pull is not None and self._moved(pull):
            record = replace(record, decision=Decision(Verdict.CANCELLED, "a newer head replaced this one"))
        said = list(warnings)
        written: Comment | None = None
        notes: tuple[Annotation, ...] = ()
        if pull is not None and record.decision.verdict is not Verdict.CANCELLED:
            written = _unless_refused(lambda: self._comment(record, pull), "the comment", said)
        if check is not None:
            notes = self._annotations(record)
            page = CheckPage(title(record, advisory=self.inputs.advisory), self._page(record), notes)
            start = check
            check = _unless_refused(lambda: self.github.conclude_check(start, self._conclusion(record), page), "the check", said) or check
        return Published(record, written.url if written else "", check.url if check else "", tuple(said), notes)

    def _annotations(self, record: RunRecord) -> tuple[Annotation, ...]:
        """Notes on the changed lines of prompts that got worse; none without a clone to find the lines in."""
        shas = record.base_sha, record.head_sha
        return noted(record, {item.path: self.checkout.changed_lines(*shas, file_of(item.path)) for item in record.changed if item.sides})

    def _compare(self, base: str, head: str, people: People) -> RunRecord:
        options = CheckOptions(
            base, head, self.inputs.config, self.inputs.key, self.inputs.report_dir, self.inputs.cache_dir, self.inputs.suites,
            self.inputs.partitions, self.inputs.epochs,
        )  # fmt: skip
        folders = (options.cache_dir, options.report_dir)
        record = compare(lambda: self.checkout.commits(base, head, folders), options, self.world, people)
        return with_noise(record, self.workspace / self.inputs.report_dir / AA_RECORD)

    def _heard(self, record: RunRecord, pull: PullRequest) -> RunRecord:
        """The record after acceptances: by id, by whom, why."""
        if not any(finding.level is Level.BLOCKS for finding in record.decision.findings):
            return record
        repository, approvals = self.github.repository(), record.approvals or Approvals()
        alone = self_accepting(pull.author, approvals, repository)
        wanted = findings_id(pull.head_sha, record.decision.findings, everything=alone)
        found = acceptance(self.github.comments(pull.number), wanted, pull.author, approvals, repository, self.github.permission) if wanted else None
        record = replace(record, accept_id=wanted)
        if found is None:
            return record
        how = "self-accepted" if found.clears_approvals else "accepted"
        return replace(record, decision=accepted(record.decision, f"{how} by {found.by}: {found.reason}", everything=found.clears_approvals))

    def _start(self, head: str) -> tuple[CheckRun | None, tuple[str, ...]]:
        said: list[str] = []
        page = CheckPage("evalbot: evaluating", f"Measuring `{head[:7]}`; this check concludes when it is done.")
        check = _unless_refused(lambda: self.github.start_check(head, self.check_name, page, f"evalbot:{self.run}"), "the check", said)
        return check, tuple(said)

    def _moved(self, pull: PullRequest) -> bool:
        return self.github.head_sha(pull.number) != pull.head_sha

    def _comment(self, record: RunRecord, pull: PullRequest) -> Comment | None:
        mode, verdict = self.inputs.comment, record.decision.verdict
        first = marker(self.inputs.key)
        if mode == "off":
            return None
        silent = verdict is Verdict.NOT_APPLICABLE or (mode == "on-failure" and verdict in QUIET)
        if silent and self.github.own_comment(pull.number, first) is None:
            return None
        body = self._page(record)
        if mode == "on-change":
            old = self.github.own_comment(pull.number, first)
            if old is not None and old.body.split("\n", 2)[1:2] == body.split("\n", 2)[1:2]:
                return old
        return self.github.write_comment(pull.number, first, body)

    def _page(self, record: RunRecord) -> str:
        return self.world.redact(comment(record, advisory=self.inputs.advisory))

    def _conclusion(self, record: RunRecord) -> CheckConclusion:
        verdict = record.decision.verdict
        if self.inputs.advisory and verdict is not Verdict.CANCELLED:
            return "success"
        return CONCLUSIONS.get(verdict, "failure")

    def _empty(self, pull: PullRequest, head: str, verdict: Verdict, reason: str) -> RunRecord:
        return RunRecord(
            Decision(verdict, reason), self.inputs.key, "pull_request", pull.number, head_sha=head, started_at=self.world.now(),
            version=__version__,
        )  # fmt: skip


def _unless_refused(write: Callable[[], T], what: str, said: list[str]) -> T | None:
    """What a write gives, or None and a warning: publishing never changes a verdict."""
    try:
        return write()
    except (Refused, CouldNotRun) as error:
        said.append(f"{what} could not be written: {error}")
        return None

