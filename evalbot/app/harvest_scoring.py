"""Recorded answers through a suite's metrics, and the same questions asked again of the prompt as it is now."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from evalbot.adapters.prompts import load_prompt, prompt_id
from evalbot.adapters.targets.replay import Player
from evalbot.app.case import Case
from evalbot.app.commits import Commits
from evalbot.app.exams import suite_metrics
from evalbot.app.harvest_window import Drawn
from evalbot.app.planning import Subject, plan
from evalbot.app.systems import System, Systems, system_sides
from evalbot.app.targets import NotAllowed, target
from evalbot.config import suite_decides
from evalbot.domain.canonical import Json, canonical
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.examples import Example, Partition
from evalbot.domain.harvest import Failure, HarvestPolicy
from evalbot.domain.models import Message, Model, Price, Request
from evalbot.domain.policy import Policy, SuitePolicy
from evalbot.domain.ports import Provider, Snapshot
from evalbot.domain.runs import ChangedPrompt, Part, Row, Side, Task
from evalbot.domain.samples import Sample
from evalbot.domain.scores import ScoreStatus
from evalbot.domain.targets import Place
from evalbot.gate.evidence import failure_kinds

_RECORDED = Model("replay", "production", base_url="target:harvest", price=Price(0.0, 0.0), seconds=60.0)
_CONFIRMED = 1  # fresh answers are confirmations: they never come from the cache


@dataclass(frozen=True)
class Bench:
    """A suite with its samples as examples: `case` for the engine, `recorded` and `fresh` tasks by the place of the sample."""

    case: Case
    recorded: tuple[Task, ...]
    fresh: Mapping[int, tuple[Task, ...]]

    @property
    def systems(self) -> Systems:
        """What must be started: the player of recorded answers, and the suite's own target where it has one."""
        return self.case.systems


class _Recorded:
    """A target that plays recorded answers."""

    label = "production"
    code = None
    recorded = None
    seconds = 60.0

    def with_files(self, read: Callable[[str], bytes]) -> _Recorded:  # noqa: ARG002 - the port's signature
        """It has none."""
        return self

    def identity(self) -> Json:
        """Its answers are in the requests."""
        return "production"

    def payload(self, example: Example) -> Json:
        """Made with the request."""
        raise ValueError(f"{example.id} has no recorded answer here")

    def open(self, place: Place) -> Provider:  # noqa: ARG002 - the port's signature
        """A provider that answers with what the request holds."""
        return Player()


def bench(
    harvest: HarvestPolicy, policy: Policy, sha: str, tree: Snapshot, samples: Sequence[Sample], names: Sequence[str]
) -> Bench:
    """Make a suite ready for samples.

    Args:
        sha: The commit whose prompts, metrics and rules count.
        names: The id of each sample's example.

    Raises:
        ConfigError: Prompt or metrics cannot be read.
    """
    suite = policy.suites[harvest.suite]
    subject, systems = _subject(harvest, policy, suite, sha, tree)
    examples = [_example(name, sample) for name, sample in zip(names, samples, strict=True)]
    metrics = suite_metrics(suite, tree, policy.path, [])
    models = {name: policy.model(name) for metric in metrics.values() for name in metric.models}
    models |= {name: policy.model(name) for name in [harvest.caps.embedding] if name}
    recorded = tuple(
        Task(suite.name, subject.id, Side.HEAD, example, Part.EXAM, 0, Request(_RECORDED, (Message("user", _answer(sample)),)))
        for example, sample in zip(examples, samples, strict=True)
        if sample.output is not None
    )
    fresh = {index: _fresh(suite, subject, example, harvest.caps.reproduce) for index, example in enumerate(examples)}
    changed = (ChangedPrompt(suite.name, subject.id, subject.path, (), (Side.HEAD,)),)
    player = {_RECORDED.endpoint: System(_Recorded(), tree)}
    case = Case(
        suite, tuple(Partition), changed, recorded, metrics=metrics, models=models, systems={**systems, **player},
    )  # fmt: skip
    return Bench(case, recorded, fresh)


def failures(
    made: Bench, drawn: Drawn, names: Sequence[str], rows: Sequence[Row], *, named: bool = False
) -> tuple[list[Failure], int]:
    """The samples whose answers were bad, worst signals first, and how many could not be scored; of named ones all are bad."""
    by_example = {row.example: row for row in rows}
    deciding = suite_decides(made.case.metrics or {})
    found: list[Failure] = []
    unscored = 0
    for index, (sample, name) in enumerate(zip(drawn.samples, names, strict=True)):
        row = by_example.get(name)
        alerts = drawn.alerts.get(index, ())
        said = {
            "metrics": row is not None and row.passed is False, "error": sample.had_error, "feedback": index in drawn.bad, "alert": bool(alerts), "named": named,
        }  # fmt: skip
        signals = [word for word, is_so in said.items() if is_so]
        if row is not None and row.passed is None and row.error is not None:
            unscored += 1
        if signals:
            kinds = failure_kinds(row, deciding) if row is not None and row.passed is False else ()
            found.append(Failure(sample, name, tuple(signals), kinds, _reasons(row) if row is not None else (), alerts=alerts))
    return sorted(found, key=lambda one: -len(one.signals)), unscored


def still_failing(some: Sequence[Failure], rows: Sequence[Row], reproduce: int) -> tuple[list[Failure], int]:
    """Those that the present prompt fails too, by the majority of its answers, and how many could not be told.

    What somebody has named stays, whatever the present prompt answers: it is their word against a metric's.
    """
    if not reproduce:
        return list(some), 0
    found: list[Failure] = []
    open_ones = 0
    for failure in some:
        judged = [row.passed for row in rows if row.example == failure.example and row.passed is not None]
        wrong = judged.count(False)
        open_ones += 2 * len(judged) <= reproduce
        if 2 * wrong > len(judged) > 0 or "named" in failure.signals:
            found.append(replace(failure, fresh=(wrong, len(judged))))
    return found, open_ones


def _subject(harvest: HarvestPolicy, policy: Policy, suite: SuitePolicy, sha: str, tree: Snapshot) -> tuple[Subject, Systems]:
    if suite.target is not None:
        sides = system_sides(suite, Commits(sha, sha, tree, tree, tree, ()), policy.path)
        (pair,) = sides.pairs.prompts
        if pair.head is None:
            raise ConfigError(Problem(f"suite {suite.name!r} has no target to ask.", policy.path, suite.line or None))
        return Subject(pair.id, pair.path, {Side.HEAD: (pair.head, sides.models[pair.id, Side.HEAD])}), sides.systems
    path = _prompt_path(harvest, policy, suite, tree)
    prompt = load_prompt(tree, path)
    try:
        model = target(prompt, suite, policy, policy)
    except NotAllowed:
        model = policy.model(suite.model)
    return Subject(prompt_id(path), path, {Side.HEAD: (prompt, model)}), {}


def _prompt_path(harvest: HarvestPolicy, policy: Policy, suite: SuitePolicy, tree: Snapshot) -> str:
    from evalbot.adapters.globs import match

    by_id = {prompt_id(path): path for path in match(suite.prompts, tree.paths())}
    if harvest.prompt and harvest.prompt not in by_id:
        hint = nearest(harvest.prompt, by_id)
        raise ConfigError(Problem(f"harvest.prompt: suite {suite.name!r} has no prompt {harvest.prompt!r}.", policy.path, harvest.line or None, hint))
    if not harvest.prompt and len(by_id) != 1:
        hint = f"Name one of: {', '.join(sorted(by_id)[:10])}." if by_id else ""
        raise ConfigError(Problem(f"suite {suite.name!r} has {len(by_id)} prompts; `harvest.prompt` must say which.", policy.path, harvest.line or None, hint))
    return by_id[harvest.prompt or next(iter(by_id))]


def _example(name: str, sample: Sample) -> Example:
    return Example(name, Partition.REGRESSION, sample.input, context=sample.context)


def _answer(sample: Sample) -> str:
    return canonical([{"output": sample.output, "latency_ms": sample.latency_ms}])


def _fresh(suite: SuitePolicy, subject: Subject, example: Example, times: int) -> tuple[Task, ...]:
    """The same question as so many confirmations; none where the prompt cannot be rendered with it."""
    try:
        (task,) = plan(suite, [subject], [(example, Part.EXAM)], frozenset(), tuple(Partition), 1)
    except ConfigError:
        return ()
    return tuple(replace(task, confirmation=number + _CONFIRMED) for number in range(times))


def _reasons(row: Row) -> tuple[str, ...]:
    told = row.whole.scores
    return tuple(f"{name}: {score.reason}" for name, score in told.items() if score.status is ScoreStatus.SCORED and score.passed is False and score.reason)
