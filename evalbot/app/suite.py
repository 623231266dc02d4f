"""Tier 2: every suite at one commit, over all its partitions, against what was stored when it last passed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.cache import NoCache
from evalbot.adapters.git import Repository
from evalbot.adapters.git_history import GitHistory
from evalbot.app.baseline import baseline_file, written
from evalbot.app.canaries import sing
from evalbot.app.case import Case, systems_of
from evalbot.app.commits import Commits, refuse_own_folders
from evalbot.app.policies import load_policies
from evalbot.app.review import recorded, settled
from evalbot.app.run_log import log_file, logged
from evalbot.app.suite_plan import Planned, SuiteOptions, Words, plan_suites
from evalbot.app.wiring import Lab, World
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.history import Change, History
from evalbot.domain.pulls import Refused
from evalbot.domain.record import RunRecord, SuiteRun
from evalbot.domain.runs import Row, Side, Task
from evalbot.domain.verdicts import Decision, Verdict
from evalbot.gate.confirm import confirmations
from evalbot.gate.decide import decide
from evalbot.gate.evidence import Evidence

NOT_STORED = (Verdict.CONFIG_ERROR, Verdict.INCONCLUSIVE, Verdict.NEEDS_APPROVAL, Verdict.CANCELLED)


def run_suites(commits: Callable[[], Commits], options: SuiteOptions, world: World, history: History) -> RunRecord:
    """Measure the suites at head, compare with their baselines, decide, and remember.

    Never raises for what evalbot is made to say: a configuration error and an outage are verdicts of the record.

    Args:
        commits: Where head is both sides; `tip` is what rules.
    """
    start = RunRecord(
        Decision(Verdict.INCONCLUSIVE, "nothing was measured"), options.key, options.event, started_at=world.now(), version=__version__,
        suite=SuiteRun({}),
    )  # fmt: skip
    started = world.clock()

    found: list[Commits] = []

    def read(record: RunRecord) -> RunRecord:
        found.append(commits())
        (one,) = found
        return replace(record, head_sha=one.head.name, policy_sha=one.policy_sha, examined=len(one.head.paths()))

    record = settled(start, read, lambda record: _measured(found[0], options, world, history, record))
    return replace(record, seconds=world.clock() - started)


def suites_of_clone(root: Path, at: str, options: SuiteOptions, world: World, *, own_folders: Sequence[str]) -> RunRecord:
    """Run the suites of a clone; its branch `evalbot-history` remembers. `at` "." is the work tree."""

    def commits() -> Commits:
        repository = Repository(root)
        sha = repository.resolve("HEAD" if at == "." else at)
        refuse_own_folders(repository.tree(sha).paths(), own_folders)
        tree = repository.work_tree() if at == "." else repository.tree(sha)
        return Commits(sha, sha, tree, tree, tree, ())

    return run_suites(commits, options, world, GitHistory(root))


def _measured(commits: Commits, options: SuiteOptions, world: World, history: History, record: RunRecord) -> RunRecord:
    policies = load_policies(commits.tip, commits.merge_base, commits.head, options.config, ())
    words = Words()
    planned = plan_suites(policies, commits, options, history, words, record.started_at)
    cases = [one.case for one in planned]
    owners = {case.suite.name: case.suite.owner for case in cases if case.suite.owner}
    against = {one.case.suite.name: one.baseline.commit if one.baseline else "" for one in planned}
    unchanged = tuple(one.case.suite.name for one in planned if one.unchanged)
    record = replace(record, suite=SuiteRun(against, unchanged, (), owners), base_sha=next((sha for sha in against.values() if sha), ""))

    if options.fresh:
        world = replace(world, cache=NoCache, earlier=list)
    lab = world.open_lab(policies.policy.limits)
    rows = asyncio.run(_ask(planned, lab)) if any(case.tasks for case in cases) else []
    cases = [one.case for one in planned]
    decision = decide([_evidence(one, rows) for one in planned])
    if decision.verdict is Verdict.NOT_APPLICABLE and unchanged:
        decision = replace(decision, reason="nothing has changed since the baseline")
    record = replace(recorded(record, cases, rows, lab, policies), decision=decision)
    record, stored = _remember(planned, record, rows, options, history, words, world.redact)
    run = SuiteRun(against, unchanged, stored, owners)
    return replace(record, suite=run, warnings=(*record.warnings, *words.warnings))


async def _ask(planned: Sequence[Planned], lab: Lab) -> list[Row]:
    """Head's answers, the confirmations that their failures call for, then what looks back at them and at the judges."""
    cases = [one.case for one in planned]
    async with lab.running({case.suite.name: case.for_engine for case in cases}, [_head(case) for case in cases], systems_of(cases)) as run:
        rows = [*(row for one in planned for row in one.base_rows), *await run([task for case in cases for task in _head(case)])]
        again = await run([task for one in planned for task in confirmations(_evidence(one, rows))])
        found = await run.look_back([*rows, *again], [task for case in cases for task in case.tasks])
        return await sing(cases, run) if run.fresh else found


def _head(case: Case) -> list[Task]:
    return [task for task in case.tasks if task.side is Side.HEAD]


def _evidence(one: Planned, rows: Sequence[Row]) -> Evidence:
    own = one.case.evidence([row for row in rows if row.suite == one.case.suite.name])
    return replace(own, recorded_base=one.baseline is not None)


def _remember(
    planned: Sequence[Planned], record: RunRecord, rows: Sequence[Row], options: SuiteOptions, history: History, words: Words,
    redact: Callable[[str], str],
) -> tuple[RunRecord, tuple[str, ...]]:  # fmt: skip
    """Store baselines and the log, together; a refusal is a warning and changes no verdict."""
    verdict = record.decision.verdict
    store = (options.set_baseline and verdict not in NOT_STORED) or (options.stores and verdict is Verdict.PASS)
    changes: dict[str, Change] = {}
    stored = []
    for one in planned:
        name = one.case.suite.name
        own = [row for row in rows if row.suite == name]
        if store and one.case.tasks and not one.partial:
            text = redact(written(one.case, record.head_sha, record.started_at, own, outputs=record.options.show_outputs))
            changes[baseline_file(options.key, name)] = _replaced_by(text)
            stored.append(name)
        elif store and one.partial:
            words.warnings.append(f"suite {name!r}: not stored as the baseline, since only a part of it was run")
        if options.logs and one.case.tasks and verdict is not Verdict.CANCELLED:
            changes[log_file(options.key, name)] = logged(record, name)
    if options.set_baseline and not store:
        words.warnings.append(f"not stored as the baseline: the verdict is {verdict}, and nothing was proved")
    if not changes:
        return record, ()
    try:
        history.update(changes, f"evalbot: {options.key} at {record.head_sha[:7]}: {verdict}")
    except (Refused, CouldNotRun) as error:
        words.warnings.append(f"the history could not be written: {error}")
        return record, ()
    return record, tuple(stored)


def _replaced_by(text: str) -> Change:
    return lambda _: text
