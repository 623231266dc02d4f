"""A run in which nothing is shared, and scores that carry who gave them."""

from __future__ import annotations

from evalbot.domain.errors import ErrorClass
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.engine.run import Runner, SuiteMetrics
from tests.fakes import GRADER, FakeJournal, FakeMetric, FakeProgress, FakeProvider, Plan, a_gateway, in_virtual_time

JUDGE = FakeMetric(models=("grader",))


def rows_of(metrics, *, share=True, provider=None, **more):
    provider = provider or FakeProvider(seconds=1)
    suites = {"support": SuiteMetrics(metrics, frozenset(metrics), {"grader": GRADER}, **more)}

    async def main():
        runner = Runner(
            suites, a_gateway(provider), FakeJournal(), FakeProgress(), str, seed=0, golden_deadline=300, total_deadline=1200, share=share
        )
        plan = Plan()
        for number in range(3):
            plan.ask(f"r-{number}", "regression", same=True)
        return await runner.run(plan.tasks)

    return in_virtual_time(main()), provider


def test_without_sharing_every_task_has_an_answer_and_a_grade_of_its_own():
    rows, provider = rows_of({"judge": JUDGE}, share=False)

    assert (len(provider.asked()), len(provider.asked(GRADER))) == (6, 6)
    assert not any(row.shared for row in rows)
    assert all(row.judge_calls == 1 for row in rows)


def test_with_sharing_the_same_plan_takes_half():
    _, provider = rows_of({"judge": JUDGE})

    assert (len(provider.asked()), len(provider.asked(GRADER))) == (3, 3)


def test_a_judges_scores_carry_its_identity_and_no_others_do():
    rows, _ = rows_of({"judge": JUDGE, "checks": FakeMetric()}, judge_ids={"judge": "0a1b2c3d4e5f"})

    assert {row.scores["judge"].detail.get("judge_id") for row in rows} == {"0a1b2c3d4e5f"}
    assert {"judge_id" in row.scores["checks"].detail for row in rows} == {False}


def test_a_score_off_its_metrics_scale_is_unscored():
    for score in (Score.scored(1.5), Score.scored(-0.1), Score.scored(0.5, samples=(2.0, 0.0))):
        rows, _ = rows_of({"broken": FakeMetric(lambda _, given=score: given)})

        found = rows[0].scores["broken"]
        assert (found.status, found.value, found.error) == (ScoreStatus.UNSCORED, None, ErrorClass.METRIC)
        assert "scale 0 to 1" in found.reason
        assert rows[0].passed is None


def test_the_ends_of_the_scale_and_rounding_beyond_them_are_scores():
    for value in (0.0, 1.0, 1.0 + 1e-12):
        rows, _ = rows_of({"fine": FakeMetric(lambda _, given=value: Score.scored(given, True))})

        assert rows[0].scores["fine"].value == value


def test_a_metric_without_a_scale_is_not_held_to_one():
    rows, _ = rows_of({"free": FakeMetric(lambda _: Score.scored(812.0, True), scale=None)})

    assert rows[0].scores["free"].value == 812.0
