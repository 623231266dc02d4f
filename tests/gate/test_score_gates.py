"""The options of the score gate, each through the whole decision: what blocks, what warns, and what is shown beside."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.domain.policy import Gates, PassGate, ScoreGate
from evalbot.domain.verdicts import Assurance, Conclusion, Level, Rule, Verdict
from evalbot.gate.decide import decide
from tests.gate.cases import Bench, an_example, examples
from tests.stats.vectors import of_kind

DROP = of_kind("verdict")[1]["input"]  # scipy: Welch p = 0.005, drop 0.8
PAIRED_ONLY = of_kind("paired")[1]["input"]  # R: Welch p = 0.31, paired p = 0.00007, drop 0.306
SAME = {"base": [4, 5] * 20, "head": [4, 5] * 20}
NOISY = {"base": [5, 3, 4, 5, 2, 4, 5, 4, 3, 5, 4, 5], "head": [4, 4, 5, 4, 3, 5, 4, 5, 4, 4, 5, 4]}  # nothing shown, little ruled out


def decided(scores, partition="regression", bench=None, **options):
    """The decision over one row with these scores; the pass/fail gates only warn, so that scores alone decide."""
    gates = Gates(golden=PassGate(), regression=PassGate(new_failures="warn"), scores=ScoreGate(metrics=("judge",), **options))
    bench = replace(bench, gates=gates) if bench else Bench(gates)
    for example, base, head in zip(examples(len(scores["base"]), partition), scores["base"], scores["head"], strict=True):
        bench.answered(example, base, head).confirmed(example, [True] * 4, [True] * 4)
    return decide([bench.evidence()])


def blocking(decision):
    return [finding.rule for finding in decision.findings if finding.level is Level.BLOCKS]


@pytest.mark.parametrize(
    ("test", "scores", "verdict", "conclusion", "assurance"),
    [
        ("welch", DROP, Verdict.FAIL, Conclusion.REGRESSION, Assurance.SHOWN),
        ("welch", PAIRED_ONLY, Verdict.PASS, Conclusion.NO_CHANGE, Assurance.LIKELY_DROP),
        ("welch", SAME, Verdict.PASS, Conclusion.NO_CHANGE, Assurance.RULED_OUT),
        ("paired", PAIRED_ONLY, Verdict.FAIL, Conclusion.REGRESSION, Assurance.SHOWN),
        ("paired", SAME, Verdict.PASS, Conclusion.NO_CHANGE, Assurance.RULED_OUT),
        ("either", DROP, Verdict.FAIL, Conclusion.REGRESSION, Assurance.SHOWN),
        ("either", PAIRED_ONLY, Verdict.FAIL, Conclusion.REGRESSION, Assurance.SHOWN),
        ("either", SAME, Verdict.PASS, Conclusion.NO_CHANGE, Assurance.RULED_OUT),
    ],
)
def test_the_test_that_the_gate_names_decides(test, scores, verdict, conclusion, assurance):
    decision = decided(scores, test=test)

    (row,) = decision.comparisons
    assert (decision.verdict, row.conclusion, row.assurance) == (verdict, conclusion, assurance)
    assert blocking(decision) == ([Rule.REGRESSION] if verdict is Verdict.FAIL else [])
    assert row.p_holm == (row.welch.p if test == "welch" else row.paired.p)


def test_either_blocks_on_welch_alone():
    """Five examples changed: too few for the paired test, enough for Welch's."""
    scores = {"base": [5] * 12, "head": [5, 5, 5, 5, 5, 5, 5, 3, 2, 3, 2, 3]}

    assert decided(scores, test="paired").verdict is Verdict.PASS
    assert decided(scores, test="either").verdict is Verdict.FAIL


def families(count, **options):
    """One prompt that dropped by the paired test's p = 0.00007, among rows in which nothing happened."""
    bench = Bench()
    for number in range(count):
        for example in examples(12, "golden"):
            bench.answered(replace(example, id=f"g-{number}-{example.id}"), 5, 5)
    return decided(PAIRED_ONLY, bench=bench, test="paired", **options)


def test_holm_lets_a_row_go_that_its_own_p_would_block():
    """Twelve examples, seven down by 1 and one up: t = 0.5 / 0.1946 = 2.57 with 11 degrees of freedom, p = 0.026."""
    weak = {"base": [5] * 7 + [4] * 5, "head": [4] * 7 + [5] + [4] * 4}

    def with_golden(**options):
        bench = Bench()
        for number, example in enumerate(examples(12, "golden")):
            bench.answered(example, 4 + number % 2, 5 - number % 2)
        return decided(weak, bench=bench, test="paired", **options)

    alone, corrected = with_golden(), with_golden(multiplicity="holm")
    row = next(row for row in corrected.comparisons if row.partition == "regression")
    assert 0.025 < row.paired.p < 0.05 <= row.p_holm == pytest.approx(2 * row.paired.p)
    assert (alone.verdict, blocking(alone)) == (Verdict.FAIL, [Rule.REGRESSION])
    assert (corrected.verdict, row.conclusion, row.blocks) == (Verdict.PASS, Conclusion.REGRESSION, False)
    assert any("not blocking once corrected" in finding.message for finding in corrected.findings)


def test_holm_keeps_a_drop_that_survives_it():
    decision = families(1, multiplicity="holm")

    assert (decision.verdict, blocking(decision)) == (Verdict.FAIL, [Rule.REGRESSION])


def test_non_inferiority_blocks_what_is_not_ruled_out():
    plain, strict = decided(NOISY), decided(NOISY, non_inferiority=True)

    assert plain.verdict is Verdict.PASS
    assert next(iter(plain.comparisons)).assurance is Assurance.INCONCLUSIVE
    assert (strict.verdict, blocking(strict)) == (Verdict.FAIL, [Rule.INSUFFICIENT_DATA])
    assert "a drop of 0.3 is not ruled out" in strict.reason


@pytest.mark.parametrize("scores", [SAME, {"base": [3, 4] * 20, "head": [4, 5] * 20}], ids=["ruled out", "improved"])
def test_non_inferiority_lets_go_what_is_ruled_out_or_better(scores):
    assert decided(scores, non_inferiority=True).verdict is Verdict.PASS


def test_non_inferiority_leaves_too_few_examples_to_insufficient():
    few = {"base": [5, 4, 5], "head": [4, 5, 5]}

    assert decided(few, non_inferiority=True).verdict is Verdict.PASS
    assert decided(few, non_inferiority=True, insufficient="inconclusive").verdict is Verdict.INCONCLUSIVE


def test_alpha_and_min_effect_are_the_gates():
    assert decided(DROP, alpha=0.001).verdict is Verdict.PASS
    assert decided(DROP, min_effect=0.9).verdict is Verdict.PASS
    assert decided(DROP, min_effect=0.8).verdict is Verdict.FAIL  # exactly 0.8 counts


def test_a_partition_that_nothing_is_asked_of_has_no_row():
    assert decided({"base": [], "head": []}).comparisons == ()
    assert decide([Bench().answered(an_example(), True, True).evidence()]).comparisons == ()
