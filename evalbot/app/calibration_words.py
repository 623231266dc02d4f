"""What `evalbot calibrate` says on a terminal: how far to believe a judge, in figures with their intervals, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from evalbot.app.calibration_figures import Figures
from evalbot.app.talking_round import TalkedRound
from evalbot.report.numbers import counted, difference, interval, percent, score
from evalbot.stats.calibration import Interval
from evalbot.stats.proportions import wilson

FEWEST_FOR_A_SLOPE = 100


def words(found: Sequence[Figures]) -> str:
    """Every judge, and where its record is."""
    return "\n\n".join("\n".join(_judge(one)) for one in found)


def as_json(found: Sequence[Figures]) -> list[dict[str, Any]]:
    """The same as plain JSON values: the record's entry, and what belongs to this run only."""
    return [
        {
            "suite": one.suite, "metric": one.metric, **one.entry(), "below_floor": one.below, "trust": one.trust,
            "corrected": {name: {"judged": rate[0], "people": rate[1], "ci": list(rate[2])} for name, rate in one.corrected.items()},
            "attacks": None if one.attack is None else {name: list(counts) for name, counts in one.attack.by_attack.items()},
            "record": one.rule.record if one.rule and one.judging else None,
        }
        for one in found
    ]  # fmt: skip


def _judge(one: Figures) -> Iterator[str]:
    yield f"{one.suite}, {one.metric}: {one.model} (judge_id {one.judge_id}), {one.date}"
    if one.rule is not None:
        people = counted(one.raters, "person", "people")
        lost = f"; {one.lost} got no grade and are left out" if one.lost else ""
        yield f"  {counted(one.n, 'answer')} labelled by {people} ({one.trust}){lost}"
        yield from _agreement(one)
        yield from _confusion(one)
        yield from _rates(one)
    if one.attack is not None:
        yield from _attack(one.attack)
    yield from _advice(one)


def _agreement(one: Figures) -> Iterator[str]:
    a, unit = one.agreed, "points" if one.graded else ""
    if a is None:
        yield "  nothing to compare: no label says what this judge says (a `score`, or `passed`)"
        return
    name = "quadratic weighted kappa" if one.graded else "kappa of pass and fail"
    yield f"  {name} {score(a.qwk)} {_bounds(one.kappa_ci)}; equal {percent(a.exact)}, and {percent(one.baseline)} for a judge that always says the commonest"
    if one.graded:
        yield f"  rank correlation {score(a.spearman)} {_bounds(one.spearman_ci)}; within one grade {percent(one.within_one)}"
        lean = "lenient" if a.bias > 0 else "harsh"
        yield f"  bias {difference(a.bias)} {unit} {interval(one.bias_ci)}: {lean if one.bias_ci and not one.bias_ci[0] <= 0 <= one.bias_ci[1] else 'neither lenient nor harsh'}; mean error {score(a.mae)}"
        if one.slope is not None:
            few = f" (a guess: fewer than {FEWEST_FOR_A_SLOPE} labels)" if one.n < FEWEST_FOR_A_SLOPE else ""
            yield f"  1 point of the judge is worth {score(one.slope.value)} of people's {interval(one.slope.ci)}{few}"
    if one.raters > 1:
        yield f"  people among each other: Krippendorff's alpha {score(one.alpha)}" + (" (no answer has two labels)" if one.alpha is None else "")


def _confusion(one: Figures) -> Iterator[str]:
    if not one.cells:
        return
    grades = sorted({cell.human for cell in one.cells} | {cell.judge for cell in one.cells})
    counts = {(cell.human, cell.judge): cell for cell in one.cells}
    yield "  people \\ judge  " + "".join(f"{grade:>6g}" for grade in grades)
    for human in sorted({cell.human for cell in one.cells}):
        whole = sum(cell.count for cell in one.cells if cell.human == human)
        row = "".join(f"{counts[human, judge].count if (human, judge) in counts else 0:>6}" for judge in grades)
        hits = counts[human, human].count if (human, human) in counts else 0
        yield f"  {human:>14g}  {row}   agrees {percent(hits / whole)} {_percents(wilson(hits, whole))}"


def _rates(one: Figures) -> Iterator[str]:
    known = one.known
    if known is None or (known.sensitivity is None and known.specificity is None):
        return
    yield f"  passes {percent(known.sensitivity)} of {known.good} good answers, fails {percent(known.specificity)} of {known.bad} bad ones"
    for partition, (judged, people, ci) in one.corrected.items():
        yield f"  last run, {partition}: it passed {percent(judged)}; people would pass {percent(people)} {_percents(ci)}"


def _attack(found: TalkedRound) -> Iterator[str]:
    s = found.summed
    yield f"  attacks on wrong answers: {s.talked_round} of {s.tried} talked it round {_percents(found.ci) if s.tried else ''}".rstrip()
    for name, (tried, worked) in found.by_attack.items():
        if worked:
            yield f"    {name}: {worked} of {tried}"
    if found.blind:
        yield f"    {counted(found.blind, 'wrong answer')} passed without any attack, and told nothing of attacks"
    if found.lost:
        yield f"    {counted(found.lost, 'try', 'tries')} got no grade"


def _advice(one: Figures) -> Iterator[str]:
    if one.below and one.rule is not None:
        yield f"  below its floor of {one.rule.min_kappa:g}: describe each grade (anchors), show graded examples, or take another judge"
    if one.attack is not None and one.attack.summed.talked_round:
        yield "  it can be talked round: let a check or a reference decide what matters, or take a stronger judge"
    if one.rule is not None and one.judging:
        yield f"  written to {one.rule.record}; commit it, and every comment cites it"


def _bounds(ci: Interval | None) -> str:
    return f"(95 % interval {ci[0]:.2f} to {ci[1]:.2f})" if ci else "(no interval)"


def _percents(ci: Interval) -> str:
    return f"({percent(ci[0])} to {percent(ci[1])})"
