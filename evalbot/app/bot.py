"""The bot on a pull request: start the check, compare, hear what people said, and let the voice say what came out."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, cached_property
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.cache import NoCache
from evalbot.adapters.journal import stored_lines
from evalbot.app.aa_record import AA_RECORD, with_noise
from evalbot.app.acceptance import acceptance, approvals_of_head, fork_approved, self_accepting
from evalbot.app.activities import DEPENDABOT, CheckPull, CheckRefs, Nothing, Recompute
from evalbot.app.checkout import Checkout
from evalbot.app.inputs import Inputs
from evalbot.app.review import CheckOptions, Measure, People, compare, quietly
from evalbot.app.trends import with_trends
from evalbot.app.voice import Published, Voice
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem
from evalbot.domain.policy import Approvals
from evalbot.domain.pulls import GitHub, PullRequest, Refused
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Decision, Level, Verdict
from evalbot.gate.decide import accepted
from evalbot.report.accepting import findings_id

__all__ = ["Bot", "Published"]

MOST_HEARINGS = 3
DEPENDABOTS = "Dependabot's head is treated like a fork's, since its own jobs see Dependabot secrets only"
CANCELLED = Decision(Verdict.CANCELLED, "cancelled before everything was measured")


@dataclass(frozen=True)
class Bot:
    """One run of the action.

    Args:
        run: The workflow run's id and attempt, "123:1".
        workflow: GITHUB_WORKFLOW_REF: whose stored results are believed; empty believes none.
        workspace: The checkout, if there is one.
        repository: GITHUB_REPOSITORY.
    """

    github: GitHub
    inputs: Inputs
    world: World
    workspace: Path
    run: str
    workflow: str = ""
    repository: str = ""

    @cached_property
    def checkout(self) -> Checkout:
        """What the job checked out; what that lacks is fetched once."""
        return Checkout(self.workspace, self.github, self.world.environment)

    def voice(self) -> Voice:
        """Who speaks for one commit."""
        return Voice(self.github, self.inputs, self.world, self.checkout, self.run)

    def check_pull(self, activity: CheckPull) -> Published:
        """Compare a pull request's head with its merge base, and say so on it."""
        pull = self._named(activity)
        if activity.target and self.checkout.holds(pull.head_sha):
            hint = "Check out the base branch, or nothing: evalbot reads the head as data (docs/action.md)."
            problem = Problem("the workspace of this `pull_request_target` job holds the pull request's own code.", hint=hint)
            decision = Decision(Verdict.CONFIG_ERROR, str(problem))
            return self.report(replace(self.empty(decision, pull.head_sha, pull), problems=(problem,)), pull)
        strange = stranger(pull) or (bool(activity.head_sha) and activity.fork)
        return self.measure(pull, fork=strange, before=activity.before, announce=True)

    def measure(
        self, pull: PullRequest, *, fork: bool | None = None, before: str = "", announce: bool = False, how: Measure = Measure.ALL
    ) -> Published:
        """Start the check, measure, decide and publish; and again where people said more while we did.

        Args:
            fork: Whether it gets a stranger's treatment; by default what GitHub says of its head and author.
            before: The head that a push replaced.
            announce: Say in the comment that the measuring has begun.
        """
        voice, strange = self.voice(), stranger(pull) if fork is None else fork
        nothing = self.empty(CANCELLED, pull.head_sha, pull)  # before the check begins: what must conclude it is at hand
        voice.start(pull.head_sha, pull.number, before)
        begins = (lambda plan: voice.begins(plan, pull)) if announce else quietly

        def heard() -> Published:
            record = whole(lambda: self.pull_record(pull, strange, begins=begins, how=how), nothing)
            return voice.publish(record, pull)

        try:
            published = heard()
            for _ in range(MOST_HEARINGS):
                # Whoever reviews while a check is in progress leaves it to us: what came after our last look is read now.
                if not self._more_was_said(published.record, pull):
                    break
                published = heard()
        except KeyboardInterrupt:
            return voice.publish(nothing, pull)
        except Exception as error:  # writing it down went wrong: the check must not stay in progress, nor say pass
            return voice.publish(replace(nothing, decision=our_fault(error)), pull)
        return published

    def report(self, record: RunRecord, pull: PullRequest) -> Published:
        """Publish a record that is at hand."""
        voice = self.voice()
        voice.start(pull.head_sha, pull.number)
        return voice.publish(record, pull)

    def refuse(self, record: RunRecord, activity: CheckPull) -> Published:
        """Say on an event's head why it is not compared."""
        pull = self._named(activity)
        return self.report(replace(record, head_sha=pull.head_sha, event="pull_request", pull_request=pull.number), pull)

    def with_stored(self, head: str, workflow: str = "") -> Bot:
        """The same bot, knowing what an earlier run measured for a head; without it all is measured again.

        Args:
            workflow: Whose results are believed, by default those of this workflow.
        """
        believed = workflow or self.workflow
        try:
            name = f"evalbot-{self.inputs.key}-{head}".replace("/", "-")
            found = self.github.artifact(name, believed) if believed else None
        except (CouldNotRun, Refused):
            found = None
        stored = stored_lines(found) if found else None
        here = self.world.earlier
        return replace(self, world=replace(self.world, earlier=lambda: [stored, *here()])) if stored else self

    def with_epochs(self, epochs: int | None) -> Bot:
        """The same bot with another number of answers per example."""
        return self if epochs is None else replace(self, inputs=replace(self.inputs, epochs=epochs))

    def recompute(self, activity: Recompute) -> Published | Nothing:
        """The verdict anew after a review came or went: what was measured is read from the stored results.

        A run that is measuring right now reads the reviews itself before it concludes: its check is left alone.
        """
        pull = self.github.pull(activity.number)
        if pull.head_sha != activity.head_sha:
            return Nothing("the review is of another head than the pull request has now: there is nothing to recompute.")
        if self.voice().check.is_anothers(pull):
            return Nothing("a run is measuring this head: it reads the reviews again before it concludes.")
        return self.with_stored(pull.head_sha).measure(pull)

    def check_refs(self, activity: CheckRefs, sha: str) -> Published:
        """Compare two revisions that a person named; nothing is written on a pull request.

        Raises:
            ConfigError: Head is a stranger's, whatever name it was given: its pull request is where it is let in.
        """
        head = self.github.tip(activity.head) if activity.head else sha
        strange = next((pull for pull in self.github.pulls_with_head(head) if stranger(pull)), None)
        if strange is not None:
            hint = f"Comment `/evalbot run {head}` there."
            raise ConfigError(Problem(f"the input `head` names the head of #{strange.number}, which is a fork's or Dependabot's.", hint=hint))
        return Published(self.compared(activity.base, head, People()))

    def pull_record(
        self, pull: PullRequest, fork: bool, *, begins: Callable[[RunRecord], None] = quietly, how: Measure = Measure.ALL
    ) -> RunRecord:
        """Measure and decide, with what people said about exactly this head; nothing is written."""
        if fork and not self.let_in(pull):
            how = Measure.NOTHING
        people = People(
            lambda: self.approvals(pull),
            lambda: self.github.head_sha(pull.number, watch=True) != pull.head_sha,
            begins,
        )
        record = self.compared(self.github.tip(pull.base_ref, pull.head_sha), pull.head_sha, people, fork=fork, how=how)
        if record.decision.verdict is Verdict.NEEDS_APPROVAL and pull.author == DEPENDABOT:
            record = replace(record, decision=replace(record.decision, reason=f"{DEPENDABOTS}; {record.decision.reason}"))
        return self.heard(replace(record, event="pull_request", pull_request=pull.number), pull)

    def compared(self, base: str, head: str, people: People, *, fork: bool = False, how: Measure = Measure.ALL) -> RunRecord:
        """Compare two commits by the rules of the first; nothing is written."""
        options = CheckOptions(
            base, head, self.inputs.config, self.inputs.key, self.inputs.report_dir, self.inputs.cache_dir, self.inputs.suites,
            self.inputs.partitions, self.inputs.epochs, fork=fork, measure=how,
        )  # fmt: skip
        folders = (options.cache_dir, options.report_dir)
        # A stranger's answers are nowhere but in a folder of this job's own, not even where a job that is killed would upload them.
        world = replace(self.world, journal=self.world.own_journal, cache=NoCache) if fork else self.world
        record = compare(lambda: self.checkout.commits(base, head, folders), options, world, people)
        record = replace(record, head_sha=record.head_sha or head)  # what could not be read is spoken of all the same
        if fork:
            record = replace(record, options=replace(record.options, show_outputs=False), aggregates_only=True)
        return with_trends(with_noise(record, self.workspace / self.inputs.report_dir / AA_RECORD), self.github.history())

    def let_in(self, pull: PullRequest) -> bool:
        """Whether a stranger's head may be measured: somebody said so of exactly this one, or the workflow's environment asks."""
        if self.inputs.fork == "environment":
            return True
        return fork_approved(self.github.comments(pull.number), pull.head_sha, cache(self.github.permission))

    def approvals(self, pull: PullRequest) -> int:
        """How many people with write access have approved exactly this head, as it is now."""
        return approvals_of_head(self.github.reviews(pull.number), pull.head_sha, pull.author, cache(self.github.permission))

    def heard(self, record: RunRecord, pull: PullRequest) -> RunRecord:
        """The record after acceptances on a pull request: by id, by whom, why. What cannot be read accepts nothing."""
        if not any(finding.level is Level.BLOCKS for finding in record.decision.findings):
            return record
        try:
            return self._accepted(record, pull)
        except (CouldNotRun, Refused) as error:
            return replace(record, warnings=(*record.warnings, f"acceptances could not be read: {error}"))

    def _accepted(self, record: RunRecord, pull: PullRequest) -> RunRecord:
        repository, approvals = self.github.repository(), record.approvals or Approvals()
        alone = self_accepting(pull.author, approvals, repository)
        wanted = findings_id(pull.head_sha, record.decision.findings, everything=alone)
        found = acceptance(self.github.comments(pull.number), wanted, pull.author, approvals, repository, self.github.permission) if wanted else None
        record = replace(record, accept_id=wanted)
        if found is None:
            return record
        how = "self-accepted" if found.clears_approvals else "accepted"
        return replace(record, decision=accepted(record.decision, f"{how} by {found.by}: {found.reason}", everything=found.clears_approvals))

    def empty(self, decision: Decision, head: str, pull: PullRequest | None = None) -> RunRecord:
        """A record of a run that measured nothing."""
        event, number = ("pull_request", pull.number) if pull else ("merge_group", None)
        return RunRecord(decision, self.inputs.key, event, number, head_sha=head, started_at=self.world.now(), version=__version__)

    def _named(self, activity: CheckPull) -> PullRequest:
        """The pull request as its event names it; what the event does not say is asked of GitHub."""
        if not activity.head_sha:
            return self.github.pull(activity.number)
        return PullRequest(
            activity.number, activity.author, activity.base_ref, activity.base_sha, "", activity.head_sha, activity.head_repository,
            self.repository,
        )  # fmt: skip

    def _more_was_said(self, record: RunRecord, pull: PullRequest) -> bool:
        if record.approved is None or record.decision.verdict is Verdict.CANCELLED:
            return False
        try:
            return self.approvals(pull) != record.approved
        except (CouldNotRun, Refused):
            return False


def whole(make: Callable[[], RunRecord], nothing: RunRecord) -> RunRecord:
    """A record whatever happens: a check that was started must be concluded. `nothing` is one without any measurement."""
    try:
        return make()
    except KeyboardInterrupt:
        decision = CANCELLED
    except ConfigError as error:
        return replace(nothing, decision=Decision(Verdict.CONFIG_ERROR, str(error.problems[0])), problems=error.problems)
    except CouldNotRun as error:
        return replace(nothing, decision=Decision(Verdict.INCONCLUSIVE, str(error)), problems=(Problem(str(error)),))
    except Exception as error:
        decision = our_fault(error)
    return replace(nothing, decision=decision)


def our_fault(error: Exception) -> Decision:
    """Inconclusive: an error that nobody foresaw. EVALBOT_DEBUG raises it instead."""
    if os.environ.get("EVALBOT_DEBUG"):
        raise error
    return Decision(Verdict.INCONCLUSIVE, f"internal_error: {type(error).__name__} (please report it)")


def stranger(pull: PullRequest) -> bool:
    """Whether its head is a fork's, or Dependabot's: nothing of it is run before somebody with write access lets it in."""
    return pull.fork or pull.author == DEPENDABOT
