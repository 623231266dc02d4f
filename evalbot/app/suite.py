"""Tier 2: every suite at one commit, over all its partitions, against what was stored when it last passed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from evalbot import __version__
from evalbot.adapters.cache import NoCache
from evalbot.adapters.git import Repository
from evalbot.adapters.git_history import GitHistory
from evalbot.app.baseline import (
    Baseline,
    base_tasks,
    baseline_file,
    causes,
    fingerprint,
    read_baseline,
    versions,
    written,
)
from evalbot.app.canaries import Songs, sing, with_canaries
from evalbot.app.case import Case, prepare, systems_of
from evalbot.app.commits import Commits, refuse_own_folders
from evalbot.app.exams import DatasetReader, dataset_paths
from evalbot.app.policies import Policies, load_policies
from evalbot.app.review import recorded, settled
from evalbot.app.run_log import log_file, logged
from evalbot.app.wiring import Lab, World
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem, nearest
from evalbot.domain.examples import Partition
from evalbot.domain.history import Change, History
from evalbot.domain.policy import SuitePolicy
from evalbot.domain.pulls import Refused
from evalbot.domain.record import RunRecord, SuiteRun
from evalbot.domain.runs import Cause, ChangedPrompt, Part, Row, Side, Task
from evalbot.domain.verdicts import Decision, Rule, Verdict
from evalbot.gate.confirm import confirmations
from evalbot.gate.decide import decide
from evalbot.gate.evidence import Evidence

NOT_STORED = (Verdict.CONFIG_ERROR, Verdict.INCONCLUSIVE, Verdict.NEEDS_APPROVAL, Verdict.CANCELLED)


@dataclass(frozen=True)
class SuiteOptions:
    """What is asked of a run of suites; empty `suites` and `partitions` mean all.

    `only_changed`: ask nothing of a suite of which nothing changed since its baseline, unless `worse` says that it was found
    worse meanwhile. `fresh`: use no answer of an earlier run, to see how a model drifts. `stores`: a run that passes becomes the baseline; `set_baseline`: one that fails, too.
    `logs`: the run is written into the history.
    """

    config: str = "evalbot.yml"
    key: str = "default"
    event: str = "cli"
    suites: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    epochs: int | None = None
    only_changed: bool = False
    worse: Callable[[str], bool] = lambda _: False
    fresh: bool = False
    stores: bool = False
    set_baseline: bool = False
    logs: bool = False


@dataclass(frozen=True)
class _Planned:
    """One suite's case beside its baseline."""

    case: Case
    baseline: Baseline | None = None
    unchanged: bool = False
    partial: bool = False

    @property
    def base_rows(self) -> Sequence[Row]:
        """The stored rows of what is asked again."""
        if self.baseline is None or self.unchanged:
            return ()
        asked = {(task.prompt, task.example.id, task.example.hash) for task in self.case.tasks if task.side is Side.BASE}
        return [row for row in self.baseline.rows if (row.prompt, row.example, row.example_hash) in asked]


@dataclass
class _Words:
    """What is to be said beside the verdict."""

    warnings: list[str] = field(default_factory=list)


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
    words = _Words()
    planned = _plan(policies, commits, options, history, words, record.started_at)
    cases = [one.case for one in planned]
    owners = {case.suite.name: case.suite.owner for case in cases if case.suite.owner}
    against = {one.case.suite.name: one.baseline.commit if one.baseline else "" for one in planned}
    unchanged = tuple(one.case.suite.name for one in planned if one.unchanged)
    record = replace(record, suite=SuiteRun(against, unchanged, (), owners), base_sha=next((sha for sha in against.values() if sha), ""))

    if options.fresh:
        world = replace(world, cache=NoCache, earlier=list)
    lab = world.open_lab(policies.policy.limits)
    rows, songs = asyncio.run(_ask(planned, lab)) if any(case.tasks for case in cases) else ([], {})
    planned = [replace(one, case=with_canaries(one.case, songs)) for one in planned]
    cases = [one.case for one in planned]
    decision = decide([_evidence(one, rows) for one in planned])
    if decision.verdict is Verdict.NOT_APPLICABLE and unchanged:
        decision = replace(decision, reason="nothing has changed since the baseline")
    record = replace(recorded(record, cases, rows, lab, policies), decision=decision)
    record, stored = _remember(planned, record, rows, options, history, words, world.redact)
    run = SuiteRun(against, unchanged, stored, owners)
    return replace(record, suite=run, warnings=(*record.warnings, *words.warnings))


def _plan(
    policies: Policies, commits: Commits, options: SuiteOptions, history: History, words: _Words, today: str,
) -> list[_Planned]:
    known = policies.policy.suites
    if wrong := [name for name in options.suites if name not in known]:
        raise ConfigError(Problem(f"there is no suite {wrong[0]!r}.", "--suites", None, nearest(wrong[0], known)))
    names = [str(partition) for partition in Partition]
    if wrong := [name for name in options.partitions if name not in names]:
        raise ConfigError(Problem(f"there is no partition {wrong[0]!r}.", "--partitions", None, nearest(wrong[0], names)))
    reader, problems, planned = DatasetReader(), list[Problem](), list[_Planned]()
    for suite in known.values():
        if not options.suites or suite.name in options.suites:
            try:
                case = _case(suite, policies, commits, options, reader, today)
            except ConfigError as error:
                problems += error.problems
                continue
            planned.append(_beside(case, _baseline(case, options, history, words), options))
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    return planned


def _case(
    suite: SuitePolicy, policies: Policies, commits: Commits, options: SuiteOptions, reader: DatasetReader, today: str
) -> Case:
    """Every prompt of the suite at head, over every partition that holds an example."""
    rows = reader.rows(commits.tip, dataset_paths(suite, commits.tip, policies.policy.path))
    held = {row.partition for row in rows if row.gates} | ({Partition.GOLDEN} & set(policies.policy.limits.partitions))
    wanted = set(map(Partition, options.partitions)) or held
    partitions = tuple(partition for partition in Partition if partition in wanted)
    own = replace(policies, policy=replace(policies.policy, limits=replace(policies.policy.limits, partitions=partitions)))
    case = prepare(suite, False, own, commits, reader, options.epochs, every=True, today=today)
    tasks = tuple(task for task in case.tasks if task.side is Side.HEAD)
    return replace(case, tasks=tasks, findings=tuple(f for f in case.findings if f.rule is not Rule.BOOTSTRAP))


def _baseline(case: Case, options: SuiteOptions, history: History, words: _Words) -> Baseline | None:
    """The stored baseline, where it can be compared with what is measured now."""
    name = case.suite.name
    try:
        found = read_baseline(history.read(baseline_file(options.key, name)))
    except ValueError as error:
        words.warnings.append(f"suite {name!r}: the stored baseline cannot be read ({error}); compared with nothing")
        return None
    if found is None:
        words.warnings.append(f"suite {name!r}: no baseline is stored yet: pass/fail gates alone")
        return None
    if found.graded_by != case.for_engine.identity:
        words.warnings.append(f"suite {name!r}: its metrics or judges changed since the baseline of {found.commit[:7]}: pass/fail gates alone")
        return None
    return found


def _beside(case: Case, baseline: Baseline | None, options: SuiteOptions) -> _Planned:
    """The case with the baseline as its base side; rows that the baseline does not know are added ones."""
    partial = bool(options.partitions or options.epochs)
    if baseline is None:
        changed = tuple(replace(item, causes=(Cause.NEW,), sides=(Side.HEAD,)) for item in case.changed)
        return _Planned(replace(case, changed=changed), None, partial=partial)
    if options.only_changed and fingerprint(case) == baseline.fingerprint and not options.worse(case.suite.name):
        return _Planned(replace(case, changed=(), tasks=(), findings=()), baseline, unchanged=True)
    base = base_tasks(case, baseline)
    known = {(task.prompt, task.example.id, task.example.hash) for task in base}
    head = [
        task if (task.prompt, task.example.id, task.example.hash) in known or task.prompt not in baseline.prompts
        else replace(task, part=Part.ADDED)
        for task in case.tasks
    ]  # fmt: skip
    now = versions(case)
    changed = tuple(_changed(item, baseline, now, {prompt for prompt, *_ in known}) for item in case.changed)
    return _Planned(replace(case, changed=changed, tasks=(*base, *head)), baseline, partial=partial)


def _changed(
    item: ChangedPrompt, baseline: Baseline, now: Mapping[str, Mapping[str, str]], known: set[str]
) -> ChangedPrompt:
    sides = (Side.BASE, Side.HEAD) if item.prompt in known else (Side.HEAD,)
    before = baseline.prompts.get(item.prompt)
    return replace(item, causes=(Cause.NEW,) if before is None else causes(before, now.get(item.prompt, {})), sides=sides)


async def _ask(planned: Sequence[_Planned], lab: Lab) -> tuple[list[Row], Songs]:
    """Head's answers, the confirmations that their failures call for, then what looks back at them and at the judges."""
    cases = [one.case for one in planned]
    async with lab.running({case.suite.name: case.for_engine for case in cases}, [_head(case) for case in cases], systems_of(cases)) as run:
        rows = [*(row for one in planned for row in one.base_rows), *await run([task for case in cases for task in _head(case)])]
        again = await run([task for one in planned for task in confirmations(_evidence(one, rows))])
        found = await run.look_back([*rows, *again], [task for case in cases for task in case.tasks])
        return found, (await sing(cases, run) if run.fresh else {})


def _head(case: Case) -> list[Task]:
    return [task for task in case.tasks if task.side is Side.HEAD]


def _evidence(one: _Planned, rows: Sequence[Row]) -> Evidence:
    own = one.case.evidence([row for row in rows if row.suite == one.case.suite.name])
    return replace(own, recorded_base=one.baseline is not None)


def _remember(
    planned: Sequence[_Planned], record: RunRecord, rows: Sequence[Row], options: SuiteOptions, history: History, words: _Words,
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
