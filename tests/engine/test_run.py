from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from evalbot.domain.errors import ConfigError, CouldNotRun, ErrorClass, Problem, ProviderError, ProviderFault
from evalbot.domain.models import Outcome, Reply, Request, Usage
from evalbot.domain.runs import Row, Side
from evalbot.domain.scores import Answered, Score, ScoreStatus
from evalbot.engine.gateway import Gateway
from evalbot.engine.rows import from_line
from evalbot.engine.run import Runner, SuiteMetrics
from tests.fakes import (
    GRADER,
    FakeJournal,
    FakeMetric,
    FakeProgress,
    FakeProvider,
    Plan,
    a_gateway,
    in_virtual_time,
    now,
)

CHECKS = FakeMetric()
JUDGE = FakeMetric(models=("grader",))


def suite(deciding: Sequence[str] | None = None, **metrics: FakeMetric) -> Mapping[str, SuiteMetrics]:
    metrics = metrics or {"checks": CHECKS}
    return {"support": SuiteMetrics(metrics, frozenset(metrics if deciding is None else deciding), {"grader": GRADER})}


class Lab:
    """One runner with all its fakes."""

    def __init__(
        self, provider: FakeProvider | None = None, suites: Mapping[str, SuiteMetrics] | None = None, *,
        journal: FakeJournal | None = None, golden: float = 300.0, total: float = 1200.0,
        redact: Callable[[str], str] = str, **gateway: Any,
    ) -> None:  # fmt: skip
        self.provider = provider or FakeProvider()
        self.gateway: Gateway = a_gateway(self.provider, **gateway)
        self.journal, self.progress = journal or FakeJournal(), FakeProgress()
        self.runner = Runner(
            suites or suite(), self.gateway, self.journal, self.progress, redact, seed=0, golden_deadline=golden,
            total_deadline=total,
        )  # fmt: skip

    async def run(self, plan: Plan) -> list[Row]:
        rows = await self.runner.run(plan.tasks)
        assert sorted(self.journal.lines) == sorted({*self.journal.lines}), "a row was written twice"
        return rows

    @property
    def journalled(self) -> list[Row]:
        return [from_line(line) for line in self.journal.lines]


def questions(count: int, partition: str = "regression", **more: Any) -> Plan:
    plan = Plan()
    for number in range(count):
        plan.ask(f"{partition[0]}-{number:02}", partition, **more)
    return plan


def words(request: Request) -> str:
    return request.messages[-1].content


def run(make: Callable[[], Any]) -> Any:
    async def main() -> Any:
        return await make()

    return in_virtual_time(main())


def test_every_task_becomes_a_row_in_its_place_and_a_line_in_the_journal() -> None:
    async def main() -> None:
        lab, plan = Lab(FakeProvider(lambda request, nth: f"answer to {words(request)}")), questions(5)
        rows = await lab.run(plan)
        assert [(row.example, row.side) for row in rows] == [(task.example.id, task.side) for task in plan.tasks]
        assert rows[0].output == "answer to r-00 at base"
        assert (rows[0].usage, rows[0].cost_usd, rows[0].passed, rows[0].shared) == (Usage(100, 10), 0.01, True, False)
        assert {row.request_hash for row in rows} == {task.request.hash for task in plan.tasks}
        assert sorted(map(repr, lab.journalled)) == sorted(map(repr, rows))
        assert (lab.progress.total, lab.progress.done, lab.progress.finished) == (10, 10, 1)
        assert lab.progress.usd == pytest.approx(lab.gateway.known_usd)

    run(main)


def test_nothing_planned_gives_no_rows_and_no_calls() -> None:
    async def main() -> None:
        lab = Lab()
        assert await lab.run(Plan()) == []
        assert (lab.provider.requests, lab.journal.lines, lab.progress.finished) == ([], [], 1)

    run(main)


def test_a_row_is_journalled_as_soon_as_it_is_scored() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=10), concurrency=1)
        running = asyncio.ensure_future(lab.run(questions(2)))
        await asyncio.sleep(25)
        assert len(lab.journal.lines) == 2
        await running

    run(main)


def test_calls_of_models_and_judges_together_keep_all_slots_busy() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=1), suite(judge=JUDGE), concurrency=10)
        await lab.run(questions(50))
        assert lab.provider.peak == 10
        assert now() <= 21  # 200 calls of a second each, 10 at once

    run(main)


# Sharing


def test_identical_requests_share_one_answer_that_is_paid_once_and_graded_once() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=1), suite(judge=JUDGE))
        rows = await lab.run(questions(6, same=True))
        assert (len(lab.provider.asked()), len(lab.provider.asked(GRADER))) == (6, 6)
        assert Counter(row.shared for row in rows) == {True: 6, False: 6}
        paid = sum(row.cost_usd or 0 for row in rows if not row.shared) + sum(row.judge_usd or 0 for row in rows)
        assert paid == pytest.approx(lab.gateway.known_usd) == pytest.approx(lab.progress.usd)
        assert sum(row.judge_calls for row in rows) == lab.gateway.judge_calls == 6
        for base, head in zip(rows[::2], rows[1::2], strict=True):
            assert (base.output, base.scores, base.latency_ms, base.cost_usd) == (
                head.output,
                head.scores,
                head.latency_ms,
                head.cost_usd,
            )

    run(main)


def test_sharing_leaves_no_slot_idle() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=1), concurrency=10)
        await lab.run(questions(50, same=True))
        assert now() == 5

    run(main)


def test_different_examples_with_the_same_request_share_the_answer_but_not_the_grade() -> None:
    async def main() -> None:
        lab = Lab(suites=suite(judge=JUDGE))
        rows = await lab.run(Plan().ask("r-1", "regression", words="hello").ask("r-2", "regression", words="hello"))
        assert (len(lab.provider.asked()), len(lab.provider.asked(GRADER))) == (1, 2)
        assert [row.shared for row in rows].count(False) == 1

    run(main)


def test_identical_outputs_of_different_requests_are_graded_once_and_measured_twice() -> None:
    async def main() -> None:
        timed = FakeMetric(lambda answered: Score.scored(answered.latency_ms), scale=(0.0, float("inf")))
        lab = Lab(FakeProvider(seconds=1), suite(judge=JUDGE, latency=timed))
        rows = await lab.run(questions(4))
        assert (len(lab.provider.asked()), len(lab.provider.asked(GRADER))) == (8, 4)
        assert not any(row.shared for row in rows)
        assert all(row.scores["latency"].value == row.latency_ms for row in rows)

    run(main)


def test_different_outputs_are_graded_apart() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(lambda request, nth: words(request)), suite(judge=JUDGE))
        await lab.run(questions(4))
        assert len(lab.provider.asked(GRADER)) == 8

    run(main)


def test_the_same_words_from_other_passages_or_by_other_calls_are_graded_apart() -> None:
    said = [Reply("fine"), Reply("fine", context=("a",)), Reply("fine", context=("b",)), Reply("fine", tool_calls=({"name": "search"},))]

    async def main() -> None:
        lab = Lab(FakeProvider(lambda request, nth: said[int(words(request))]), suite(judge=JUDGE))
        plan = Plan()
        for number in (0, 1, 2, 3, 1):
            plan.ask("g-01", sides=["head"], words=str(number), epoch=len(plan.tasks))
        await lab.run(plan)
        assert len(lab.provider.asked(GRADER)) == 4

    run(main)


def test_a_metric_sees_what_the_target_retrieved_and_called_and_the_row_keeps_it_without_secrets() -> None:
    seen: list[Answered] = []

    async def main() -> None:
        looking = FakeMetric(lambda answered: seen.append(answered) or Score.scored(1.0, True))
        reply = Reply("fine", context=("s3cret page",), tool_calls=({"name": "search", "arguments": {"q": "s3cret"}},), recorded_ms=7.0)
        lab = Lab(FakeProvider(lambda *_: reply), suite(looking=looking), redact=lambda text: text.replace("s3cret", "?"))
        (row,) = await lab.run(Plan().ask(sides=["head"]))
        assert (seen[0].context, seen[0].passages, seen[0].tool_calls) == (reply.context, reply.context, reply.tool_calls)
        assert row.context == ("? page",)
        assert row.tool_calls == ({"name": "search", "arguments": {"q": "?"}},)
        assert row.latency_ms == 7.0
        assert lab.journalled == [row]

    run(main)


def test_epochs_get_fresh_answers() -> None:
    async def main() -> None:
        lab = Lab()
        rows = await lab.run(Plan().ask(same=True, epoch=0).ask(same=True, epoch=1))
        assert len(lab.provider.requests) == 2
        assert sorted(row.epoch for row in rows if row.shared) == [0, 1]

    run(main)


def test_confirmations_are_fresh_answers_and_grades_shared_between_the_sides() -> None:
    async def main() -> None:
        lab = Lab(suites=suite(judge=JUDGE))
        await lab.run(Plan().ask(same=True))
        again = Plan()
        for number in range(1, 5):
            again.ask(same=True, confirmation=number)
        rows = await lab.run(again)
        assert (len(lab.provider.asked()), len(lab.provider.asked(GRADER))) == (1 + 4, 1 + 4)
        assert sorted(row.confirmation for row in rows) == [1, 1, 2, 2, 3, 3, 4, 4]

    run(main)


def test_a_shared_answer_that_fails_fails_on_both_sides() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(lambda request, nth: ProviderError(ProviderFault.BAD_REQUEST, "400: no such model")))
        rows = await lab.run(Plan().ask(same=True))
        assert len(lab.provider.requests) == 1
        assert [(row.error, row.reason) for row in rows] == [(ErrorClass.TARGET, "400: no such model")] * 2

    run(main)


# Whether an example passes


@pytest.mark.parametrize(
    ("scores", "passed", "error"),
    [
        ([Score.scored(1, True)], True, None),
        ([Score.scored(0, False)], False, None),
        ([Score.scored(1, True), Score.scored(0, False)], False, None),
        ([Score.scored(0, False), Score.unscored(ErrorClass.JUDGE, "no grade")], False, None),
        ([Score.scored(1, True), Score.unscored(ErrorClass.JUDGE, "no grade")], None, ErrorClass.JUDGE),
        ([Score.scored(1, True), Score.not_applicable("no reference")], True, None),
        ([Score.not_applicable("no reference")], None, ErrorClass.NOTHING_APPLIED),
        ([Score.scored(1, None)], None, ErrorClass.NOTHING_APPLIED),
        ([], None, ErrorClass.NOTHING_APPLIED),
    ],
)
def test_an_example_passes_when_something_applied_and_all_that_applied_passed(
    scores: list[Score], passed: bool | None, error: ErrorClass | None
) -> None:
    async def main() -> None:
        metrics = {f"m{n}": FakeMetric(lambda _, score=score: score) for n, score in enumerate(scores)}
        suites = {"support": SuiteMetrics(metrics, frozenset(metrics))}
        (row,) = await Lab(suites=suites).run(Plan().ask(sides=["head"]))
        assert (row.passed, row.error) == (passed, error)
        assert list(row.scores.values()) == scores

    run(main)


def test_a_metric_that_does_not_decide_has_no_say() -> None:
    async def main() -> None:
        broken = FakeMetric(lambda _: Score.unscored(ErrorClass.JUDGE, "no grade"))
        (row,) = await Lab(suites=suite(["checks"], checks=CHECKS, broken=broken)).run(Plan().ask(sides=["head"]))
        assert (row.passed, row.error) == (True, None)

    run(main)


def test_an_empty_answer_fails_by_rule_whatever_the_metrics_say() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(lambda request, nth: Reply("", Outcome.EMPTY)))
        (row,) = await lab.run(Plan().ask(sides=["head"]))
        assert (row.passed, row.error, row.outcome, row.output, row.reason) == (
            False,
            None,
            "empty",
            "",
            "the answer is empty",
        )
        assert row.scores["checks"].status is ScoreStatus.SCORED

    run(main)


@pytest.mark.parametrize(
    "outcome", [Outcome.REFUSAL, Outcome.TRUNCATED, Outcome.CONTENT_FILTER, Outcome.CONTEXT_OVERFLOW]
)
def test_other_ways_to_end_are_answers_and_are_judged(outcome: Outcome) -> None:
    async def main() -> None:
        (row,) = await Lab(FakeProvider(lambda request, nth: Reply("I cannot", outcome))).run(
            Plan().ask(sides=["head"])
        )
        assert (row.passed, row.outcome) == (True, outcome)

    run(main)


def test_a_metric_that_does_not_apply_is_not_asked() -> None:
    async def main() -> None:
        lab = Lab(suites=suite(judge=FakeMetric(models=("grader",), applies_to=lambda example: False)))
        (row,) = await lab.run(Plan().ask(sides=["head"]))
        assert row.scores["judge"].status is ScoreStatus.NOT_APPLICABLE
        assert lab.provider.asked(GRADER) == []

    run(main)


# What breaks is unscored


def test_prv_01_a_provider_that_fails_for_head_only_leaves_head_unscored_and_base_scored() -> None:
    async def main() -> None:
        down = ProviderError(ProviderFault.SERVER, "fake/app: 500")
        lab = Lab(FakeProvider(lambda request, nth: down if "at head" in words(request) else "fine"))
        rows = await lab.run(questions(4))
        assert {(row.side, row.passed, row.error) for row in rows} == {
            (Side.BASE, True, None),
            (Side.HEAD, None, ErrorClass.TARGET),
        }
        assert {(row.output, row.scores == {}) for row in rows if row.side is Side.HEAD} == {(None, True)}

    run(main)


@pytest.mark.parametrize(
    ("returned", "reason"),
    [
        (ZeroDivisionError("division by zero"), "the metric crashed with ZeroDivisionError: division by zero"),
        (0.5, "it returned float, not a Score"),
        (Score(ScoreStatus.SCORED, float("nan")), "finite"),
        (Score.scored(1.0, samples=(float("inf"),)), "finite"),
        (Score(ScoreStatus.SCORED, 1.0, passed=1), "passed must be"),
        (Score.scored(1.0, detail={"where": {1, 2}}), "not JSON"),
        (Score.scored(1.0, detail={"much": float("nan")}), "not JSON"),
    ],
)
def test_a_broken_metric_is_unscored_and_the_others_go_on(returned: Any, reason: str) -> None:
    def measured(_: Answered) -> Any:
        if isinstance(returned, Exception):
            raise returned
        return returned

    async def main() -> None:
        (row,) = await Lab(suites=suite(broken=FakeMetric(measured), checks=CHECKS)).run(Plan().ask(sides=["head"]))
        assert (row.passed, row.error) == (None, ErrorClass.METRIC)
        assert reason in row.scores["broken"].reason
        assert row.scores["checks"].passed is True

    run(main)


def test_a_dead_judge_is_a_judge_error_and_keeps_the_answer() -> None:
    async def main() -> None:
        dead = ProviderError(ProviderFault.AUTH, "401: the key in JUDGE_KEY was refused")
        lab = Lab(FakeProvider(lambda request, nth: dead if request.model == GRADER else "fine"), suite(judge=JUDGE))
        (row,) = await lab.run(Plan().ask(sides=["head"]))
        assert (row.passed, row.error, row.output, row.reason) == (None, ErrorClass.JUDGE, "fine", str(dead))

    run(main)


def test_a_crashing_provider_costs_an_answer_and_not_the_run() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(lambda request, nth: KeyError("choices") if "at head" in words(request) else "fine"))
        rows = await lab.run(questions(3))
        assert {row.reason for row in rows if row.error} == {"the provider crashed with KeyError: 'choices'"}
        assert sum(row.passed is True for row in rows) == 3

    run(main)


def test_a_configuration_error_of_a_provider_ends_the_run() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(lambda request, nth: ConfigError(Problem("FAKE_KEY is not set"))))
        with pytest.raises(ConfigError, match="FAKE_KEY"):
            await lab.run(questions(3))
        assert lab.progress.finished == 1

    run(main)


def test_res_01_a_full_disk_ends_the_run_at_once() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=1), journal=FakeJournal(room=3), concurrency=2)
        with pytest.raises(CouldNotRun, match="disk full"):
            await lab.run(questions(50))
        assert len(lab.provider.requests) <= 3 + 2 * 2
        assert lab.provider.in_flight == 0

    run(main)


# Money and time


def test_when_the_money_is_used_up_the_rest_is_stopped_and_golden_was_first() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=1), usd=0.1, budget_usd=1.0, concurrency=2)
        plan = questions(20)
        plan.tasks += questions(4, "golden").tasks
        rows = await lab.run(plan)
        assert len(rows) == 48 == len(lab.journal.lines)
        assert all(row.passed for row in rows if row.partition == "golden")
        stopped = [row for row in rows if row.error is ErrorClass.STOPPED]
        assert len(stopped) + len(lab.provider.requests) == 48
        assert len(lab.provider.requests) <= 10 + 2
        assert {(row.passed, row.output) for row in stopped} == {(None, None)}
        assert "the budget of $1.00 is used up" in stopped[0].reason

    run(main)


def test_res_05_at_the_deadline_what_is_unfinished_is_stopped_and_nothing_hangs() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=30), total=100, concurrency=1)
        rows = await lab.run(questions(5))
        assert now() == pytest.approx(100)
        assert Counter(row.error for row in rows) == {None: 3, ErrorClass.STOPPED: 7}
        assert {row.reason for row in rows if row.error} == {"the time is used up; run.total_seconds sets it"}

    run(main)


def test_golden_has_a_deadline_of_its_own_that_regression_survives() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=30), golden=45, concurrency=1)
        plan = questions(2, "golden")
        plan.tasks += questions(2).tasks
        rows = await lab.run(plan)
        assert Counter((row.partition, row.error) for row in rows) == {
            ("golden", None): 1, ("golden", ErrorClass.STOPPED): 3, ("regression", None): 4,
        }  # fmt: skip
        assert "run.golden_seconds" in next(row.reason for row in rows if row.error)

    run(main)


def test_golden_confirmations_have_until_the_end_of_the_run() -> None:
    async def main() -> None:
        lab = Lab(golden=0)
        (row,) = await lab.run(Plan().ask(sides=["head"], confirmation=1))
        assert row.passed is True

    run(main)


def test_a_regression_task_is_not_stopped_by_the_golden_task_whose_answer_it_waits_for() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=50), golden=30)
        plan = (
            Plan()
            .ask("g-1", "golden", sides=["head"], words="hello")
            .ask("r-1", "regression", sides=["head"], words="hello")
        )
        golden, regression = await lab.run(plan)
        assert (golden.error, regression.error, regression.shared) == (ErrorClass.STOPPED, None, False)

    run(main)


def test_an_answer_whose_judge_ran_out_of_time_is_kept() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=50), suite(judge=JUDGE), total=90)
        (row,) = await lab.run(Plan().ask("r-1", "regression", sides=["head"]))
        assert (row.output, row.passed, row.error) == ("fine", None, ErrorClass.STOPPED)
        assert row.scores["judge"].error is ErrorClass.STOPPED

    run(main)


class Deaf(FakeMetric):
    """A metric that waits for something of its own, for ever."""

    async def measure(self, answered: Answered, ask: Any) -> Score:
        await asyncio.sleep(1e9)
        raise AssertionError


def test_a_watchdog_ends_what_knows_no_deadline_and_keeps_the_answer() -> None:
    async def main() -> None:
        lab = Lab(suites=suite(checks=CHECKS, deaf=Deaf()), total=60)
        rows = await lab.run(questions(2))
        assert now() < 70
        assert {(row.output, row.error) for row in rows} == {("fine", ErrorClass.STOPPED)}
        assert {row.scores["checks"].passed for row in rows} == {True}
        assert len(lab.journal.lines) == 4

    run(main)


def test_crs_02_cancelling_stops_calls_at_once_and_keeps_every_paid_answer() -> None:
    async def main() -> None:
        slow_judge = FakeProvider(lambda request, nth: words(request), seconds=10)
        lab = Lab(slow_judge, suite(checks=CHECKS, judge=JUDGE), concurrency=4)
        running = asyncio.ensure_future(lab.run(questions(10)))
        await asyncio.sleep(35)
        paid = sum(
            request.model != GRADER and time <= 25
            for request, time in zip(slow_judge.requests, slow_judge.times, strict=True)
        )
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert now() == 35
        assert (slow_judge.in_flight, lab.progress.finished) == (0, 1)
        assert len(lab.journalled) == paid == lab.gateway.model_calls
        assert all(row.output for row in lab.journalled)
        unfinished = [row for row in lab.journalled if row.passed is None]
        assert {row.error for row in unfinished} <= {ErrorClass.STOPPED}

    run(main)


def test_stopping_the_gateway_ends_the_run_with_the_reason_in_every_row_left() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=10), concurrency=2)
        running = asyncio.ensure_future(lab.run(questions(10)))
        await asyncio.sleep(15)
        lab.gateway.stop("head moved on to another commit")
        rows = await running
        assert now() == 20
        assert Counter(row.reason for row in rows) == {"": 4, "head moved on to another commit": 16}

    run(main)


# Secrets


def test_secrets_are_taken_out_of_outputs_reasons_and_details() -> None:
    async def main() -> None:
        told = FakeMetric(
            lambda answered: Score.scored(1.0, True, answered.output, detail={"s3cret": [{"quote": answered.output}]})
        )
        crash = FakeMetric(lambda answered: {}[answered.output])
        refused = ProviderError(ProviderFault.BAD_REQUEST, "400: s3cret")
        lab = Lab(
            FakeProvider(lambda request, nth: refused if "at base" in words(request) else "the key is s3cret"),
            suite(told=told, crash=crash), redact=lambda text: text.replace("s3cret", "[redacted]"),
        )  # fmt: skip
        await lab.run(Plan().ask())
        assert "s3cret" not in "".join(lab.journal.lines)
        assert "".join(lab.journal.lines).count("[redacted]") == 7

    run(main)


def test_a_metric_sees_the_answer_as_it_was() -> None:
    async def main() -> None:
        seen: list[str] = []
        looking = FakeMetric(lambda answered: seen.append(answered.output) or Score.scored(1.0, True))
        await Lab(FakeProvider(lambda *_: "s3cret"), suite(looking=looking), redact=lambda _: "?").run(
            Plan().ask(sides=["head"])
        )
        assert seen == ["s3cret"]

    run(main)


def test_lines_of_the_journal_are_json_with_confirmation_as_true_or_false() -> None:
    async def main() -> None:
        lab = Lab()
        await lab.run(Plan().ask(sides=["head"], confirmation=2))
        assert json.loads(lab.journal.lines[0])["confirmation"] is True

    run(main)


def test_retries_are_counted_beside_the_answers() -> None:
    async def main() -> None:
        busy = ProviderError(ProviderFault.RATE_LIMIT, "429", retry_after=1)
        lab = Lab(FakeProvider(lambda request, nth: busy if nth == 0 else "fine"), suite(judge=JUDGE))
        rows = await lab.run(questions(3))
        assert (lab.gateway.model_calls, lab.gateway.judge_calls, lab.gateway.retried) == (6, 3, 9)
        assert sum(row.retried for row in rows) == 9

    run(main)


def test_a_shared_answer_was_retried_once_and_not_once_a_side() -> None:
    async def main() -> None:
        busy = ProviderError(ProviderFault.SERVER, "503")
        lab = Lab(FakeProvider(lambda request, nth: busy if nth == 0 else "fine"))
        rows = await lab.run(questions(3, same=True))
        assert sum(row.retried for row in rows) == lab.gateway.retried == 3

    run(main)


def test_a_provider_that_never_waits_leaves_others_their_turn() -> None:
    async def main() -> None:
        lab = Lab(concurrency=1)
        running = asyncio.ensure_future(lab.run(questions(50)))
        for _ in range(10):
            await asyncio.sleep(0)
        assert 0 < len(lab.journal.lines) < 100
        await running

    run(main)


def test_metrics_that_ask_are_asked_side_by_side() -> None:
    async def main() -> None:
        lab = Lab(FakeProvider(seconds=10), suite(one=JUDGE, two=JUDGE, three=JUDGE))
        (row,) = await lab.run(Plan().ask(sides=["head"]))
        assert now() == 20
        assert (list(row.scores), row.judge_calls) == (["one", "two", "three"], 3)

    run(main)
