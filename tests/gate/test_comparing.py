"""What becomes a comparison, what is refused before it could, and what missing scores and tags add to it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from evalbot.domain.errors import ErrorClass
from evalbot.domain.policy import Gates, PassGate, ScoreGate
from evalbot.domain.runs import Part, Side
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.domain.verdicts import Conclusion, Level, Rule, Verdict
from evalbot.gate.decide import decide
from evalbot.gate.evidence import MetricFacts
from tests.gate.cases import Bench, an_example, examples


def healthy(count: int = 12) -> Bench:
    bench = Bench()
    for number, example in enumerate(examples(count, "golden") + examples(count)):
        bench.answered(example, 4 + number % 2, 4 + number % 2)
    return bench


def scored(evidence, example, side, score):
    """The evidence with one score replaced by another."""
    rows = [
        replace(row, scores={"judge": score}) if (row.example, row.side) == (example, side) else row
        for row in evidence.rows
    ]
    return replace(evidence, rows=tuple(rows))


def regression(decision):
    return next(row for row in decision.comparisons if row.partition == "regression")


BAD = {
    "nan": Score(ScoreStatus.SCORED, float("nan"), True),
    "infinite": Score(ScoreStatus.SCORED, float("inf"), True),
    "above the scale": Score(ScoreStatus.SCORED, 7.0, True),
    "below the scale": Score(ScoreStatus.SCORED, 0.0, True),
    "a text": Score(ScoreStatus.SCORED, "5", True),  # type: ignore[arg-type]
    "true": Score(ScoreStatus.SCORED, True, True),
    "a sample above the scale": Score(ScoreStatus.SCORED, 4.0, True, samples=(7.0, 1.0)),
    "a sample that is nan": Score(ScoreStatus.SCORED, 4.0, True, samples=(float("nan"), 4.0)),
}


@pytest.mark.parametrize("score", BAD.values(), ids=BAD.keys())
@pytest.mark.parametrize("side", Side)
def test_a_score_that_is_none_refuses_its_row_and_names_the_example(score, side):
    decision = decide([scored(healthy().evidence(), "r-03", side, score)])

    row = regression(decision)
    assert (row.conclusion, row.effect, row.welch, row.p_holm, row.refused) == (Conclusion.INSUFFICIENT_DATA, None, None, None, True)
    assert "'r-03'" in row.reason
    assert str(side) in row.reason
    assert decision.verdict is Verdict.INCONCLUSIVE
    (finding,) = [f for f in decision.findings if f.level is Level.BLOCKS]
    assert (finding.rule, finding.partition, finding.proves) == (Rule.INSUFFICIENT_DATA, "regression", False)
    assert "'r-03'" in finding.message
    assert next(row for row in decision.comparisons if row.partition == "golden").conclusion is Conclusion.NO_CHANGE


def test_two_epochs_off_the_scale_are_refused_though_their_mean_is_on_it():
    bench = healthy()
    bench.answered(an_example("r-x", "regression"), 4, 4)
    evidence = scored(bench.evidence(), "r-x", Side.HEAD, Score(ScoreStatus.SCORED, 6.0, True))
    other = replace(evidence.rows[-1], epoch=1, scores={"judge": Score(ScoreStatus.SCORED, 2.0, True)})

    assert regression(decide([replace(evidence, rows=(*evidence.rows, other))])).refused


def test_scores_of_different_judges_are_never_compared():
    evidence = healthy().evidence()
    rows = [
        replace(row, scores={"judge": replace(row.scores["judge"], detail={"judge_id": "one" if row.side is Side.BASE else "two"})})
        for row in evidence.rows
    ]

    decision = decide([replace(evidence, rows=tuple(rows))])

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert {row.refused for row in decision.comparisons} == {True}
    assert "judge two, others by one" in regression(decision).reason
    assert "measure both sides again" in decision.reason


def test_a_score_of_an_unknown_judge_is_not_compared_with_one_of_a_known():
    score = Score.scored(4, True, detail={"judge_id": "one"})

    assert regression(decide([scored(healthy().evidence(), "r-03", Side.HEAD, score)])).refused


def test_scores_of_one_judge_are_compared():
    evidence = healthy().evidence()
    rows = [replace(row, scores={"judge": replace(row.scores["judge"], detail={"judge_id": "one"})}) for row in evidence.rows]

    assert decide([replace(evidence, rows=tuple(rows))]).verdict is Verdict.PASS


def test_one_id_for_two_examples_is_refused():
    bench = healthy()
    bench.answered(replace(an_example("r-03", "regression"), expected_output="another"), 5, 5)

    decision = decide([bench.evidence()])

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "'r-03' is there twice" in regression(decision).reason


def test_one_id_in_two_partitions_is_refused_once():
    bench = healthy().answered(an_example("g-03", "regression"), 5, 5)

    decision = decide([bench.evidence()])

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert [f.partition for f in decision.findings if f.level is Level.BLOCKS] == ["all"]


def test_an_answer_that_is_there_twice_is_refused():
    evidence = healthy().evidence()

    decision = decide([replace(evidence, rows=(*evidence.rows, evidence.rows[-1]))])

    assert "two first answers" in regression(decision).reason


def test_a_metric_without_a_width_and_without_min_effect_concludes_nothing_and_says_what_to_set():
    evidence = replace(healthy().evidence(), metrics={"judge": MetricFacts((0.0, float("inf")))})

    decision = decide([evidence])

    assert decision.verdict is Verdict.INCONCLUSIVE
    assert "set min_effect" in decision.reason


# Missing scores


def missing(count: int, at_base: int = 0) -> Bench:
    """40 examples with equal scores, of which head lost the first `count` and base the next `at_base`."""
    bench = Bench(Gates(scores=ScoreGate(metrics=("judge",))))
    for example in examples(12, "golden"):
        bench.answered(example)
    for number, example in enumerate(examples(40)):
        score = 5 - number % 2
        lost_at_base = count <= number < count + at_base
        bench.answered(example, None if lost_at_base else score, None if number < count else score, error=ErrorClass.JUDGE)
    return bench


def test_missing_scores_that_could_turn_the_conclusion_are_told():
    row = regression(decide([missing(2).evidence()]))

    assert (row.conclusion, row.n_missing, row.worst_case, row.sensitive_to_missing) == (
        Conclusion.NO_CHANGE, 2, Conclusion.NO_CHANGE, False,
    )  # fmt: skip

    lenient = Gates(scores=ScoreGate(metrics=("judge",)), coverage=replace(Gates().coverage, min=0.5))
    row = regression(decide([replace(missing(6, 6).evidence(), gates=lenient)]))

    # By hand: 6 of 40 at 1 pull head's mean from 4.5 down to 3.98, and 6 at 5 lift base's to 4.58.
    assert row.conclusion is Conclusion.NO_CHANGE
    assert (row.n_missing, row.worst_case, row.sensitive_to_missing) == (12, Conclusion.REGRESSION, True)


def test_nothing_missing_has_no_worst_case():
    row = regression(decide([missing(0).evidence()]))

    assert (row.n_missing, row.worst_case, row.sensitive_to_missing) == (0, None, False)


def test_a_row_without_enough_scores_has_no_worst_case_either():
    row = regression(decide([missing(35).evidence()]))

    assert (row.conclusion, row.n_missing, row.worst_case) == (Conclusion.INSUFFICIENT_DATA, 35, None)


def lossy(lost, side, base, head):
    """200 examples of which one side lost so many, within a coverage of 95 %."""
    bench = Bench(Gates(regression=PassGate(new_failures="warn"), scores=ScoreGate(metrics=("judge",))))
    for example in examples(12, "golden"):
        bench.answered(example)
    for number, example in enumerate(examples(200)):
        values = [score - number % 2 for score in (base, head)]
        if number < lost:
            values[list(Side).index(side)] = None
        bench.answered(example, *values, error=ErrorClass.JUDGE).confirmed(example, [True] * 4, [True] * 4)
    return decide([bench.evidence()])


def test_a_side_that_lost_many_more_scores_is_not_comparable():
    decision = lossy(9, Side.HEAD, 5, 5)

    row = regression(decision)
    assert (row.conclusion, row.reason) == (
        Conclusion.INSUFFICIENT_DATA, "too many errors on one side: 0 scores missing at base, 9 at head",
    )  # fmt: skip
    assert [f.rule for f in decision.findings if f.level is Level.WARNS] == [Rule.INSUFFICIENT_DATA]
    assert regression(lossy(5, Side.HEAD, 5, 5)).conclusion is Conclusion.NO_CHANGE  # Fisher p = 0.06


def test_a_regression_that_is_seen_although_head_lost_scores_stands_and_one_that_base_lost_does_not():
    assert regression(lossy(9, Side.HEAD, 5, 3)).conclusion is Conclusion.REGRESSION
    assert lossy(9, Side.HEAD, 5, 3).verdict is Verdict.FAIL
    assert regression(lossy(9, Side.BASE, 5, 3)).conclusion is Conclusion.INSUFFICIENT_DATA


# Repeats


def test_epochs_say_how_much_the_answers_to_one_example_agree():
    bench = Bench()
    for number, example in enumerate(examples(12)):
        for epoch in (0, 1):
            bench.answered(example, 1 + number % 4, 1 + number % 4, epoch=epoch)

    row = regression(decide([bench.evidence()]))

    assert (row.repeats, row.n_repeats, row.intra_example_correlation) == ("epochs", 2.0, pytest.approx(1.0))
    assert row.sd_base == pytest.approx(row.sd_head)


def test_judge_samples_speak_where_there_is_one_answer():
    score = Score.scored(3, True, samples=(1, 5, 3))

    row = regression(decide([scored(healthy().evidence(), "r-00", Side.HEAD, score)]))

    assert (row.repeats, row.n_repeats) == ("samples", 3.0)


def test_scores_without_repeats_say_so():
    row = regression(decide([healthy().evidence()]))

    assert (row.repeats, row.n_repeats, row.intra_example_correlation) == ("", 1.0, None)


# Slices


def tagged(refund: float, other: float = 5) -> Bench:
    bench = Bench()
    for number, example in enumerate(examples(40)):
        tags = ("all-of-them", "refund") if number < 14 else ("all-of-them", "rare") if number < 17 else ("all-of-them", "other")
        head = refund if number < 14 else other
        bench.answered(replace(example, tags=tags), 5, head - (head > 1) * (number % 2)).confirmed(example, [True] * 4, [True] * 4)
    return bench


def test_the_tag_that_fell_is_named_and_corrected_for_looking_at_all_of_them():
    decision = decide([tagged(refund=3).evidence()])

    slices = {row.tag: row for row in decision.slices}
    assert set(slices) == {"refund", "other"}  # a tag of all is no slice, and three examples show nothing
    assert slices["refund"].n_pairs == 14
    assert slices["refund"].effect == pytest.approx(-2.5)
    assert slices["refund"].conclusion is Conclusion.REGRESSION
    assert slices["refund"].p_holm is not None
    assert slices["refund"].paired.p < slices["refund"].p_holm < 0.05
    assert not any(row.gated or row.blocks for row in decision.slices)
    assert [row.partition for row in decision.comparisons] == ["regression"]


def described(**metadata) -> Bench:
    """Forty examples, the first fourteen of which fell by 2.5; each field of `metadata` says what a number's example carries."""
    bench = Bench()
    for number, example in enumerate(examples(40)):
        told = {name: value(number) for name, value in metadata.items()}
        head = 3 - number % 2 if number < 14 else 5
        bench.answered(replace(example, metadata=told), 5, head).confirmed(example, [True] * 4, [True] * 4)
    return bench


def test_metadata_is_sliced_like_tags():
    bench = described(
        language=lambda n: "de" if n < 14 else "en", vip=lambda n: n >= 20, year=lambda n: 2025 + n % 2,
        title=lambda n: f"title {n}", share=lambda n: 0.5 if n < 20 else 0.25, words=lambda n: ["a"] if n < 20 else [],
        source=lambda n: "mail", nothing=lambda n: None,
    )  # fmt: skip
    slices = {row.tag: row for row in decide([bench.evidence()]).slices}

    assert {name: row.n_pairs for name, row in slices.items()} == {
        "metadata.language = de": 14, "metadata.language = en": 26, "metadata.vip = false": 20, "metadata.vip = true": 20,
        "metadata.year = 2025": 20, "metadata.year = 2026": 20,
    }  # fmt: skip
    assert slices["metadata.language = de"].conclusion is Conclusion.REGRESSION
    assert slices["metadata.language = de"].effect == pytest.approx(-2.5)
    # Holm by hand: the smallest of six p-values is taken six times
    smallest = min(row.paired.p for row in slices.values())
    assert slices["metadata.language = de"].p_holm == pytest.approx(6 * smallest)


def test_two_names_for_the_same_examples_are_looked_at_once():
    bench = described(topic=lambda n: "refund" if n < 14 else "other", intent=lambda n: "refund" if n < 14 else n % 2)
    names = [row.tag for row in decide([bench.evidence()]).slices]

    assert names == ["metadata.intent = 0", "metadata.intent = 1", "metadata.intent = refund", "metadata.topic = other"]


def test_a_tag_never_makes_a_verdict():
    alone = decide([tagged(refund=3).evidence()])
    without = [replace(task, example=replace(task.example, tags=())) for task in tagged(refund=3).evidence().tasks]
    plain = decide([replace(tagged(refund=3).evidence(), tasks=tuple(without))])

    assert (alone.verdict, alone.findings) == (plain.verdict, plain.findings)
    assert plain.slices == ()


def test_no_tags_no_examples_no_slices():
    assert decide([Bench().evidence()]).slices == ()
    assert decide([]).slices == ()


def test_an_added_row_is_in_no_slice():
    bench = tagged(refund=5)
    bench.answered(replace(an_example("new", "regression"), tags=("refund",)), 1, 1, part=Part.ADDED)

    assert {row.tag: row.n_planned for row in decide([bench.evidence()]).slices}["refund"] == 14
