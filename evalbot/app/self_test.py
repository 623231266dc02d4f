"""`evalbot suite --aa`: a suite's prompts against themselves, so that whatever the gate finds is its own noise."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from evalbot import __version__
from evalbot.adapters.git import Repository
from evalbot.app.aa_record import AA_RECORD, SelfTest, append
from evalbot.app.case import Case, prepare, systems_of
from evalbot.app.commits import Commits, refuse_own_folders
from evalbot.app.exams import DatasetReader
from evalbot.app.policies import Policies
from evalbot.app.wiring import Lab, World
from evalbot.config import policy_in
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem, nearest
from evalbot.domain.examples import Partition
from evalbot.domain.policy import Policy
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.runs import Row, Side
from evalbot.domain.verdicts import Decision, Level
from evalbot.gate.confirm import confirmations
from evalbot.gate.decide import decide
from evalbot.report.summary import summary, to_json

FOLDER = "aa"


@dataclass(frozen=True)
class SelfTestOptions:
    """What a person asks of `evalbot suite --aa`; `at` "." is the work tree."""

    at: str = "HEAD"
    config: str = "evalbot.yml"
    report_dir: str = "evalbot-report"
    suites: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    epochs: int | None = None


@dataclass(frozen=True)
class SelfTested:
    """What came of it: a test for each suite that was measured well enough, a line for each that was not."""

    tests: tuple[SelfTest, ...]
    silent: tuple[str, ...]
    record: RunRecord


def self_test(root: Path, options: SelfTestOptions, world: World) -> SelfTested:
    """Answer and grade every example twice, as base and as head, with nothing shared and nothing cached, and decide.

    The rows and their summary go to `aa/` under the report's folder, beside the results of checks; each suite's outcome
    is appended to `aa.jsonl` there.

    Args:
        world: With a journal in `aa/`.

    Raises:
        ConfigError: Configuration, prompts or datasets are wrong.
        CouldNotRun: Git, or the report's folder, cannot be used.
    """
    started, seconds = world.now(), world.clock()
    commits, policy = _commits(root, options)
    cases = _cases(policy, commits, options, started)
    lab = world.open_lab(policy.limits, share=False)
    try:
        rows = asyncio.run(_measure(cases, lab))
    except asyncio.CancelledError as error:
        raise KeyboardInterrupt from error
    evidence = [case.evidence([row for row in rows if row.suite == case.suite.name]) for case in cases]
    record = RunRecord(
        decide(evidence), event=FOLDER, base_sha=commits.base_sha, head_sha=commits.head.name, policy_sha=commits.policy_sha,
        changed=tuple(item for case in cases for item in case.changed), rows=rows,
        judges=tuple(judge for case in cases for judge in case.judges()), cost_usd=lab.cost_usd,
        calls=Calls(lab.model_calls, lab.judge_calls, 0, lab.retried), started_at=started, seconds=world.clock() - seconds,
        dropped_params=lab.dropped_params, options=policy.report, budget_usd=policy.limits.budget_usd, version=__version__,
    )  # fmt: skip
    found = [_outcome(case, decide([one]), commits.head.name, started) for case, one in zip(cases, evidence, strict=True)]
    tests = tuple(test for test in found if isinstance(test, SelfTest))
    _keep(root / options.report_dir, record, tests, world)
    return SelfTested(tests, tuple(line for line in found if isinstance(line, str)), record)


def words(tested: SelfTested) -> str:
    """The outcome for a terminal, a line a suite."""
    lines = [
        f"suite {test.suite}: {test.false_alarms} false alarms in {test.rows} rows; "
        + (f"noise floor {test.noise_floor:.2f} points" if test.noise_floor is not None else "too few examples for a noise floor")
        for test in tested.tests
    ]
    alarms = [f"  {f.message}" for f in tested.record.decision.findings if f.level is Level.BLOCKS and f.proves]
    return "\n".join([*lines, *alarms, *tested.silent])


def _commits(root: Path, options: SelfTestOptions) -> tuple[Commits, Policy]:
    repository = Repository(root)
    sha = repository.resolve("HEAD" if options.at == "." else options.at)
    refuse_own_folders(repository.tree(sha).paths(), [options.report_dir])
    tree = repository.work_tree() if options.at == "." else repository.tree(sha)
    policy = policy_in(tree, options.config)
    if wrong := [name for name in options.suites if name not in policy.suites]:
        raise ConfigError(Problem(f"there is no suite {wrong[0]!r}.", "--suites", None, nearest(wrong[0], policy.suites)))
    known = [str(partition) for partition in Partition]
    if wrong := [name for name in options.partitions if name not in known]:
        raise ConfigError(Problem(f"there is no partition {wrong[0]!r}.", "--partitions", None, nearest(wrong[0], known)))
    if options.partitions:
        policy = replace(policy, limits=replace(policy.limits, partitions=tuple(map(Partition, options.partitions))))
    return Commits(sha, sha, tree, tree, tree, ()), policy


def _cases(policy: Policy, commits: Commits, options: SelfTestOptions, today: str) -> list[Case]:
    """Every suite with all of its prompts on both sides."""
    reader, policies = DatasetReader(), Policies(policy, policy, policy)
    cases, problems = [], list[Problem]()
    for suite in policy.suites.values():
        if not options.suites or suite.name in options.suites:
            try:
                case = prepare(suite, False, policies, commits, reader, options.epochs, every=True, today=today)
            except ConfigError as error:
                problems += error.problems
                continue
            changed = tuple(replace(item, causes=()) for item in case.changed)
            cases.append(replace(case, changed=changed, findings=()))
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return cases


async def _measure(cases: Sequence[Case], lab: Lab) -> list[Row]:
    """Both sides, and the confirmations that their first failures call for."""
    async with lab.running({case.suite.name: case.for_engine for case in cases}, [case.tasks for case in cases], systems_of(cases)) as run:
        rows = await run([task for case in cases for task in case.tasks])
        evidence = [case.evidence([row for row in rows if row.suite == case.suite.name]) for case in cases]
        return [*rows, *await run([task for one in evidence for task in confirmations(one)])]


def _outcome(case: Case, decision: Decision, commit: str, date: str) -> SelfTest | str:
    """The suite's line, or why it has none: an outage says nothing about noise."""
    blocking = [finding for finding in decision.findings if finding.level is Level.BLOCKS]
    unproved = next((finding for finding in blocking if not finding.proves), None)
    if unproved is not None or not case.tasks:
        return f"suite {case.suite.name}: not recorded: {unproved.message if unproved else 'nothing was asked'}"
    rows = {(count.prompt, count.partition) for count in decision.partitions if count.side is Side.HEAD and count.planned}
    alarms = rows & {(finding.prompt, finding.partition) for finding in blocking}
    halves = [
        (row.paired.ci[1] - row.paired.ci[0]) / 2
        for row in decision.comparisons
        if row.gated and row.paired is not None and row.paired.ci is not None and row.n_pairs >= row.min_examples
    ]
    judges = tuple(judge.judge_id for judge in case.judges())
    return SelfTest(date, case.suite.name, commit, judges, len(rows), len(alarms), median(halves) if halves else None)


def _keep(folder: Path, record: RunRecord, tests: tuple[SelfTest, ...], world: World) -> None:
    path = folder / FOLDER / "summary.json"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(world.redact(to_json(summary(record))), encoding="utf-8", errors="replace")
    except OSError as error:
        raise CouldNotRun(f"could not write {path}: {error.strerror}") from error
    if tests:
        append(folder / AA_RECORD, tests)
