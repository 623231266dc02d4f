"""A judge that head changes, tried on answers that are there already: the shift is shown, and nothing is gated by it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalbot.app.case import Case
from evalbot.app.commits import Commits
from evalbot.app.judges import judge_id
from evalbot.app.policies import Policies
from evalbot.app.targets import NotAllowed, at_policys_endpoint
from evalbot.config import build_metrics
from evalbot.domain.canonical import Json, digest
from evalbot.domain.errors import ConfigError
from evalbot.domain.models import Model
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Comparing, Metric, Tree
from evalbot.domain.runs import Part, Row, Side, Task
from evalbot.domain.scores import Score
from evalbot.domain.verdicts import Finding, Level, Rule
from evalbot.engine.run import SuiteMetrics
from evalbot.report.numbers import counted, difference, score

_AFTER = "It rules once this pull request is merged."


@dataclass(frozen=True)
class Preview:
    """Head's version of a suite's judges.

    Args:
        case: The suite with every prompt planned, so that stored answers are found whether or not a prompt changed.
        judges: Head's judges that differ from policy's, by name.
        models: What they ask, at policy's endpoints.
        problem: Why they cannot be tried; empty where they can.
    """

    case: Case
    judges: Mapping[str, Metric]
    models: Mapping[str, Model]
    problem: str = ""

    @property
    def asks(self) -> bool:
        """Whether there is somebody to ask."""
        return not self.problem

    @property
    def name(self) -> str:
        """What the engine calls these metrics; no suite can have this name."""
        return f"{self.case.suite.name}\0head"

    @property
    def for_engine(self) -> SuiteMetrics:
        """What the engine needs to grade with them."""
        ids = {name: _identity(metric, self.models) for name, metric in self.judges.items()}
        return SuiteMetrics(self.judges, frozenset(), self.models, ids, digest(sorted(ids.items())))

    def answers(self, rows: Sequence[Row]) -> list[tuple[Task, Row]]:
        """First answers to policy's rows, with what was asked."""
        tasks = {task.key: task for task in self.case.tasks}
        first = [row for row in rows if row.part is Part.EXAM and not row.confirmation and row.output is not None]
        return [(task, row) for row in first if (task := tasks.get(_key(row))) is not None]

    def unheard(self) -> Preview:
        """The same, where its models cannot be asked."""
        return replace(self, problem="there is no key here for the model that it asks")

    def findings(self, answers: Sequence[tuple[Task, Row]], scores: Sequence[Mapping[str, Score]]) -> list[Finding]:
        """One finding for each judge that head changes."""
        return [self._finding(name, [row for _, row in answers], [found[name] for found in scores]) for name in self.judges]

    def _finding(self, name: str, rows: Sequence[Row], scores: Sequence[Score]) -> Finding:
        suite = self.case.suite.name
        shifts = [text for side in Side if (text := _shift(name, side, rows, scores))]
        unheard = f"none of {counted(len(rows), 'answer')} could be graded ({scores[0].reason})" if scores else "there are no stored answers to try it on"
        tried = self.problem or "; ".join(shifts) or unheard
        message = f"judge {name!r} of suite {suite!r}, as head changes it: {tried}. {_AFTER}"
        return Finding(Rule.JUDGE_PREVIEW, Level.NOTES, message, suite, example=name)


def preview(case: Case, whole: Callable[[], Case], policies: Policies, commits: Commits) -> Preview | None:
    """Head's judges of a suite that policy has, where head changes them.

    Args:
        case: The suite as it is run.
        whole: The suite with every prompt planned; asked only where a judge changed and nothing of the suite is run.
    """
    name = case.suite.name
    at_base, at_head = policies.base.suites.get(name), policies.head.suites.get(name)
    if policies.bootstrap or name not in policies.policy.suites or at_base is None or at_head is None:
        return None
    if not _touched(at_head, policies.head.path, commits.changed):
        return None
    try:
        before, after = _judges(at_base, policies.base, commits.merge_base), _judges(at_head, policies.head, commits.head)
        changed = {key: metric for key, (metric, what) in after.items() if key in before and before[key][1] != what}
        if not changed:
            return None
        case = case if case.metrics is not None else whole()
        ruling = {judge.metric: judge.judge_id for judge in case.judges()}
        models = {asked: _model(asked, policies) for metric in changed.values() for asked in metric.models}
    except NotAllowed as error:
        return Preview(case, changed, {}, f"it asks {error}")
    except ConfigError:  # a file of the judge's, or a dataset: whoever merges it is told by the next pull request
        return None
    changed = {key: metric for key, metric in changed.items() if ruling.get(key) != _identity(metric, models)}
    return Preview(case, changed, models) if changed else None


def _touched(suite: SuitePolicy, path: str, changed: Sequence[str]) -> bool:
    """Whether head touches the configuration, or a file that a metric of the suite names."""
    named = {value for spec in suite.metrics for value in spec.options.values() if isinstance(value, str)}
    return path in changed or not named.isdisjoint(changed)


def _judges(suite: SuitePolicy, file: Policy, tree: Tree) -> dict[str, tuple[Metric, Json]]:
    """The metrics of one side that ask a model, with all that can move their scores. Comparing ones look at two answers."""
    metrics = build_metrics(suite, file.path, tree.read)
    asking = {name: metric for name, metric in metrics.items() if metric.models and not isinstance(metric, Comparing)}
    return {
        name: (metric, [metric.identity(), [[m.provider, m.model, m.api, dict(m.params)] for m in map(file.model, metric.models)]])
        for name, metric in asking.items()
    }


def _model(name: str, policies: Policies) -> Model:
    return at_policys_endpoint(name, policies.head.model(name), policies.policy)


def _identity(metric: Metric, models: Mapping[str, Model]) -> str:
    return judge_id(metric, [models[name] for name in metric.models])


def _key(row: Row) -> tuple[str, str, str, str, str, int, int]:
    return (row.suite, row.prompt, row.side, row.example, row.example_hash, row.epoch, row.confirmation)


def _shift(name: str, side: Side, rows: Sequence[Row], scores: Sequence[Score]) -> str:
    """"base 4.40 → 3.90 (−0.50) on 40 answers"; empty where this side has no answer that both judges have graded."""
    pairs = [
        (old.value, new.value, old.passed, new.passed)
        for row, new in zip(rows, scores, strict=True)
        if row.side is side and (old := row.scores.get(name)) is not None and old.value is not None and new.value is not None
    ]
    if not pairs:
        return ""
    before, after = (math.fsum(pair[place] or 0.0 for pair in pairs) / len(pairs) for place in (0, 1))
    passing = [sum(pair[place] is True for pair in pairs) for place in (2, 3)]
    said = f"{side} {score(before)} → {score(after)} ({difference(after - before)}) on {counted(len(pairs), 'answer')}"
    return said + (f", {passing[0]} → {passing[1]} passing" if passing[0] != passing[1] else "")
