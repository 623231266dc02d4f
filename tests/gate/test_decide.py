"""The verdict: broken is not bad, empty is not green, and pass needs complete evidence."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.domain.errors import ErrorClass
from evalbot.domain.examples import Partition
from evalbot.domain.policy import CostGate, Gates, ScoreGate
from evalbot.domain.runs import Cause, ExamChange, Part, Side
from evalbot.domain.verdicts import Assurance, Conclusion, Finding, Level, Rule, Verdict
from evalbot.gate.decide import decide, verdict
from tests.gate.cases import JUDGE_GATES, Bench, an_example, examples


def rules(decision, level=Level.BLOCKS):
    return sorted({finding.rule for finding in decision.findings if finding.level is level})


def golden(bench: Bench, count: int = 12) -> Bench:
    for example in examples(count, "golden"):
        bench.answered(example)
    return bench


def test_nothing_at_all_is_not_applicable():
    assert decide([]).verdict is Verdict.NOT_APPLICABLE


def test_a_changed_prompt_that_no_example_meets_is_inconclusive():
    decision = decide([Bench().evidence()])

    assert (decision.verdict, rules(decision)) == (Verdict.INCONCLUSIVE, [Rule.COVERAGE])


def test_identical_scores_pass_and_say_what_they_could_see():
    bench = golden(Bench())
    for example in examples(40):
        bench.answered(example, 5, 5)

    decision = decide([bench.evidence()])

    row = next(row for row in decision.comparisons if row.partition == "regression")
    assert decision.verdict is Verdict.PASS
    assert (row.conclusion, row.assurance, row.effect) == (Conclusion.NO_CHANGE, Assurance.RULED_OUT, 0.0)


def test_a_clear_drop_over_forty_examples_fails():
    bench = golden(Bench())
    for number, example in enumerate(examples(40)):
        bench.answered(example, 4 + number % 2, 4 if number % 4 else 1)
        bench.confirmed(example, [True] * 4, [True] * 4)

    decision = decide([bench.evidence()])

    assert (decision.verdict, rules(decision)) == (Verdict.FAIL, [Rule.REGRESSION])
    finding = next(f for f in decision.findings if f.rule is Rule.REGRESSION)
    assert finding.partition == "regression"
    assert finding.examples
    assert finding.id == replace(finding, message="said otherwise", examples=()).id


def test_five_added_rows_do_not_dilute_a_drop():
    bench = golden(Bench())
    for number, example in enumerate(examples(40)):
        bench.answered(example, 4 + number % 2, 4 if number % 4 else 1).confirmed(example, [True] * 4, [True] * 4)
    plain = decide([bench.evidence()])
    for number in range(5):
        bench.answered(an_example(f"new-{number}", "regression"), 1, 5, part=Part.ADDED)

    diluted = decide([bench.evidence()])

    assert diluted.comparisons == plain.comparisons
    assert diluted.coverage == plain.coverage
    assert diluted.verdict is Verdict.FAIL
    assert next(c for c in diluted.partitions if c.partition == "regression" and c.side is Side.HEAD).added == 5


@pytest.mark.parametrize("error", [ErrorClass.TARGET, ErrorClass.STOPPED, ErrorClass.JUDGE])
def test_an_outage_of_head_alone_is_inconclusive_never_a_regression(error):
    bench = Bench()
    for example in examples(12, "golden") + examples(40):
        bench.answered(example, 5, None, error=error)

    decision = decide([bench.evidence()])

    assert (decision.verdict, rules(decision)) == (Verdict.INCONCLUSIVE, [Rule.COVERAGE])
    assert {row.conclusion for row in decision.comparisons} <= {Conclusion.INSUFFICIENT_DATA}
    assert decision.coverage.errors == {str(error): 52}
    assert (decision.coverage.planned, decision.coverage.scored) == (104, 52)


def test_one_golden_row_without_a_score_is_inconclusive():
    bench = golden(Bench(), 99).answered(an_example("last"), 5, None)

    assert decide([bench.evidence()]).verdict is Verdict.INCONCLUSIVE


def test_a_few_lost_regression_rows_are_within_coverage_and_more_are_not():
    bench = golden(Bench())
    rows = examples(40)
    for example in rows[:38]:
        bench.answered(example)
    within = decide([bench.answered(rows[38], 5, None).answered(rows[39], 5, None).evidence()])
    beyond = decide([bench.answered(an_example("r-lost", "regression"), 5, None).evidence()])

    assert within.verdict is Verdict.PASS  # 38 of 40 is 95 %
    assert beyond.verdict is Verdict.INCONCLUSIVE  # 38 of 41 is not


def test_a_drop_among_survivors_of_an_outage_concludes_nothing():
    bench = golden(Bench())
    for number, example in enumerate(examples(40)):
        bench.answered(example, 5, 4 if number < 30 else None)

    decision = decide([bench.evidence()])

    row = next(row for row in decision.comparisons if row.partition == "regression")
    assert (row.conclusion, decision.verdict) == (Conclusion.INSUFFICIENT_DATA, Verdict.INCONCLUSIVE)


def test_a_confirmed_golden_failure_fails_even_when_the_rest_is_an_outage():
    broken = an_example("g-broken")
    bench = Bench().answered(broken, True, False).confirmed(broken, [True] * 4, [False] * 4)
    for example in examples(40):
        bench.answered(example, 5, None)

    assert decide([bench.evidence()]).verdict is Verdict.FAIL


def test_too_few_examples_for_the_score_test_warn_by_default_and_block_on_request():
    bench = golden(Bench(), 7)
    strict = replace(JUDGE_GATES, scores=replace(JUDGE_GATES.scores, insufficient="inconclusive"))

    lenient, refused = decide([bench.evidence()]), decide([golden(Bench(strict), 7).evidence()])

    assert (lenient.verdict, rules(lenient, Level.WARNS)) == (Verdict.PASS, [Rule.INSUFFICIENT_DATA])
    assert refused.verdict is Verdict.INCONCLUSIVE


def test_epochs_are_averaged_and_never_pooled():
    bench = golden(Bench())
    for example in examples(9):
        for epoch in range(3):
            bench.answered(example, 5, 1 if epoch == 0 else 5, epoch=epoch)
        bench.confirmed(example, [True] * 4, [True] * 4)

    row = next(row for row in decide([bench.evidence()]).comparisons if row.partition == "regression")

    assert (row.n_head, row.conclusion) == (9, Conclusion.INSUFFICIENT_DATA)
    assert row.head_mean == pytest.approx(11 / 3)


def test_a_new_prompt_has_no_score_test():
    bench = Bench(sides=(Side.HEAD,), causes=(Cause.NEW,))

    decision = decide([golden(bench).evidence()])

    assert (decision.verdict, decision.comparisons) == (Verdict.PASS, ())


def test_an_edited_golden_row_blocks_until_approved():
    change = ExamChange("support", "g-00", Partition.GOLDEN, "edited", "evals/golden.jsonl", 3)

    def decided(missing):
        return decide([golden(Bench()).evidence(exam_changes=(change,))], golden_approvals_missing=missing)

    assert (decided(1).verdict, rules(decided(1))) == (Verdict.FAIL, [Rule.EXAMPLE_EDITED])
    assert decided(0).verdict is Verdict.PASS


def test_an_edited_distribution_row_only_notes():
    change = ExamChange("support", "d-00", Partition.DISTRIBUTION, "deleted", "evals/d.jsonl", 3)

    assert decide([golden(Bench()).evidence(exam_changes=(change,))], golden_approvals_missing=1).verdict is Verdict.PASS


def test_added_golden_rows_that_could_not_be_scored_are_inconclusive():
    bench = golden(Bench()).answered(an_example("new"), None, None, part=Part.ADDED)

    assert decide([bench.evidence()]).verdict is Verdict.INCONCLUSIVE


def test_the_worst_suite_decides():
    fine = golden(Bench()).evidence()
    broken = replace(golden(Bench()).answered(an_example("last"), 5, None).evidence(), suite="other")

    assert decide([fine, broken]).verdict is Verdict.INCONCLUSIVE


def test_a_dearer_prompt_warns_and_an_unknown_price_says_nothing():
    bench = golden(Bench(replace(JUDGE_GATES, cost=CostGate(0.5, "block"))))
    dear = [replace(row, cost_usd=0.02 if row.side is Side.HEAD else 0.01) for row in bench.rows]
    unknown = [replace(row, cost_usd=None if row.side is Side.HEAD else 0.01) for row in bench.rows]

    assert rules(decide([replace(bench.evidence(), rows=dear)])) == [Rule.COST]
    assert decide([replace(bench.evidence(), rows=unknown)]).verdict is Verdict.PASS


@pytest.mark.parametrize("planned", [True, False])
@pytest.mark.parametrize("complete", [True, False])
@pytest.mark.parametrize("levels", [(), (Level.NOTES,), (Level.WARNS,), (Level.BLOCKS,), (Level.WARNS, Level.BLOCKS)])
@pytest.mark.parametrize("proves", [True, False])
def test_pass_needs_a_plan_complete_evidence_and_no_blocking_finding(planned, complete, levels, proves):
    findings = [Finding(Rule.COST, level, "…", proves=proves) for level in levels]

    result = verdict(findings, planned=planned, complete=complete)

    assert (result is Verdict.PASS) == (planned and complete and Level.BLOCKS not in levels)


def test_two_tested_metrics_are_two_findings():
    gates = Gates(scores=ScoreGate(metrics=("judge", "tone")))
    bench = golden(Bench(gates))
    ids = {f.id for f in [
        Finding(Rule.REGRESSION, Level.BLOCKS, "", "support", "p", "golden", example=name) for name in gates.scores.metrics
    ]}  # fmt: skip

    assert len(ids) == 2
    assert decide([bench.evidence()]).verdict is Verdict.PASS
