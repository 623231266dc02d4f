"""A suite made ready: what changed in it, its exam, its metrics and every answer that is planned."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from evalbot import __version__
from evalbot.adapters.prompts import prompt_id
from evalbot.app.changes import PromptPair, PromptPairs, pair_prompts
from evalbot.app.commits import Commits
from evalbot.app.directed import directed, directed_findings
from evalbot.app.exams import DatasetReader, build_exam, check_exam, check_prompts, suite_metrics, untouched
from evalbot.app.judge_inputs import check_graded
from evalbot.app.judges import demoted, judge_facts, nothing_decides
from evalbot.app.planning import Subject, plan
from evalbot.app.policies import Policies
from evalbot.app.pricing import check_prices
from evalbot.app.spool import Spool
from evalbot.app.systems import SubjectSides, Systems, system_sides
from evalbot.app.targets import NotAllowed, target
from evalbot.config import suite_decides
from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Partition
from evalbot.domain.judges import JudgeFacts
from evalbot.domain.models import Model
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Comparing, Metric
from evalbot.domain.record import JudgeUsed, Notice
from evalbot.domain.runs import Cause, ChangedPrompt, Part, Side, Task
from evalbot.domain.verdicts import Finding, Level, Rule
from evalbot.engine.exam import Exam, approved, leakage
from evalbot.engine.run import SuiteMetrics
from evalbot.gate.evidence import Evidence, MetricFacts
from evalbot.report.numbers import counted


@dataclass(frozen=True)
class Case:
    """One suite before it is run. With no task there is nothing to measure; findings and exam changes may still count."""

    suite: SuitePolicy
    partitions: tuple[Partition, ...]
    changed: tuple[ChangedPrompt, ...] = ()
    tasks: tuple[Task, ...] = ()
    exam: Exam | None = None
    metrics: Mapping[str, Metric] | None = None
    models: Mapping[str, Model] | None = None
    findings: tuple[Finding, ...] = ()
    warnings: tuple[str, ...] = ()
    refused: tuple[str, ...] = ()
    systems: Systems = field(default_factory=dict)
    pairs: tuple[PromptPair, ...] = ()
    subject: Json = None
    exam_rows: Json = None
    facts: tuple[JudgeFacts, ...] = ()
    notices: tuple[Notice, ...] = ()

    @property
    def deciding(self) -> frozenset[str]:
        """Names of the metrics that make an example pass or fail."""
        return suite_decides(self.metrics or {})

    @property
    def for_engine(self) -> SuiteMetrics:
        """What the engine needs to score this suite's answers."""
        ids = {judge.metric: judge.judge_id for judge in self.judges()}
        metrics, models = self.metrics or {}, self.models or {}
        # Options beside identities: a threshold moves no score, but it moves what passes.
        options = [[spec.name, spec.type, spec.options] for spec in self.suite.metrics]
        own = [[name, metric.identity(), ids.get(name)] for name, metric in metrics.items()]
        return SuiteMetrics(metrics, self.deciding, models, ids, digest([options, own, sorted(self.deciding), __version__]))

    def evidence(self, rows: Sequence[object]) -> Evidence:
        """The case with what came back, for the gate."""
        quiet = {one.metric for one in self.facts if one.demoted}
        facts = {
            name: MetricFacts(metric.scale, metric.lower_is_better, name in quiet)
            for name, metric in (self.metrics or {}).items()
            if metric.scale is not None
        }
        return Evidence(
            self.suite.name, self.suite.gates, self.partitions, self.changed, self.tasks, rows, facts,  # type: ignore[arg-type]  # rows of this suite
            self.deciding, self.exam.changes if self.exam else (), self.findings,
            tuple(name for name, metric in (self.metrics or {}).items() if isinstance(metric, Comparing)),
            self.facts,
        )  # fmt: skip

    def judges(self) -> list[JudgeUsed]:
        """The metrics that ask a model, with an identity over everything that can move their scores."""
        return [JudgeUsed(self.suite.name, one.metric, one.judge_id, " + ".join(one.models), one.samples) for one in self.facts]


def systems_of(cases: Sequence[Case]) -> Systems:
    """What the engine must start to run the cases."""
    return {endpoint: system for case in cases for endpoint, system in case.systems.items()}


def prepare(
    suite: SuitePolicy, bootstrap: bool, policies: Policies, commits: Commits, reader: DatasetReader, epochs: int | None,
    approvals: Callable[[], int] = lambda: 0, *, every: bool = False, today: str = "",
) -> Case:
    """Find out what of a suite must be measured, and plan it.

    Args:
        today: The run's ISO date, by which calibrations age and models retire.
        approvals: How many people with write access have approved this head; asked only where it matters.
        every: Plan every prompt, changed or not, as in a bootstrap.

    Raises:
        ConfigError: A prompt, a dataset or the suite itself is wrong; nothing has been paid for.
    """
    policies = policies.of(suite.name)
    path = policies.policy.path
    partitions = policies.policy.limits.partitions
    exam_changed = not untouched(suite, commits.changed)
    sides = _sides(suite, policies, commits)
    pairs, models = sides.pairs, sides.models
    changed = _changed(suite, pairs.prompts, models, policies, bootstrap or every)
    findings = [*_prompt_findings(suite, pairs.prompts, policies.policy.approvals.policy, approvals), *([_bootstrap(suite, policies, commits)] if bootstrap else [])]
    warnings = tuple(f"suite {suite.name!r}: prompt {left} is on neither side and was left out" for left in pairs.left_out) + sides.known
    if not any(c.sides for c in changed) and not exam_changed:
        return Case(
            suite, partitions, tuple(changed), findings=tuple(findings), warnings=warnings, refused=sides.refused,
            subject=_subject(pairs.prompts, changed, models),
        )  # fmt: skip

    exam, stood_in = build_exam(suite, commits.tip, commits.merge_base, commits.head, reader, path, fork=policies.fork)
    # Before anybody's approval counts: approving changes what is run, and not what was approved.
    exam_rows: Json = [sorted([row.id, row.hash, part.value] for row, part in exam.rows), sorted(repr(change) for change in exam.changes)]
    if exam.changes and approvals() >= policies.policy.approvals.golden:
        exam = approved(exam)
    if stood_in and not bootstrap:
        message = f"the base branch's examples of suite {suite.name!r} are not valid: head's own are the exam"
        findings.append(Finding(Rule.BOOTSTRAP, Level.NOTES, message, suite.name))
        changed = _changed(suite, pairs.prompts, models, policies, True)
    check_prompts([row for row, _ in exam.rows], _known_prompts(pairs))
    rules = commits.head if bootstrap else commits.tip
    metrics = suite_metrics(suite, rules, path, [row for row, _ in exam.rows])
    check_graded(suite.metrics, [row for row, _ in exam.rows], rules, path)
    asked = {name: policies.policy.model(name) for metric in metrics.values() for name in metric.models}
    facts = judge_facts(metrics, asked, models.values(), rules, today)
    metrics = _trusted(metrics, facts, suite, path)
    warnings += tuple(
        check_exam(suite, [row for row, part in exam.rows if part is Part.EXAM], metrics, suite_decides(metrics), partitions, path)
    )
    changed = _with_dataset_cause(suite, changed, pairs.prompts, exam, partitions)
    tasks = _plan(suite, pairs.prompts, models, changed, exam, partitions, epochs)
    check_prices(suite, metrics, [task.request.model for task in tasks if not sides.systems], path)  # a system says what it costs
    findings += _leaks(suite, pairs.prompts, changed, exam)
    notices = directed(pairs.prompts, commits.merge_base, commits.head)
    findings += directed_findings(notices, suite.name)
    return Case(
        suite, partitions, tuple(changed), tuple(tasks), exam, metrics, asked, tuple(findings), warnings, sides.refused, sides.systems,
        pairs.prompts, _subject(pairs.prompts, changed, models), exam_rows, facts, notices=notices,
    )  # fmt: skip


def _sides(suite: SuitePolicy, policies: Policies, commits: Commits) -> SubjectSides:
    """What is compared, each side's own."""
    if suite.target is not None:
        return system_sides(suite, commits, policies.policy.path)
    pairs = _pairs(suite, policies, commits)
    return SubjectSides(pairs, *_resolve(pairs.prompts, suite, policies))


def _trusted(metrics: Mapping[str, Metric], facts: Sequence[JudgeFacts], suite: SuitePolicy, path: str) -> Mapping[str, Metric]:
    """The metrics, where judges that people do not agree with only report; raises ConfigError where nothing is left that decides."""
    found = demoted(metrics, facts)
    if not suite_decides(found) and any(one.demoted for one in facts):
        raise nothing_decides(suite.name, facts, path, suite.line or None)
    return found


def _pairs(suite: SuitePolicy, policies: Policies, commits: Commits) -> PromptPairs:
    at_base, at_head = _as_defined(policies.base, suite), _as_defined(policies.head, suite)
    return pair_prompts(
        commits.merge_base, commits.head, base_patterns=at_base.prompts, head_patterns=at_head.prompts,
        renames=commits.renames, policy_tree=commits.tip, policy_patterns=suite.prompts, policy_path=policies.policy.path,
        policy_lines=at_head.prompts_lines,
    )  # fmt: skip


def _as_defined(side: Policy, suite: SuitePolicy) -> SuitePolicy:
    """The suite as one side defines it; as the rules do where that side has no such suite, or one with another kind of target."""
    own = side.suites.get(suite.name, suite)
    return own if (own.target is None) == (suite.target is None) else suite


def _known_prompts(pairs: PromptPairs) -> set[str]:
    paths = [path for pair in pairs.prompts for path in (pair.path, pair.base_path) if path]
    return {prompt_id(path) for path in [*paths, *pairs.left_out]} | {pair.id for pair in pairs.prompts}


Targets = Mapping[tuple[str, Side], Model]


def _resolve(pairs: Sequence[PromptPair], suite: SuitePolicy, policies: Policies) -> tuple[Targets, Systems, tuple[str, ...], tuple[str, ...]]:
    """The model of each prompt on each side; what policy gives no endpoint for runs with policy's own model, and is named.

    What head asks for in vain is refused, unless base does so too: that is a warning, since head did not change it.
    """
    found: dict[tuple[str, Side], Model] = {}
    of_base: dict[str, str] = {}
    refused: list[str] = []
    known: list[str] = []
    for pair in pairs:
        for side, prompt, file in ((Side.BASE, pair.base, policies.base), (Side.HEAD, pair.head, policies.head)):
            if prompt is None:
                continue
            here = _as_defined(file, suite)
            try:
                stranger = policies.fork and side is Side.HEAD
                found[pair.id, side] = target(prompt, here, file, policies.policy, fork=stranger)
            except NotAllowed as error:
                own = policies.policy.model(suite.model)
                found[pair.id, side] = replace(own, params={**own.params, **here.params, **prompt.params})
                line = f"{prompt.path}: model {error}"
                if side is Side.BASE:
                    of_base[pair.id] = line
                else:
                    (known if of_base.get(pair.id) == line else refused).append(line)
    return found, {}, tuple(refused), tuple(known)


def _subject(pairs: Sequence[PromptPair], changed: Sequence[ChangedPrompt], models: Targets) -> Json:
    """What is compared, as plain values: the changed prompts on both sides, each with the model that answers."""
    ids = {item.prompt for item in changed}
    sides = ((Side.BASE, "base"), (Side.HEAD, "head"))
    return [
        [
            [pair.id, pair.base_path, pair.path],
            *([dict(prompt.digests) if (prompt := getattr(pair, name)) else None, _asked(models.get((pair.id, side)))] for side, name in sides),
        ]
        for pair in pairs
        if pair.id in ids
    ]  # fmt: skip


def _asked(model: Model | None) -> Json:
    return [model.provider, model.model, model.api, dict(model.params)] if model else None


def _changed(
    suite: SuitePolicy, pairs: Sequence[PromptPair], models: Targets, policies: Policies, everything: bool
) -> list[ChangedPrompt]:
    """What is to be measured; in a bootstrap that is everything, since nothing of the suite has been examined before."""
    changed = []
    for pair in pairs:
        causes = list(pair.causes)
        base, head = models.get((pair.id, Side.BASE)), models.get((pair.id, Side.HEAD))
        if base and head:
            causes = [cause for cause in causes if cause not in (Cause.MODEL, Cause.PARAMS)]
            causes += [Cause.MODEL] if (base.provider, base.model, base.api) != (head.provider, head.model, head.api) else []
            causes += [Cause.PARAMS] if base.params != head.params else []
        causes = [cause for cause in causes if cause is not Cause.RENAMED]
        if everything and not causes:
            causes = [Cause.POLICY]
        if not causes:
            continue
        causes += [Cause.RENAMED] if pair.renamed else []
        causes += _policy_causes(policies.not_applied, suite.name)
        changed.append(ChangedPrompt(suite.name, pair.id, pair.path, tuple(sorted(causes, key=list(Cause).index)), pair.sides))
    return changed


def _policy_causes(not_applied: Sequence[str], suite: str) -> list[Cause]:
    causes = []
    if any(f"suites.{suite}.gates" in line for line in not_applied):
        causes.append(Cause.GATE)
    if any(f"suites.{suite}.judge" in line or ": metrics." in line for line in not_applied):
        causes.append(Cause.JUDGE)
    return causes


def _with_dataset_cause(
    suite: SuitePolicy, changed: Sequence[ChangedPrompt], pairs: Sequence[PromptPair], exam: Exam, partitions: Sequence[Partition]
) -> list[ChangedPrompt]:
    """Where head touched the exam that is one more cause; prompts that did not change then meet those of head's rows that run, at head only."""
    own = [row for row, part in exam.rows if part is not Part.EXAM]
    if not own and not exam.changes:
        return list(changed)
    found = [
        replace(item, causes=(*item.causes, Cause.DATASET)) if item.sides else item for item in changed
    ]
    known = {item.prompt for item in changed}
    run = [row for row in own if row.gates and row.partition in partitions]  # a proposal is listed and measures nothing
    met = [pair for pair in pairs if pair.id not in known and pair.head is not None and any(row.meets(pair.id) for row in run)]
    return found + [ChangedPrompt(suite.name, pair.id, pair.path, (Cause.DATASET,), (Side.HEAD,)) for pair in met]


def _plan(
    suite: SuitePolicy, pairs: Sequence[PromptPair], models: Targets, changed: Sequence[ChangedPrompt], exam: Exam,
    partitions: Sequence[Partition], epochs: int | None,
) -> list[Task]:  # fmt: skip
    edited = frozenset(change.example for change in exam.changes)
    by_id = {pair.id: pair for pair in pairs}
    tasks: list[Task] = []
    spool = Spool()
    for whole, causes_are in ((True, False), (False, True)):
        subjects = []
        for item in changed:
            if item.sides and (item.causes == (Cause.DATASET,)) is causes_are:
                pair = by_id[item.prompt]
                prompts = {Side.BASE: pair.base, Side.HEAD: pair.head}
                sides = {side: (prompt, models[pair.id, side]) for side in item.sides if (prompt := prompts[side]) is not None}
                subjects.append(Subject(pair.id, pair.path, sides))
        rows = exam.rows if whole else [(row, part) for row, part in exam.rows if part is not Part.EXAM]
        tasks += plan(suite, subjects, rows, edited, partitions, epochs, spool.put)
    return tasks


def _prompt_findings(
    suite: SuitePolicy, pairs: Sequence[PromptPair], needed: int, approvals: Callable[[], int]
) -> list[Finding]:
    found = []
    missing = needed - approvals() if any(Cause.DELETED in pair.causes for pair in pairs) else 0
    for pair in pairs:
        if Cause.DELETED in pair.causes:
            level = Level.BLOCKS if missing > 0 else Level.NOTES
            message = f"prompt {pair.path} is deleted at head" + (f"; needs {counted(missing, 'approval')}" if missing > 0 else "")
            found.append(Finding(Rule.PROMPT_DELETED, level, message, suite.name, pair.id))
        elif Cause.NEW in pair.causes:
            message = f"prompt {pair.path} is new: pass/fail gates only, no score test"
            found.append(Finding(Rule.PROMPT_NEW, Level.NOTES, message, suite.name, pair.id))
    return found


def _bootstrap(suite: SuitePolicy, policies: Policies, commits: Commits) -> Finding:
    invalid = policies.bootstrap and commits.tip.exists(policies.policy.path)
    why = f"the base branch's {policies.policy.path} is not valid" if invalid else f"suite {suite.name!r} is not on the base branch yet"
    message = f"{why}: head's own definition was run"
    return Finding(Rule.BOOTSTRAP, Level.NOTES, message, suite.name)


def _leaks(
    suite: SuitePolicy, pairs: Sequence[PromptPair], changed: Sequence[ChangedPrompt], exam: Exam
) -> list[Finding]:
    """Examples whose words stand in head's prompt: the exam has leaked into the answer."""
    measured = {item.prompt for item in changed if Side.HEAD in item.sides}
    rows = [row for row, _ in exam.rows if row.gates]
    found = []
    for pair in pairs:
        if pair.head is not None and pair.id in measured:
            ids = leakage([row for row in rows if row.meets(pair.id)], pair.head.text)
            if ids:
                message = f"{pair.path} contains the words of {counted(len(ids), 'example')}"
                found.append(Finding(Rule.LEAKAGE, Level.WARNS, message, suite.name, pair.id, examples=tuple(ids)))
    return found
