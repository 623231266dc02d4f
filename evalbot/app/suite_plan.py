"""What a run of suites plans: each suite's answers at head, beside the stored baseline that they are compared with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalbot.app.baseline import (
    Baseline,
    base_tasks,
    baseline_file,
    causes,
    fingerprint,
    read_baseline,
    under_names_of_now,
    versions,
)
from evalbot.app.case import Case, prepare
from evalbot.app.commits import Commits
from evalbot.app.exams import DatasetReader, dataset_paths
from evalbot.app.policies import Policies
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Partition
from evalbot.domain.history import History
from evalbot.domain.policy import SuitePolicy
from evalbot.domain.runs import Cause, ChangedPrompt, Part, Row, Side
from evalbot.domain.verdicts import Rule


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
class Planned:
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
class Words:
    """What is to be said beside the verdict."""

    warnings: list[str] = field(default_factory=list)


def plan_suites(
    policies: Policies, commits: Commits, options: SuiteOptions, history: History, words: Words, today: str,
) -> list[Planned]:
    """Every suite that was asked for, beside its baseline.

    Args:
        words: Where warnings go.
        today: ISO 8601, for what depends on the date.

    Raises:
        ConfigError: With every problem of every suite.
        CouldNotRun: The history cannot be read.
    """
    known = policies.policy.suites
    if wrong := [name for name in options.suites if name not in known]:
        raise ConfigError(Problem(f"there is no suite {wrong[0]!r}.", "--suites", None, nearest(wrong[0], known)))
    names = [str(partition) for partition in Partition]
    if wrong := [name for name in options.partitions if name not in names]:
        raise ConfigError(Problem(f"there is no partition {wrong[0]!r}.", "--partitions", None, nearest(wrong[0], names)))
    reader, problems, planned = DatasetReader(), list[Problem](), list[Planned]()
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


def _baseline(case: Case, options: SuiteOptions, history: History, words: Words) -> Baseline | None:
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
    return under_names_of_now(found, versions(case))


def _beside(case: Case, baseline: Baseline | None, options: SuiteOptions) -> Planned:
    """The case with the baseline as its base side; rows that the baseline does not know are added ones."""
    partial = bool(options.partitions or options.epochs)
    if baseline is None:
        changed = tuple(replace(item, causes=(Cause.NEW,), sides=(Side.HEAD,)) for item in case.changed)
        return Planned(replace(case, changed=changed), None, partial=partial)
    if options.only_changed and fingerprint(case) == baseline.fingerprint and not options.worse(case.suite.name):
        return Planned(replace(case, changed=(), tasks=(), findings=()), baseline, unchanged=True)
    base = base_tasks(case, baseline)
    known = {(task.prompt, task.example.id, task.example.hash) for task in base}
    head = [
        task if (task.prompt, task.example.id, task.example.hash) in known or task.prompt not in baseline.prompts
        else replace(task, part=Part.ADDED)
        for task in case.tasks
    ]  # fmt: skip
    now = versions(case)
    changed = tuple(_changed(item, baseline, now, {prompt for prompt, *_ in known}) for item in case.changed)
    return Planned(replace(case, changed=changed, tasks=(*base, *head)), baseline, partial=partial)


def _changed(
    item: ChangedPrompt, baseline: Baseline, now: Mapping[str, Mapping[str, str]], known: set[str]
) -> ChangedPrompt:
    sides = (Side.BASE, Side.HEAD) if item.prompt in known else (Side.HEAD,)
    before = baseline.prompts.get(item.prompt)
    return replace(item, causes=(Cause.NEW,) if before is None else causes(before, now.get(item.prompt, {})), sides=sides)
