"""Scoring: every metric of a suite on one answer, identical answers graded once, and whether the example passes."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Hashable, Mapping, MutableMapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import blake2b
from types import MappingProxyType

from evalbot.domain.canonical import Json, canonical
from evalbot.domain.errors import ErrorClass, EvalbotError, ProviderError, Stopped
from evalbot.domain.examples import Example
from evalbot.domain.models import Model, Outcome
from evalbot.domain.ports import Ask, Comparing, Judging, Metric
from evalbot.domain.redaction import redacted
from evalbot.domain.runs import Task
from evalbot.domain.scores import Answered, Pair, Score, ScoreStatus
from evalbot.engine.asking import Bill, Questions
from evalbot.engine.embedding import Embeddings
from evalbot.engine.gateway import Gateway
from evalbot.engine.haste import Haste
from evalbot.engine.once import Once
from evalbot.instruments.directed import speaks_to_judge

SPEAKS = "speaks"  # in a score's detail: the answer speaks to the judge instead of to a user
_ROUNDING = 1e-9  # the mean of 5s may round above 5


@dataclass(frozen=True)
class SuiteMetrics:
    """What scores a suite's answers.

    Args:
        metrics: By name, in the order of the configuration.
        deciding: Names of those that make an example pass or fail.
        models: The models that metrics ask, by the name under which they ask.
        judge_ids: The identity of each metric that asks a model; stamped on its scores (`detail.judge_id`), so that scores
            of different judges are never compared.
        identity: Stands for everything that can move any of the scores, deterministic metrics included.
    """

    metrics: Mapping[str, Metric]
    deciding: frozenset[str]
    models: Mapping[str, Model] = field(default_factory=dict)
    judge_ids: Mapping[str, str] = field(default_factory=dict)
    identity: str = ""

    @property
    def fresh(self) -> bool:
        """Whether a metric measures something that only a fresh answer has, such as the time it took."""
        return any(getattr(metric, "needs_fresh", False) for metric in self.metrics.values())


class Scorer:
    """Applies metrics. Metrics that ask models grade an output once for all sides, prompts and epochs of an example.

    Deterministic metrics measure every answer anew: that is cheaper than remembering, and some look at its cost or latency.

    Args:
        haste: Whether there is time for all samples of a judge.
        share: False grades every answer by itself, identical ones too.
    """

    def __init__(
        self, suites: Mapping[str, SuiteMetrics], gateway: Gateway, redact: Callable[[str], str], haste: Haste, *, share: bool = True
    ) -> None:  # fmt: skip
        self._suites, self._gateway, self._redact, self._share = suites, gateway, redact, share
        self._haste = haste
        self._recalls = share and gateway.remembers
        # Looked up once: whether an object fits a protocol is told by all of the protocol's members, at every answer.
        self._judging = {id(metric) for suite in suites.values() for metric in suite.metrics.values() if isinstance(metric, Judging)}
        self._embeddings = Embeddings(gateway, recalls=self._recalls)
        self._gradings: Once[Score] = Once(lasting=lambda score: score.error is not ErrorClass.STOPPED)

    def expect(self, task: Task) -> None:
        """The task will be scored, or released without."""
        self._gradings.expect(self._question(task))

    def release(self, task: Task) -> None:
        """The task is through."""
        self._gradings.release(self._question(task))

    async def score(
        self, task: Task, answered: Answered, scores: MutableMapping[str, Score], bill: Bill, deadline: float,
        graded: Mapping[str, Score] = MappingProxyType({}),
    ) -> None:  # fmt: skip
        """Put every metric's score into `scores`, one by one, so that those at hand survive a cancellation.

        Of metrics that ask models, those in `graded` have graded this answer before.
        """
        suite = self._suites[task.suite]
        asking = []
        for name, metric in suite.metrics.items():
            if metric.models and name in graded:
                scores[name] = graded[name]
            elif metric.models:
                asking.append((name, metric))
            else:
                scores[name] = await self._measure(metric, answered, Questions(self._gateway, suite.models, bill, deadline, self._embeddings))

        async def grade(name: str, metric: Metric) -> None:
            scores[name] = await self._grade(task, name, metric, answered, bill, deadline)

        if len(asking) == 1:
            await grade(*asking[0])
        elif asking:
            await asyncio.gather(*(grade(name, metric) for name, metric in asking))

    async def _grade(
        self, task: Task, name: str, metric: Metric, answered: Answered, bill: Bill, deadline: float
    ) -> Score:
        key = (name, answered.outcome, _fingerprint(answered))
        start = partial(
            Questions, self._gateway, self._suites[task.suite].models, bill, deadline, self._embeddings, self._recalls, task.patient,
            partial(self._haste.samples, task), task.confirmation,
        )  # fmt: skip
        work = partial(self._kept, partial(self._measure, metric, answered), start)
        try:
            score, _ = await self._gradings.get(self._question(task), key, work, deadline - self._gateway.clock())
        except TimeoutError:
            return Score.unscored(ErrorClass.STOPPED, "the time is used up")
        judge_id = self._suites[task.suite].judge_ids.get(name)
        stamp: dict[str, Json] = {"judge_id": judge_id} if judge_id else {}
        if id(metric) in self._judging and speaks_to_judge(answered.output):
            stamp[SPEAKS] = True
        return replace(score, detail={**score.detail, **stamp}) if stamp else score

    def _question(self, task: Task) -> Hashable:
        # Not the prompt or the side: the same words in answer to the same question deserve the same grade.
        return (task.suite, task.example.hash, task.confirmation) if self._share else task.key

    async def _kept(self, measure: Callable[[Questions], Awaitable[Score]], start: Callable[[], Questions]) -> Score:
        """The score. Replies that nothing could be made of are not kept; where an earlier run's were, models are asked anew."""
        questions = start()
        score = await measure(questions)
        if score.error is not ErrorClass.JUDGE or questions.failed or not questions.disown():
            return score
        return await measure(start())

    async def _measure(self, metric: Metric, answered: Answered, questions: Questions) -> Score:
        return await measured(metric, answered, questions, self._redact)

    async def grade(self, suite: SuiteMetrics, metric: Metric, answered: Answered, deadline: float) -> Score:
        """One metric's score, asked for anew, of an answer that is nobody's in this run: a canary, a probe, a labelled answer."""
        return await self._measure(metric, answered, Questions(self._gateway, suite.models, Bill(), deadline, self._embeddings))

    async def compare(self, suite: SuiteMetrics, metric: Comparing, pair: Pair, bill: Bill, deadline: float) -> Score:
        """What a comparing metric says of both sides' answers, with the same care."""

        async def measure(questions: Questions) -> Score:
            async def work() -> Score:
                return _presentable(await metric.compare(pair, questions), (-1.0, 1.0), self._redact)

            return await _guarded(work, self._redact)

        return await self._kept(measure, partial(Questions, self._gateway, suite.models, bill, deadline, self._embeddings, self._recalls))


async def measured(metric: Metric, answered: Answered, ask: Ask, redact: Callable[[str], str]) -> Score:
    """The metric's score, checked and redacted; whatever goes wrong is `unscored`."""

    async def work() -> Score:
        if not metric.applies(_as_answered(answered)):
            return Score.not_applicable("the row has nothing for it to check")
        return _presentable(await metric.measure(answered, ask), metric.scale, redact)

    return await _guarded(work, redact)


async def _guarded(work: Callable[[], Awaitable[Score]], redact: Callable[[str], str]) -> Score:
    try:
        return await work()
    except Stopped as stopped:
        return Score.unscored(ErrorClass.STOPPED, redact(str(stopped)))
    except ProviderError as error:
        return Score.unscored(ErrorClass.JUDGE, redact(str(error)))
    except EvalbotError:
        raise
    except Exception as error:
        # A metric may come from another package; its crash costs this score and no other.
        return Score.unscored(ErrorClass.METRIC, redact(f"the metric crashed with {type(error).__name__}: {error}"))


def _presentable(score: object, scale: tuple[float, float] | None, redact: Callable[[str], str]) -> Score:
    """The score without secrets; raises TypeError or ValueError where it is no score, NaN, off its scale or not JSON."""
    if not isinstance(score, Score):
        raise TypeError(f"it returned {type(score).__name__}, not a Score")
    numbers = score.samples if score.status is not ScoreStatus.SCORED else (score.value, *score.samples)
    if not all(isinstance(number, float | int) and math.isfinite(number) for number in numbers):
        raise ValueError(f"scores must be finite numbers, not {numbers}")
    if scale is not None and not all(scale[0] - _ROUNDING <= number <= scale[1] + _ROUNDING for number in numbers if number is not None):
        raise ValueError(f"scores must lie on the scale {scale[0]:g} to {scale[1]:g}, not {numbers}")
    if not isinstance(score.passed, bool | None):
        raise TypeError(f"passed must be True, False or None, not {score.passed!r}")
    return replace(score, reason=redact(score.reason), detail=redacted(score.detail, redact))


def _fingerprint(answered: Answered) -> bytes:
    """Equal for answers that deserve the same grade: the same words from the same passages by the same calls, after the same talk."""
    text = answered.output
    if answered.example.messages:
        text += "\0" + canonical(answered.example.messages)
    if answered.context is not None or answered.tool_calls is not None:
        text += "\0" + canonical([answered.context, answered.tool_calls])
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _as_answered(answered: Answered) -> Example:
    """The example with the passages that the target itself retrieved in place of its own."""
    return answered.example if answered.context is None else replace(answered.example, context=answered.context)


def passes(
    outcome: Outcome, scores: Mapping[str, Score], deciding: frozenset[str]
) -> tuple[bool | None, ErrorClass | None, str]:
    """Whether an answer passes; where nothing can be said, None with the error class and its reason.

    An empty answer fails by rule; one failed metric is enough to fail; a broken one leaves it open; at least one must pass.
    """
    if outcome is Outcome.EMPTY:
        return False, None, "the answer is empty"
    words = [score for name, score in scores.items() if name in deciding]
    if any(score.passed is False for score in words if score.status is ScoreStatus.SCORED):
        return False, None, ""
    broken = next((score for score in words if score.status is ScoreStatus.UNSCORED), None)
    if broken is not None:
        return None, broken.error or ErrorClass.METRIC, broken.reason
    if any(score.passed for score in words if score.status is ScoreStatus.SCORED):
        return True, None, ""
    return None, ErrorClass.NOTHING_APPLIED, "no metric that passes or fails applied"
