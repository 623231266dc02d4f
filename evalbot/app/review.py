"""Tier 1: changed prompts → answers of both sides → verdict, with everything that a report needs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from enum import Enum
from functools import partial
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.git import Repository
from evalbot.adapters.git_fetch import origin
from evalbot.adapters.git_history import GitHistory
from evalbot.adapters.providers.lifetimes import ending
from evalbot.app.aa_record import AA_RECORD, with_noise
from evalbot.app.canaries import sing
from evalbot.app.case import Case, prepare, systems_of
from evalbot.app.commits import Commits, from_git
from evalbot.app.digests import digests
from evalbot.app.exams import DatasetReader
from evalbot.app.policies import Policies, load_policies
from evalbot.app.preview import Preview, preview
from evalbot.app.running import Run
from evalbot.app.shards import own_part, own_share, shard_of, undecided, withheld
from evalbot.app.suspects import replays, suspects
from evalbot.app.trends import with_trends
from evalbot.app.wiring import MOVED, Lab, World
from evalbot.domain.errors import ConfigError, CouldNotRun, NoKey, Problem, nearest
from evalbot.domain.examples import Partition
from evalbot.domain.models import Model
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.runs import Part, Row, Task
from evalbot.domain.verdicts import Coverage, Decision, Finding, Level, Rule, Verdict
from evalbot.gate.confirm import confirmations
from evalbot.gate.decide import decide
from evalbot.report.labels import NO_KEY
from evalbot.report.numbers import counted

UNAPPROVED = "a fork's head that nobody with write access has let in yet"

MOST_LINES = 3  # of what is not applied, in the finding; the comment has a section with all


class Measure(Enum):
    """What a comparison may do to find its rows."""

    ALL = "ask the models for what is not stored"
    STORED = "use stored rows only"
    MERGE = "use the rows of shards only; where none of them has one, nothing is decided"
    NOTHING = "find out what changed: needs_approval where that is a prompt or a row"


@dataclass(frozen=True)
class CheckOptions:
    """What a person asks of `evalbot check`.

    `head` "." is the work tree, an empty `base` the default branch; `fork` says that head is a stranger's. Empty `suites` and
    `partitions` mean what the configuration says, an empty `aa_record` the file that `evalbot suite --aa` writes in `report_dir`.
    `by_hunk` replays each hunk of a prompt that got worse alone. `shard` measures its examples only and decides nothing; `shards`
    is how many there are in all, where rows of shards are merged.
    """

    base: str
    head: str = "."
    config: str = "evalbot.yml"
    key: str = "default"
    report_dir: str = "evalbot-report"
    cache_dir: str = ".evalbot-cache"
    suites: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    epochs: int | None = None
    aa_record: str = ""
    by_hunk: bool = False
    fork: bool = False
    measure: Measure = Measure.ALL
    shard: str = ""
    shards: int | None = None


def quietly(plan: RunRecord) -> None:
    """Begin without a word."""


@dataclass(frozen=True)
class People:
    """What people have said and done about this head; asked again whenever it matters, and kept nowhere.

    Args:
        approvals: How many people with write access have approved exactly this commit.
        moved: Whether the pull request has another head by now; None where there is no pull request.
        begins: Is told what will be measured, before the first call.
    """

    approvals: Callable[[], int] = lambda: 0
    moved: Callable[[], bool] | None = None
    begins: Callable[[RunRecord], None] = quietly


def review(root: Path, options: CheckOptions, world: World, people: People | None = None) -> RunRecord:
    """Compare head with its merge base in a clone, and decide (see `compare`)."""
    record = compare(lambda: commits_of(root, options, world), options, world, people or People())
    record = with_noise(record, root / (options.aa_record or Path(options.report_dir) / AA_RECORD), asked=bool(options.aa_record))
    return with_trends(record, GitHistory(root))


def commits_of(root: Path, options: CheckOptions, world: World) -> Commits:
    """The commits that the options name, in a clone."""
    clone, folders = Repository(root), (options.cache_dir, options.report_dir)
    return from_git(clone, options.base or clone.default_base(), options.head, folders, origin=lambda: origin(clone, world.environment))


def compare(commits: Callable[[], Commits], options: CheckOptions, world: World, people: People) -> RunRecord:
    """Measure what changed between the commits, and decide.

    Never raises for what evalbot is made to say: a configuration error and an outage are verdicts of the record.
    """
    record = RunRecord(Decision(Verdict.INCONCLUSIVE, "nothing was measured"), options.key, started_at=world.now(), version=__version__)
    started = world.clock()
    found: list[Commits] = []

    def read(record: RunRecord) -> RunRecord:
        found.append(commits())
        (one,) = found
        return replace(record, base_sha=one.base_sha, head_sha=one.head.name, policy_sha=one.policy_sha, examined=len(one.head.paths()))

    record = settled(record, read, lambda record: _compared(found[0], options, world, people, record), fork=options.fork)
    return replace(record, seconds=world.clock() - started)


def settled(record: RunRecord, *steps: Callable[[RunRecord], RunRecord], fork: bool = False) -> RunRecord:
    """The record after all steps, or after those that went well with the verdict of the one that did not.

    Args:
        fork: That there is no key means that nobody has approved yet.
    """
    try:
        for step in steps:
            record = step(record)
    except ConfigError as error:
        reason = str(error.problems[0]) + (f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else "")
        keyless = fork and isinstance(error, NoKey)
        decision = Decision(Verdict.NEEDS_APPROVAL, NO_KEY) if keyless else Decision(Verdict.CONFIG_ERROR, reason)
        return replace(record, decision=decision, problems=() if keyless else error.problems)
    except CouldNotRun as error:
        return replace(record, decision=Decision(Verdict.INCONCLUSIVE, str(error)), problems=(Problem(str(error)),))
    except (KeyboardInterrupt, asyncio.CancelledError):
        return replace(record, decision=Decision(Verdict.CANCELLED, "cancelled before everything was measured"))
    return record


def _compared(commits: Commits, options: CheckOptions, world: World, people: People, record: RunRecord) -> RunRecord:
    shard = shard_of(options.shard)
    policies, cases = planned_cases(commits, options, people.approvals, record.started_at)
    record = replace(record, digests=digests(policies, cases, commits, options.config), shard=shard)
    if shard:
        cases, policies = own_part(cases, shard), own_share(policies, shard)

    merges = options.measure is Measure.MERGE
    lab = world.open_lab(policies.policy.limits, people.moved, stored_only=merges or options.measure is Measure.STORED, merges=merges)
    planned = sum(len(case.tasks) for case in cases)
    ahead = Decision(Verdict.NEEDS_APPROVAL, UNAPPROVED, coverage=Coverage(planned))
    if options.measure is Measure.NOTHING and (planned or any(case.changed or (case.exam and case.exam.changes) for case in cases)):
        return replace(recorded(record, cases, [], lab, policies), decision=ahead)
    if planned:
        begun = replace(recorded(record, cases, [], lab, policies), decision=ahead)
        lab.told = lambda found: people.begins(replace(begun, estimate=found))
    tries = [] if options.fork or shard or options.measure is not Measure.ALL else _previews(cases, policies, commits, lab)
    if planned or any(one.asks for one in tries):
        rows, previewed = asyncio.run(_measure(cases, tries, lab, commits if options.by_hunk else None))
    else:
        rows, previewed = [], [finding for one in tries for finding in one.findings([], [])]
    tried, rows = [row for row in rows if row.part is Part.HUNK], [row for row in rows if row.part is not Part.HUNK]
    # Asked again: somebody may have approved, or a review been dismissed, meanwhile.
    needed = _needs_people(policies, cases)
    approvals = people.approvals() if needed else 0
    record = replace(record, approved=approvals if needed else None)
    decision = decide(
        [case.evidence(_of(case, rows)) for case in cases],
        general=[*_policy_findings(policies, cases, policies.policy.approvals.policy - approvals), *previewed],
        golden_approvals_missing=policies.policy.approvals.golden - approvals,
    )
    if lab.moved:
        decision = Decision(Verdict.CANCELLED, MOVED)
    if merges:
        decision = withheld(decision, rows, planned, options.shards)
    if shard:
        return replace(recorded(record, cases, rows, lab, policies), decision=undecided(decision, shard))
    at_fault = [one for case in cases for one in suspects(case, commits, _of(case, [*rows, *tried]))]
    return replace(recorded(record, cases, rows, lab, policies), decision=decision, suspects=tuple(at_fault))


def planned_cases(commits: Commits, options: CheckOptions, approvals: Callable[[], int], today: str) -> tuple[Policies, list[Case]]:
    """The rules, and what is to be measured by them; raises ConfigError."""
    loaded = load_policies(commits.tip, commits.merge_base, commits.head, options.config, commits.changed, fork=options.fork)
    policies = _limited(loaded, options)
    return policies, _cases(policies, commits, options, approvals, today)


def _limited(policies: Policies, options: CheckOptions) -> Policies:
    """The policies with the partitions that were asked for."""
    if not options.partitions:
        return policies
    known = [str(partition) for partition in Partition]
    wrong = [name for name in options.partitions if name not in known]
    if wrong:
        raise ConfigError(Problem(f"there is no partition {wrong[0]!r}.", "--partitions", None, nearest(wrong[0], known)))
    limits = replace(policies.policy.limits, partitions=tuple(Partition(name) for name in options.partitions))
    return replace(policies, policy=replace(policies.policy, limits=limits))


def _cases(policies: Policies, commits: Commits, options: CheckOptions, approvals: Callable[[], int], today: str) -> list[Case]:
    suites = policies.suites
    names = [suite.name for suite, _ in suites]
    wrong = [name for name in options.suites if name not in names]
    if wrong:
        raise ConfigError(Problem(f"there is no suite {wrong[0]!r}.", "--suites", None, nearest(wrong[0], names)))
    reader = DatasetReader()
    problems: list[Problem] = []
    cases = []
    for suite, bootstrap in suites:
        if not options.suites or suite.name in options.suites:
            try:
                cases.append(prepare(suite, bootstrap, policies, commits, reader, options.epochs, approvals, today=today))
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return cases


def _previews(cases: Sequence[Case], policies: Policies, commits: Commits, lab: Lab) -> list[Preview]:
    """Head's judges to try, suite by suite."""

    def whole(case: Case) -> Case:
        return prepare(case.suite, False, policies, commits, DatasetReader(), None, every=True)

    found = [preview(case, partial(whole, case), policies, commits) for case in cases]
    return [one if not one.asks or lab.reaches(one.models.values()) else one.unheard() for one in found if one is not None]


async def _measure(cases: Sequence[Case], tries: Sequence[Preview], lab: Lab, by_hunk: Commits | None) -> tuple[list[Row], list[Finding]]:
    """The planned answers of all suites, the confirmations that first failures call for, then what looks at judges, and previews.

    Canaries are asked only where something was measured: a verdict that is worked out again costs no call. With `by_hunk`,
    what got worse is asked once more of each hunk alone: those rows are of part `hunk`.
    """
    # Of a suite that is not run itself only stored rows are looked up, and nobody is asked.
    suites = {one.case.suite.name: replace(one.case.for_engine, models={}) for one in tries}
    suites |= {case.suite.name: case.for_engine for case in cases if case.tasks}
    suites |= {one.name: one.for_engine for one in tries if one.asks}
    async with lab.running(suites, [case.tasks for case in cases], systems_of(cases)) as run:
        planned = [task for case in cases for task in case.tasks]
        rows = await run(planned)
        evidence = [case.evidence(_of(case, rows)) for case in cases]
        again = await run([task for one in evidence for task in confirmations(one)])
        found = await run.look_back([*rows, *again], planned)  # last: time and money go to what decides
        found = await sing(cases, run) if run.fresh else found
        alone = [task for case in cases for task in replays(case, by_hunk, _of(case, rows))] if by_hunk else []
        replayed = await run(alone)
        return [*found, *replayed], [finding for one in tries for finding in await _tried(one, rows, run)]


async def _tried(one: Preview, rows: Sequence[Row], run: Run) -> list[Finding]:
    """Both sides' answers, of this run or stored by an earlier one, graded by head's judges."""
    known = _of(one.case, rows)
    answers = one.answers(known or run.stored(one.case.tasks)) if one.asks else []
    return one.findings(answers, await run.regrade(answers, one.name) if answers else [])


def _of(case: Case, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row.suite == case.suite.name]


def _needs_people(policies: Policies, cases: Sequence[Case]) -> bool:
    """Whether approvals can change anything."""
    return bool(policies.not_applied) or any(case.refused or (case.exam and case.exam.changes) for case in cases)


def _policy_findings(policies: Policies, cases: Sequence[Case], missing: int) -> list[Finding]:
    lines = [*policies.not_applied, *(line for case in cases for line in case.refused)]
    if not lines:
        return []
    message = f"{counted(len(lines), 'change')} of policy not applied to this pull request: {'; '.join(lines[:MOST_LINES])}" + ("; …" if len(lines) > MOST_LINES else "")
    message += f"; needs {counted(missing, 'approval')} of the head commit" if missing > 0 else ""
    return [Finding(Rule.POLICY_CHANGED, Level.BLOCKS if missing > 0 else Level.NOTES, message)]


def _answering(planned: Sequence[Task]) -> list[Model]:
    """Every model that answers, each once; of judges that end soon `judge_health` tells."""
    return list({(task.request.model.endpoint, task.request.model.model): task.request.model for task in planned}.values())


def recorded(record: RunRecord, cases: Sequence[Case], rows: Sequence[Row], lab: Lab, policies: Policies) -> RunRecord:
    """The record with everything that a report needs beside the decision."""
    planned = [task for case in cases for task in case.tasks]
    return replace(
        record,
        changed=tuple(item for case in cases for item in case.changed),
        rows=rows,
        examples={(task.suite, task.example.hash): task.example for task in planned},
        judges=tuple(judge for case in cases if case.tasks for judge in case.judges()),
        cost_usd=lab.cost_usd,
        calls=Calls(lab.model_calls, lab.judge_calls, sum(row.cached_calls for row in rows), lab.retried),
        recalled=lab.recalled,
        estimate=lab.estimate,
        warnings=(
            *lab.shortcuts, *policies.policy.warnings, *(warning for case in cases for warning in case.warnings),
            *ending(_answering(planned), date.fromisoformat(record.started_at[:10])),
        ),
        not_applied=(*policies.not_applied, *(line for case in cases for line in case.refused)),
        dropped_params=lab.dropped_params,
        scales={
            (case.suite.name, name): metric.scale
            for case in cases
            for name, metric in (case.metrics or {}).items()
            if metric.scale is not None
        },
        options=policies.policy.report,
        approvals=policies.policy.approvals,
        budget_usd=policies.policy.limits.budget_usd,
        notices=tuple(dict.fromkeys(notice for case in cases for notice in case.notices)),
        bootstrap=policies.bootstrap or any(f.rule is Rule.BOOTSTRAP for case in cases for f in case.findings),
    )

