"""Tier 1: changed prompts → answers of both sides → verdict, with everything that a report needs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.git import Repository
from evalbot.app.case import Case, Commits, prepare
from evalbot.app.exams import DatasetReader
from evalbot.app.policies import Policies, load_policies
from evalbot.app.wiring import Lab, World
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem, nearest
from evalbot.domain.examples import Partition
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.runs import Row
from evalbot.domain.verdicts import Decision, Finding, Level, Rule, Verdict
from evalbot.gate.confirm import confirmations
from evalbot.gate.decide import decide


@dataclass(frozen=True)
class CheckOptions:
    """What a person asks of `evalbot check`.

    `head` "." is the work tree. Empty `suites` and `partitions` mean what the configuration says.
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


def review(root: Path, options: CheckOptions, world: World) -> RunRecord:
    """Compare head with its merge base and decide.

    Never raises for what evalbot is made to say: a configuration error and an outage are verdicts of the record.
    """
    record = RunRecord(Decision(Verdict.INCONCLUSIVE, "nothing was measured"), options.key, started_at=world.now(), version=__version__)
    started = world.clock()
    try:
        record = _review(Repository(root), options, world, record)
    except ConfigError as error:
        reason = str(error.problems[0]) + (f" (and {len(error.problems) - 1} more)" if len(error.problems) > 1 else "")
        record = replace(record, decision=Decision(Verdict.CONFIG_ERROR, reason), problems=error.problems)
    except CouldNotRun as error:
        record = replace(record, decision=Decision(Verdict.INCONCLUSIVE, str(error)), problems=(Problem(str(error)),))
    except (KeyboardInterrupt, asyncio.CancelledError):
        record = replace(record, decision=Decision(Verdict.CANCELLED, "cancelled before everything was measured"))
    return replace(record, seconds=world.clock() - started)


def _review(repository: Repository, options: CheckOptions, world: World, record: RunRecord) -> RunRecord:
    commits, policy_sha, base_sha = _commits(repository, options)
    record = replace(record, base_sha=base_sha, head_sha=commits.head.name, policy_sha=policy_sha, examined=len(commits.head.paths()))
    policies = load_policies(commits.tip, commits.merge_base, commits.head, options.config, commits.changed)
    policies = _limited(policies, options)
    cases = _cases(policies, commits, options)

    lab = world.open_lab(policies.policy.limits)
    rows = asyncio.run(_measure(cases, lab)) if any(case.tasks for case in cases) else []
    decision = decide(
        [case.evidence([row for row in rows if row.suite == case.suite.name]) for case in cases],
        general=_policy_findings(policies, cases),
        golden_approvals_missing=policies.policy.approvals.golden,
    )
    return replace(_recorded(record, cases, rows, lab, policies), decision=decision)


def _commits(repository: Repository, options: CheckOptions) -> tuple[Commits, str, str]:
    tip_sha = repository.resolve(options.base)
    here = options.head == "."
    head_sha = repository.resolve("HEAD" if here else options.head)
    base_sha = repository.merge_base(tip_sha, head_sha)
    head = repository.work_tree() if here else repository.tree(head_sha)
    _refuse_own_folders(repository.tree(head_sha).paths(), options)
    compared = None if here else head_sha
    commits = Commits(
        repository, repository.tree(tip_sha), repository.tree(base_sha), head, compared,
        repository.changed_paths(base_sha, compared), repository.renames(base_sha, compared),
    )  # fmt: skip
    return commits, tip_sha, base_sha


def _refuse_own_folders(paths: Sequence[str], options: CheckOptions) -> None:
    """Results or caches that a commit brings along would be believed as measured; so they are refused."""
    for folder in (options.cache_dir, options.report_dir):
        inside = next((path for path in paths if path.startswith(folder.strip("/") + "/")), None)
        if inside is not None:
            raise ConfigError(Problem(f"the head commit holds a path under {folder!r}.", inside, None, "Remove it and add the folder to .gitignore."))


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


def _cases(policies: Policies, commits: Commits, options: CheckOptions) -> list[Case]:
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
                cases.append(prepare(suite, bootstrap, policies, commits, reader, options.epochs))
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return cases


async def _measure(cases: Sequence[Case], lab: Lab) -> list[Row]:
    """The planned answers of all suites, then the confirmations that first failures call for."""
    suites = {case.suite.name: case.for_engine for case in cases}
    async with lab.running(suites, [case.tasks for case in cases]) as run:
        rows = await run([task for case in cases for task in case.tasks])
        evidence = [case.evidence([row for row in rows if row.suite == case.suite.name]) for case in cases]
        again = await run([task for one in evidence for task in confirmations(one)])
    return [*rows, *again]


def _policy_findings(policies: Policies, cases: Sequence[Case]) -> list[Finding]:
    lines = [*policies.not_applied, *(line for case in cases for line in case.refused)]
    if not lines:
        return []
    needed = policies.policy.approvals.policy
    message = f"{len(lines)} change(s) of policy not applied to this pull request: {lines[0]}" + (", …" if len(lines) > 1 else "")
    return [Finding(Rule.POLICY_CHANGED, Level.BLOCKS if needed else Level.NOTES, message)]


def _recorded(record: RunRecord, cases: Sequence[Case], rows: Sequence[Row], lab: Lab, policies: Policies) -> RunRecord:
    planned = [task for case in cases for task in case.tasks]
    return replace(
        record,
        changed=tuple(item for case in cases for item in case.changed),
        rows=rows,
        examples={(task.suite, task.example.hash): task.example for task in planned},
        judges=tuple(judge for case in cases if case.tasks for judge in case.judges()),
        cost_usd=lab.cost_usd,
        calls=Calls(lab.model_calls, lab.judge_calls, sum(row.cached for row in rows), lab.retried),
        warnings=(*policies.policy.warnings, *(warning for case in cases for warning in case.warnings)),
        not_applied=(*policies.not_applied, *(line for case in cases for line in case.refused)),
        dropped_params=lab.dropped_params,
        scales={
            (case.suite.name, name): metric.scale
            for case in cases
            for name, metric in (case.metrics or {}).items()
            if metric.scale is not None
        },
        options=policies.policy.report,
        budget_usd=policies.policy.limits.budget_usd,
        bootstrap=policies.bootstrap or any(f.rule is Rule.BOOTSTRAP for case in cases for f in case.findings),
    )

