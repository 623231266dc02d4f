"""The run: planned answers are asked for, scored and journalled one by one, within time, money and rate limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any, TypeAlias

from evalbot.domain.canonical import Json
from evalbot.domain.errors import ErrorClass, EvalbotError, ProviderError, Stopped
from evalbot.domain.examples import Partition
from evalbot.domain.models import Reply, Request
from evalbot.domain.ports import Journal, Progress
from evalbot.domain.redaction import redacted
from evalbot.domain.runs import Row, Task
from evalbot.domain.scores import Answered, Score
from evalbot.domain.turns import conversed
from evalbot.engine.asking import Bill
from evalbot.engine.compare import compared
from evalbot.engine.gateway import Gateway
from evalbot.engine.haste import Haste
from evalbot.engine.once import Once
from evalbot.engine.plan import order
from evalbot.engine.probe import probed
from evalbot.engine.regrade import regraded
from evalbot.engine.rows import to_line
from evalbot.engine.scoring import Scorer, SuiteMetrics, passes
from evalbot.engine.shelf import Shelf
from evalbot.engine.slots import Slots
from evalbot.engine.turns import converse

__all__ = ["Runner", "SuiteMetrics"]

GRACE_SECONDS = 2.0  # for what is in flight at the deadline to say so itself
_CUT_OFF = Score.unscored(ErrorClass.STOPPED, "the run ended before it was scored")


@dataclass(frozen=True, slots=True)
class Failed:
    """No answer, and why."""

    error: ErrorClass
    reason: str


Answer: TypeAlias = Reply | Failed


class _Seat:
    """A row's place among those that are open; taken when the row's own answer is asked for, left when it is complete."""

    def __init__(self, seats: Slots) -> None:
        self._seats, self._taken = seats, False

    async def take(self, seconds: float) -> None:
        """Wait for a place, unless it is taken already; raises TimeoutError where none comes free in time."""
        self._taken = self._taken or await self._seats.take(seconds)

    def leave(self) -> None:
        """Make room, where a place was taken."""
        if self._taken:
            self._taken = False
            self._seats.give()


class Runner:
    """Turns tasks into rows; `run` may be called again for confirmations.

    Identical requests of the same epoch and confirmation share one answer, on whichever side they stand, unless `share` is
    False: then every task has an answer and a grade of its own, as when a prompt is measured against itself.

    Args:
        suites: The metrics of each suite by its name.
        redact: Takes secrets out of what is stored or shown.
        seed: Of the order in which pairs run.
        golden_deadline: When golden examples must be measured, in seconds of `gateway.clock`; their confirmations have
            until `total_deadline`.
        total_deadline: When everything ends.
        share: Whether identical requests, and identical answers to one question, are asked and graded once.
        leaked: Whether a text holds a key that evalbot was given.
        said: An answer that an earlier run got to a task and could not grade, with such grades as there are.
    """

    def __init__(
        self, suites: Mapping[str, SuiteMetrics], gateway: Gateway, journal: Journal, progress: Progress,
        redact: Callable[[str], str], *, seed: int, golden_deadline: float, total_deadline: float,
        share: bool = True, leaked: Callable[[str], bool] = lambda _: False,
        said: Callable[[Task], tuple[Reply, Mapping[str, Score]] | None] = lambda _: None,
    ) -> None:  # fmt: skip
        self._leaked, self._said = leaked, said
        self._graded: dict[Hashable, Mapping[str, Score]] = {}
        self._suites, self._gateway, self._journal, self._progress, self._redact = (
            suites,
            gateway,
            journal,
            progress,
            redact,
        )
        self._seed, self._golden_deadline, self._total_deadline = seed, golden_deadline, total_deadline
        self._answers: Once[Answer] = Once(
            lasting=lambda answer: getattr(answer, "error", None) is not ErrorClass.STOPPED
        )
        # As many rows are open as calls may be in flight: a row that has its answer is graded before another is begun.
        self._seats = Slots(gateway.limits.concurrency)
        # A row whose call waits for its next attempt takes nobody's place.
        gateway.when_pausing = lambda more: self._seats.resize(self._seats.limit + more)
        self.haste = Haste(gateway.clock, golden_deadline, total_deadline)
        self._scorer, self._share = Scorer(suites, gateway, redact, self.haste, share=share), share
        self._shelf = Shelf(journal)

    async def run(self, tasks: Sequence[Task]) -> list[Row]:
        """One row per task, in the order of `tasks`; each is in the journal as soon as it is known.

        Raises:
            CouldNotRun: The journal cannot be written.
            CancelledError: After what was in flight is stopped and what was finished or paid for is in the journal.
        """
        rows: dict[int, Row] = {}
        self.haste.begin(tasks)
        for task in tasks:
            self._answers.expect(self._call(task))
            self._scorer.expect(task)
        todo = chain.from_iterable(order(tasks, self._seed))
        # Twice as many as calls in flight: some wait for an answer or a grade that another one is getting.
        count = min(2 * self._gateway.limits.concurrency, len(tasks))
        self._progress.start(len(tasks), "answers")
        try:
            await self._all([asyncio.ensure_future(self._work(todo, tasks, rows)) for _ in range(count)])
            for position in set(range(len(tasks))) - rows.keys():
                self._record(
                    rows, position, self._unanswered(tasks[position], self._out_of_time(tasks[position]), False)
                )
        finally:
            self._progress.finish()
        return [rows[position] for position in range(len(tasks))]

    @property
    def names(self) -> Mapping[str, Collection[str]]:
        """Under which names models have answered in this run, by "provider/model"."""
        return self._gateway.names

    def graded_by_any(self, suite: str, labels: Collection[str]) -> bool:
        """Whether one of these models ("provider/model") grades the suite."""
        return any(model.label in labels for model in self._suites[suite].models.values())

    async def look_back(self, rows: Sequence[Row], tasks: Sequence[Task]) -> list[Row]:
        """The rows with what is asked once everything is measured; each that changes is in the journal again.

        Judges are probed whose answers speak to them; then what compares is shown both sides' answers.
        """
        found = await probed(rows, tasks, self._suites, self._scorer, self._total_deadline)
        found = await compared(found, tasks, self._suites, self._scorer, self._total_deadline, self._gateway.limits.concurrency)
        for at, (before, after) in enumerate(zip(rows, found, strict=True)):
            if after is not before and after.scores != before.scores:
                whole = after.whole
                found[at] = self._shelf.put(whole, self._journal.append(to_line(whole)))
        return found

    def note(self, row: Row, metric: str, detail: Mapping[str, Json]) -> Row:
        """The row with more detail of one of its scores; it is in the journal again."""
        whole = row.whole
        score = whole.scores[metric]
        noted = whole.but(scores={**whole.scores, metric: replace(score, detail={**score.detail, **detail})})
        return self._shelf.put(noted, self._journal.append(to_line(noted)))

    async def regrade(self, answers: Sequence[tuple[Task, Row]], by: str) -> list[Mapping[str, Score]]:
        """What the metrics of the suite `by` say of answers that are there; no row, no line of the journal."""
        return await regraded(answers, by, self._suites, self._scorer, self._total_deadline, self._gateway.limits.concurrency)

    async def grade(self, suite: str, metric: str, answers: Sequence[Answered]) -> list[Score]:
        """One metric's scores of answers that are nobody's in this run; they stand in no row."""
        own = self._suites[suite]
        turns = asyncio.Semaphore(self._gateway.limits.concurrency)

        async def one(answered: Answered) -> Score:
            async with turns:
                return await self._scorer.grade(own, own.metrics[metric], answered, self._total_deadline)

        return await asyncio.gather(*(one(answered) for answered in answers))

    async def _all(self, workers: Sequence[asyncio.Future[None]]) -> None:
        """Wait for the workers, a little beyond the deadline and no longer; the first that fails ends them all."""
        if not workers:
            return
        try:
            seconds = max(0.0, self._total_deadline - self._gateway.clock()) + GRACE_SECONDS
            done, _ = await asyncio.wait(workers, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
            for worker in done:
                worker.result()
        finally:
            for worker in workers:
                worker.cancel()
            done, _ = await asyncio.wait(workers, timeout=GRACE_SECONDS)
            for worker in done:
                # A second failure says no more than the first; looked at, so that asyncio does not complain of it.
                _ = worker.cancelled() or worker.exception()

    async def _work(self, todo: Iterator[int], tasks: Sequence[Task], rows: dict[int, Row]) -> None:
        for position in todo:
            task = tasks[position]
            try:
                await self._measure(task, partial(self._record, rows, position))
                self.haste.done(task, rows[position])
            finally:
                self._answers.release(self._call(task))
                self._scorer.release(task)
            await asyncio.sleep(0)  # a provider that never waits would leave nobody else a turn

    async def _measure(self, task: Task, record: Callable[[Row], None]) -> None:
        deadline, seat = self._deadline(task), _Seat(self._seats)
        try:
            left = deadline - self._gateway.clock()
            answer, shared = await self._answers.get(self._call(task), None, partial(self._ask, task, deadline, seat), left)
            if isinstance(answer, Failed):
                record(self._unanswered(task, answer, shared))
            else:
                await self._score(task, answer, shared, deadline, record)
        except TimeoutError:
            record(self._unanswered(task, self._out_of_time(task), False))
        finally:
            seat.leave()

    async def _ask(self, task: Task, deadline: float, seat: _Seat) -> Answer:
        if (said := self._said(task)) is not None:
            reply, self._graded[task.key] = said
            return reply
        # A confirmation is a fresh answer by its meaning; with nothing shared, every answer is.
        nth = None if task.confirmation or not self._share or self._suites[task.suite].fresh else task.epoch

        async def ask(request: Request) -> Reply:
            known = None if nth is None else self._gateway.recall(request, nth)
            if known is not None:
                return known
            await seat.take(deadline - self._gateway.clock())
            return await self._gateway.complete(request, purpose="model", deadline=deadline, nth=nth, patient=task.patient)

        try:
            return await converse(task.request, ask)
        except TimeoutError:  # no place came free
            return self._out_of_time(task)
        except Stopped as stopped:
            late = self._gateway.clock() >= deadline
            return self._out_of_time(task) if late else Failed(ErrorClass.STOPPED, str(stopped))
        except ProviderError as error:
            return Failed(ErrorClass.TARGET, str(error))
        except EvalbotError:
            raise
        except Exception as error:
            # A provider may come from another package: its crash costs this answer and no other.
            return Failed(ErrorClass.TARGET, f"the provider crashed with {type(error).__name__}: {error}")

    async def _score(
        self, task: Task, reply: Reply, shared: bool, deadline: float, record: Callable[[Row], None]
    ) -> None:
        answered = Answered(
            conversed(task.example, reply.earlier), reply.text, reply.outcome, reply.latency_ms, reply.cost_usd, reply.context, reply.tool_calls
        )  # fmt: skip
        scores = dict.fromkeys(self._suites[task.suite].metrics, _CUT_OFF)
        bill = Bill()
        try:
            await self._scorer.score(task, answered, scores, bill, deadline, self._graded.pop(task.key, {}))
        finally:
            record(self._answered(task, reply, shared, scores, bill))  # also when cancelled: the answer is paid for

    def _answered(self, task: Task, reply: Reply, shared: bool, scores: Mapping[str, Score], bill: Bill) -> Row:
        passed, error, reason = passes(reply.outcome, scores, self._suites[task.suite].deciding)
        return self._row(
            task, output=self._redact(reply.text), outcome=reply.outcome, error=error, reason=reason,
            usage=reply.usage, cost_usd=reply.cost_usd, judge_usd=bill.usd, judge_calls=bill.calls,
            retried=bill.retried + (0 if shared else reply.attempts - 1), latency_ms=reply.latency_ms, shared=shared,
            cached=reply.cached, cached_calls=bill.cached + (reply.cached and not shared),
            scores=scores, passed=passed, context=reply.context and tuple(map(self._redact, reply.context)),
            tool_calls=reply.tool_calls and tuple(redacted(call, self._redact) for call in reply.tool_calls),
            earlier=tuple(map(self._redact, reply.earlier)),
            answered_by={**bill.names, **({task.request.model.label: reply.model} if reply.model else {})},
            leaked=any(map(self._leaked, (reply.text, *(reply.context or ()), *reply.earlier, *map(str, reply.tool_calls or ())))),
        )  # fmt: skip

    def _unanswered(self, task: Task, failed: Failed, shared: bool) -> Row:
        return self._row(task, error=failed.error, reason=self._redact(failed.reason), shared=shared)

    def _record(self, rows: dict[int, Row], position: int, row: Row) -> None:
        rows[position] = self._shelf.put(row, self._journal.append(to_line(row)))
        spent = [0.0 if row.shared or row.cached else row.cost_usd, row.judge_usd]
        self._progress.advance(sum(usd for usd in spent if usd))

    def _deadline(self, task: Task) -> float:
        first_golden = task.example.partition is Partition.GOLDEN and not task.confirmation
        return min(self._golden_deadline, self._total_deadline) if first_golden else self._total_deadline

    def _call(self, task: Task) -> Hashable:
        return (task.request.hash, task.epoch, task.confirmation) if self._share else task.key

    def _out_of_time(self, task: Task) -> Failed:
        setting = "golden_seconds" if self._deadline(task) < self._total_deadline else "total_seconds"
        return Failed(ErrorClass.STOPPED, f"the time is used up; run.{setting} sets it")

    def _row(self, task: Task, **found: Any) -> Row:  # Any: of each field what `Row` says
        return Row(
            suite=task.suite, prompt=task.prompt, side=task.side, example=task.example.id, example_hash=task.example.hash,
            partition=task.example.partition, part=task.part, epoch=task.epoch, confirmation=task.confirmation,
            request_hash=task.request.hash, graded_by=self._suites[task.suite].identity, **found,
        )  # fmt: skip

