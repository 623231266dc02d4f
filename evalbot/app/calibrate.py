"""`evalbot calibrate`: how far each judge agrees with people, and whether it can be talked round; the record is written down."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalbot.adapters.git import Repository
from evalbot.adapters.journal import earlier_lines
from evalbot.app.calibration_figures import Figures, Item, figures, items_of
from evalbot.app.calibration_record import merged
from evalbot.app.exams import suite_metrics
from evalbot.app.judges import judge_id
from evalbot.app.labels import Label, labels_of, levels_of, rows_of
from evalbot.app.talking_round import Attempt, attempts, outcome
from evalbot.app.wiring import Lab, World
from evalbot.config import policy_in
from evalbot.domain.errors import ConfigError, CouldNotRun, ErrorClass, Problem, nearest
from evalbot.domain.examples import Example
from evalbot.domain.models import Model
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Ask, Comparing, Judging, Metric, Snapshot
from evalbot.domain.runs import Part, Row, Side
from evalbot.domain.scores import Answered, Score
from evalbot.engine.rows import from_line
from evalbot.instruments.calibration import CalibrationRule, calibration_rule

MOST_LOST = 0.05  # of the labelled answers: with more, the rest says little of the judge


@dataclass(frozen=True)
class CalibrateOptions:
    """What a person asks of `evalbot calibrate`; empty `suites` and `metrics` are all that can be calibrated."""

    config: str = "evalbot.yml"
    report_dir: str = "evalbot-report"
    suites: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    attack: bool = False


@dataclass(frozen=True)
class _Plan:
    """One judge of one suite: what people said, and what is to be asked."""

    suite: SuitePolicy
    name: str
    metric: Metric
    models: Mapping[str, Model]
    rule: CalibrationRule | None
    labels: tuple[Label, ...]
    items: tuple[Item, ...]
    attempts: tuple[Attempt, ...]


@dataclass(frozen=True)
class Calibrations:
    """Every judge in figures, and what they took; `cost_usd` is None where a price is unknown."""

    judges: tuple[Figures, ...]
    calls: int
    cost_usd: float | None


def calibrate(root: Path, options: CalibrateOptions, world: World, now: float = 0.0) -> Calibrations:
    """Have each judge grade the answers that people have labelled, compare, and write the records beside the labels.

    Args:
        root: The repository; its work tree is read, and the records are written there.
        now: Seconds since the epoch, by which results of the last run are recent enough to be read.

    Raises:
        ConfigError: Something is wrong with configuration, datasets or labels; nothing has been paid for.
        CouldNotRun: A judge could not grade more than a twentieth of the labelled answers; nothing is written.
    """
    tree = Repository(root).work_tree()
    policy = policy_in(tree, options.config)
    plans = _plans(policy, tree, options)
    today = world.now()[:10]
    lab = world.open_lab(policy.limits)
    found = asyncio.run(_measure(plans, lab))
    last = _last_rows(root / options.report_dir, now)
    results = [_figures(plan, scores, tried, today, last) for plan, (scores, tried) in zip(plans, found, strict=True)]
    _write(root, tree, plans, results)
    return Calibrations(tuple(results), lab.judge_calls, lab.cost_usd)


def _plans(policy: Policy, tree: Snapshot, options: CalibrateOptions) -> list[_Plan]:
    _refuse_unknown(policy, options)
    problems: list[Problem] = []
    plans: list[_Plan] = []
    rows = rows_of(policy, tree)
    for suite in policy.suites.values():
        if not options.suites or suite.name in options.suites:
            try:
                plans += _of_suite(suite, policy, tree, options, rows)
            except ConfigError as error:
                problems += error.problems
    if problems:
        raise ConfigError(dict.fromkeys(problems))
    if not plans:
        hint = "Give one `calibration: {labels: path}`, or take --attack (docs/judges.md)."
        raise ConfigError(Problem("no judge says where its labels are.", policy.path, None, hint))
    return plans


def _refuse_unknown(policy: Policy, options: CalibrateOptions) -> None:
    known = {spec.name for suite in policy.suites.values() for spec in suite.metrics}
    for asked, names, option in ((options.suites, set(policy.suites), "--suites"), (options.metrics, known, "--metric")):
        wrong = [name for name in asked if name not in names]
        if wrong:
            raise ConfigError(Problem(f"there is no {option[2:].removesuffix('s')} {wrong[0]!r}.", option, None, nearest(wrong[0], names)))


def _of_suite(
    suite: SuitePolicy, policy: Policy, tree: Snapshot, options: CalibrateOptions, all_rows: Mapping[str, Sequence[Example]]
) -> list[_Plan]:
    rows = all_rows[suite.name]
    plans = []
    for name, metric in suite_metrics(suite, tree, policy.path, rows).items():
        rule = calibration_rule(getattr(metric, "calibration", None))
        attacked = options.attack and isinstance(metric, Judging) and not isinstance(metric, Comparing)
        if (rule is None and not attacked) or (options.metrics and name not in options.metrics):
            continue
        labels = labels_of(suite, metric, rule, all_rows, tree) if rule else ()
        if rule and not labels:
            raise ConfigError(Problem(f"no label is of suite {suite.name!r}.", rule.labels, None, "Draw a sheet with `evalbot label --n 20`."))
        models = {one: policy.model(one) for one in metric.models}
        plans.append(_Plan(suite, name, metric, models, rule, labels, items_of(labels), _attempts(metric, rows, labels) if attacked else ()))
    return plans


def _attempts(metric: Metric, rows: Sequence[Example], labels: Sequence[Label]) -> tuple[Attempt, ...]:
    usable = [row for row in rows if row.gates and metric.applies(row)]
    return tuple(attempts(usable, labels))


async def _measure(plans: Sequence[_Plan], lab: Lab) -> list[tuple[list[Score], list[Score]]]:
    """What each judge says of the labelled answers and of the attacks, asked anew."""
    async with lab.asking({name: model for plan in plans for name, model in plan.models.items()}) as ask:
        return [await _asked(plan, ask) for plan in plans]


async def _asked(plan: _Plan, ask: Ask) -> tuple[list[Score], list[Score]]:
    answers = [Answered(item.example, item.output) for item in plan.items]
    answers += [Answered(attempt.example, attempt.answer) for attempt in plan.attempts]
    scores = await asyncio.gather(*(plan.metric.measure(answered, ask) for answered in answers))
    return scores[: len(plan.items)], scores[len(plan.items) :]


def _figures(plan: _Plan, scores: Sequence[Score], tried: Sequence[Score], today: str, last: Sequence[Row]) -> Figures:
    lost = [score for score in scores if score.error is not None]
    if len(lost) > MOST_LOST * len(scores):
        stopped = next((score for score in lost if score.error is ErrorClass.STOPPED), lost[0])
        raise CouldNotRun(f"{plan.name} gave no grade to {len(lost)} of {len(scores)} labelled answers; nothing was written: {stopped.reason}")
    asked = [plan.models[name] for name in plan.metric.models]
    found = figures(plan.items, scores, plan.metric, levels_of(plan.metric), _passed(last, plan))
    return replace(
        found, suite=plan.suite.name, metric=plan.name, judge_id=judge_id(plan.metric, asked), model=" + ".join(one.label for one in asked),
        date=today, rule=plan.rule, attack=outcome(plan.attempts, tried, plan.metric) if plan.attempts else None,
        judging=isinstance(plan.metric, Judging),
    )  # fmt: skip


def _passed(rows: Sequence[Row], plan: _Plan) -> dict[str, tuple[int, int]]:
    """Partition → answers of the last run's head that the judge passed, of those that it graded."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        score = row.scores.get(plan.name)
        if row.suite == plan.suite.name and score is not None and score.passed is not None:
            passed, n = found.get(str(row.partition), (0, 0))
            found[str(row.partition)] = (passed + score.passed, n + 1)
    return found


def _last_rows(folder: Path, now: float) -> list[Row]:
    """First answers of head to policy's rows in the last run; none where there is no run that can be read."""
    found = []
    lines = earlier_lines(folder, now)
    for _, line in lines or ():
        try:
            row = from_line(line)
        except ValueError:
            continue
        if row.side is Side.HEAD and row.part is Part.EXAM and not row.confirmation:
            found.append(row)
    return found


def _write(root: Path, tree: Snapshot, plans: Sequence[_Plan], results: Sequence[Figures]) -> None:
    by_record: dict[str, dict[str, Figures]] = {}
    for plan, result in zip(plans, results, strict=True):
        if plan.rule is not None and result.judging:
            by_record.setdefault(plan.rule.record, {})[plan.name] = result
    for path, found in by_record.items():
        before = tree.read(path) if tree.exists(path) else None
        text = merged(before, path, {name: result.entry() for name, result in found.items()})
        try:
            (root / path).write_text(text, encoding="utf-8")
        except OSError as error:
            raise CouldNotRun(f"could not write {path}: {error.strerror}") from error
