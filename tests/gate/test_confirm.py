"""Section 7 of the contract, row by row: what a failing example is, once both sides have been asked again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.domain.policy import Gates, PassGate
from evalbot.domain.runs import Part, Side
from evalbot.domain.verdicts import PassStatus, Verdict
from evalbot.gate.confirm import confirmations, failed_examples
from evalbot.gate.decide import decide
from tests.gate.cases import BOTH, JUDGE_GATES, Bench, an_example

P, F, N = True, False, None

TABLE = [
    # partition, part, base first + confirmations, head first + confirmations, status, verdict
    ("golden", Part.EXAM, [P, P, P, P, P], [F, F, F, F, F], PassStatus.NEW_FAILURE, Verdict.FAIL),
    ("golden", Part.EXAM, [P, P, P, P, P], [F, F, F, P, P], PassStatus.NEW_FAILURE, Verdict.FAIL),
    ("golden", Part.EXAM, [P, F, P, P, P], [F, F, F, F, F], PassStatus.UNSTABLE, Verdict.FAIL),
    ("golden", Part.EXAM, [F, F, P, P, P], [F, F, F, F, F], PassStatus.UNSTABLE, Verdict.FAIL),
    ("golden", Part.EXAM, [F, F, F, P, P], [F, F, F, F, F], PassStatus.PRE_EXISTING, Verdict.PASS),
    ("golden", Part.EXAM, [P, P, P, P, P], [F, F, P, P, P], PassStatus.FLAKY, Verdict.PASS),
    ("golden", Part.ADDED, [F, F, F, F, F], [F, F, F, F, F], PassStatus.ADDED_FAILURE, Verdict.FAIL),
    ("regression", Part.EXAM, [P, P, P, P, P], [F, F, F, F, F], PassStatus.NEW_FAILURE, Verdict.FAIL),
    ("regression", Part.EXAM, [P, F, P, P, P], [F, F, F, F, F], PassStatus.UNSTABLE, Verdict.PASS),
    ("regression", Part.EXAM, [F, F, F, F, F], [F, F, F, F, F], PassStatus.PRE_EXISTING, Verdict.PASS),
    ("regression", Part.ADDED, [P, P, P, P, P], [F, F, F, F, F], PassStatus.ADDED_FAILURE, Verdict.PASS),
    ("regression", Part.EXAM, [P, P, P, P, P], [F, P, P, P, P], PassStatus.FLAKY, Verdict.PASS),
]


def a_case(partition, part, base, head, gates=JUDGE_GATES):
    example = an_example("x-1", partition)
    healthy = an_example("ok", partition)
    bench = Bench(gates).answered(healthy, P, P)
    return bench.answered(example, base[0], head[0], part=part).confirmed(example, base[1:], head[1:], part)


@pytest.mark.parametrize(("partition", "part", "base", "head", "status", "verdict"), TABLE)
def test_the_status_of_a_failure_and_what_it_does(partition, part, base, head, status, verdict):
    evidence = a_case(partition, part, base, head).evidence()

    (failed,), undecided = failed_examples(evidence)
    decision = decide([evidence])

    assert (failed.status, undecided) == (status, [])
    assert (failed.head_failures, failed.base_failures, failed.runs) == (head.count(F), base.count(F), 5)
    assert decision.verdict is verdict, decision.reason


def test_without_a_base_side_a_broken_example_is_a_new_failure():
    example = an_example()
    bench = Bench(sides=(Side.HEAD,)).answered(example, P, F).confirmed(example, [], [F, F, F, F])

    (failed,), _ = failed_examples(bench.evidence())

    assert (failed.status, failed.base_failures) == (PassStatus.NEW_FAILURE, None)


def test_a_pre_existing_failure_blocks_where_the_policy_says_so():
    gates = replace(JUDGE_GATES, golden=PassGate(pre_existing="block"))
    evidence = a_case("golden", Part.EXAM, [F] * 5, [F] * 5, gates).evidence()

    assert decide([evidence]).verdict is Verdict.FAIL


def test_new_failures_of_a_partition_that_only_warns_do_not_block():
    gates = replace(JUDGE_GATES, regression=PassGate(new_failures="warn"))
    evidence = a_case("regression", Part.EXAM, [P] * 5, [F] * 5, gates).evidence()

    assert decide([evidence]).verdict is Verdict.PASS


def test_a_first_failure_calls_for_four_fresh_answers_a_side():
    example = an_example()
    bench = Bench().answered(example, P, F).answered(an_example("g-2"), P, P)

    again = confirmations(bench.evidence())

    assert [(task.example.id, task.side, task.confirmation) for task in again] == [
        ("g-1", side, number) for side in BOTH for number in (1, 2, 3, 4)
    ]


def test_a_failure_at_base_alone_is_nobodys_business():
    assert confirmations(Bench().answered(an_example(), F, P).evidence()) == []


def test_confirm_zero_is_the_literal_single_run_rule():
    gates = Gates(golden=PassGate(confirm=0))
    evidence = Bench(gates).answered(an_example(), P, F).evidence()

    (failed,), _ = failed_examples(evidence)

    assert confirmations(evidence) == []
    assert (failed.status, failed.runs) == (PassStatus.NEW_FAILURE, 1)


@pytest.mark.parametrize(
    ("confirm", "broken_at"), [(0, 1), (1, 2), (2, 2), (3, 3), (4, 3), (5, 4)], ids=lambda value: str(value)
)
def test_the_majority_breaks_by_default(confirm, broken_at):
    assert PassGate(confirm=confirm).breaks_at == broken_at


def test_the_distribution_partition_has_no_pass_gate():
    assert confirmations(Bench().answered(an_example("d", "distribution"), P, F).evidence()) == []


def test_an_edited_row_of_head_is_shown_and_never_blamed():
    assert confirmations(Bench().answered(an_example(), P, F, part=Part.EDITED).evidence()) == []


@pytest.mark.parametrize("partition", ["golden", "regression"])
def test_confirmations_that_would_have_decided_and_broke_make_it_inconclusive(partition):
    evidence = a_case(partition, Part.EXAM, [P] * 5, [F, F, N, N, P]).evidence()

    assert failed_examples(evidence)[0] == []
    assert decide([evidence]).verdict is Verdict.INCONCLUSIVE


def test_confirmations_that_broke_without_deciding_change_nothing():
    evidence = a_case("golden", Part.EXAM, [P] * 5, [F, F, F, N, N]).evidence()

    assert decide([evidence]).verdict is Verdict.FAIL


def test_base_confirmations_that_broke_decide_nothing_where_every_outcome_blocks():
    evidence = a_case("golden", Part.EXAM, [P, P, P, N, N], [F] * 5).evidence()

    assert decide([evidence]).verdict is Verdict.FAIL


def test_base_confirmations_that_broke_decide_where_regression_would_only_be_listed():
    evidence = a_case("regression", Part.EXAM, [P, P, P, N, N], [F] * 5).evidence()

    assert decide([evidence]).verdict is Verdict.INCONCLUSIVE


def test_with_several_epochs_the_first_failing_one_is_confirmed():
    example = an_example()
    bench = Bench().answered(example, P, P, epoch=0).answered(example, P, F, epoch=1)

    assert {task.epoch for task in confirmations(bench.evidence())} == {1}


# Targets that always say the same


def told(evidence):
    return [finding.message for finding in decide([evidence]).findings if finding.example == "x-1"]


def varied(evidence):
    """Every answer a text of its own, as a model gives them."""
    rows = [replace(row, output=row.output and f"answer {number}") for number, row in enumerate(evidence.rows)]
    return replace(evidence, rows=tuple(rows))


def test_a_deterministic_target_is_told_apart():
    (message,) = told(a_case("golden", Part.EXAM, [P] * 5, [F] * 5).evidence())

    assert message.endswith("fails 5 of 5 at head, base 0 of 5 (deterministic: the same answer 5 times)")


def test_answers_that_differ_are_not_called_deterministic():
    evidence = varied(a_case("golden", Part.EXAM, [P] * 5, [F] * 5).evidence())

    (failed,), _ = failed_examples(evidence)

    assert not failed.same_answer
    assert told(evidence) == ["golden example x-1 fails 5 of 5 at head, base 0 of 5"]


def test_one_answer_whose_grade_wavers_is_the_judges_doing():
    (message,) = told(a_case("golden", Part.EXAM, [P] * 5, [F, P, P, F, P]).evidence())

    assert message.endswith("(the same answer 5 times: its grade wavers, not the model)")


def test_an_answer_that_was_not_graded_leaves_it_open():
    (failed,), _ = failed_examples(a_case("golden", Part.EXAM, [P] * 5, [F, F, F, F, N]).evidence())

    assert not failed.same_answer


def test_a_single_run_cannot_tell():
    evidence = Bench(Gates(golden=PassGate(confirm=0))).answered(an_example("x-1"), P, F).evidence()

    assert told(evidence) == ["golden example x-1 fails 1 of 1 at head, base 0 of 1"]
