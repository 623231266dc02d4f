"""What the tests could and could not see, in words: never "no effect" where nothing was shown."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, Test
from evalbot.report.escape import inline
from evalbot.report.labels import bar, place, too_few
from evalbot.report.numbers import count, counted, difference, interval, p_value, score
from evalbot.report.section import Section, ladder, optional
from evalbot.report.table import details

MOST_LINES = 40
_TESTS = {"welch": "Welch's test", "paired": "The paired test", "either": "Either of Welch's and the paired test"}


def render(record: RunRecord) -> Section:
    """One sentence a comparison with its paired test, its bounds and, below, Holm's correction; folded."""
    rows = sorted(record.decision.comparisons, key=lambda row: (not row.blocks, not row.gated))
    if not rows:
        return Section("what the tests could see", 3, optional(""))

    def lines(shown: Sequence[Comparison], left_out: int) -> str:
        if not shown:
            return ""
        hidden = left_out + max(0, len(rows) - MOST_LINES)
        more = [f"- and {counted(hidden, 'more row')} in `summary.json`"] if hidden else []
        sentences = [f"- {place(record, row)}: {sentence(row)}{_beside(row)}" for row in shown]
        return details(
            "What the tests could and could not see", "\n".join([*sentences, *more]) + "\n\n" + _footnote(rows)
        )

    return Section("what the tests could see", 3, ladder(rows[:MOST_LINES], lines))


def smallest(record: RunRecord) -> str:
    """The smallest drops that the run could have blocked four times in five, best row to worst; says when there is none."""
    gated = [row for row in record.decision.comparisons if row.gated]
    if not gated:
        return "No score test was part of this run: a drop in quality that every check passes would not be seen."
    seen = sorted(row.min_detectable_effect for row in gated if _tested(row) and row.min_detectable_effect is not None)
    if not seen:
        return "No score test had enough examples: a drop in quality that every check passes would not be seen."
    low, high = score(seen[0]), score(seen[-1])
    span = low if low == high else f"{low} to {high} (it differs by row)"
    blind = len(gated) - len(seen)
    rest = f" {counted(blind, 'gated row')} could not be tested at all." if blind else ""
    return f"A true drop of {span} would have been blocked four times in five; a smaller one may have gone unseen.{rest}"


def hidden(record: RunRecord) -> str:
    """Where missing scores, at their worst, would make a regression of a row that does not block; empty where nowhere."""
    rows = [
        row for row in record.decision.comparisons
        if row.gated and not row.blocks and row.sensitive_to_missing and row.worst_case is Conclusion.REGRESSION
    ]  # fmt: skip
    if not rows:
        return ""
    named = ", ".join(f"{place(record, row)} ({count(row.n_missing)} missing)" for row in rows[:3])
    more = f" and {counted(len(rows) - 3, 'more row')}" if len(rows) > 3 else ""
    return f"Missing scores could hide a regression, if the worst is assumed of them: {named}{more}."


def sentence(row: Comparison) -> str:
    """One comparison in words, by its conclusion and assurance."""
    if row.conclusion is Conclusion.INSUFFICIENT_DATA:
        scored = (
            f"too few scored examples ({too_few(row)})"
            if too_few(row)
            else inline(row.reason)
            if row.reason
            else "not comparable"
        )
        return f"Not tested: {scored.rstrip('.')}. Pass and fail are still checked."
    bounds = interval(test.ci if (test := _deciding(row)) else None).strip("()")
    figures = ", ".join(part for part in (f"95% interval {bounds}" if bounds else "", _n(row), _p(row)) if part)
    moved = f"{score(row.base_mean)} → {score(row.head_mean)} ({difference(row.effect)}, {figures})"
    match row.conclusion, row.assurance:
        case Conclusion.REGRESSION, _:
            return f"Regression: {moved}."
        case Conclusion.IMPROVEMENT, _:
            return f"Improvement: {moved}."
        case Conclusion.TRIVIAL, _:
            return f"A real but small change: {moved}, below the {bar(row)} that counts."
        case _, Assurance.LIKELY_DROP:
            changed = f"; {row.n_changed} of {row.n_pairs} examples changed" if row.n_changed else ""
            return f"Likely drop that Welch's test is too coarse to call: {moved}{changed}."
        case _, Assurance.RULED_OUT:
            most = f" (at most {score(max(0.0, row.drop_bound))})" if row.drop_bound is not None else ""
            return f"No change shown: {moved}; with 95% confidence any drop is smaller than {bar(row)}{most}."
        case _:
            return f"No regression shown, and none ruled out: {moved}{_still_possible(row)}."


def _still_possible(row: Comparison) -> str:
    bound = f"; the data fit a drop of up to {score(row.drop_bound)}" if row.drop_bound is not None else ""
    needed = f"; about {counted(row.n_needed, 'example')} would settle {bar(row)}" if row.n_needed else ""
    return bound + needed


def _n(row: Comparison) -> str:
    return (
        counted(row.n_pairs, "example")
        if row.n_base == row.n_head
        else f"{count(row.n_base)} and {count(row.n_head)} examples"
    )


def _deciding(row: Comparison) -> Test | None:
    """The test that the row's conclusion comes from; under `either` Welch's, with the paired one beside it."""
    return row.paired if row.test == "paired" else row.welch


def _p(row: Comparison) -> str:
    test = _deciding(row)
    return f"{'paired' if row.test == 'paired' else 'Welch'} {p_value(test.p)}" if test and test.p is not None else ""


def _beside(row: Comparison) -> str:
    """The other test, Holm's p, the smallest drop that would have been blocked, and what missing scores could change."""
    parts = []
    name, other = ("Welch's test", row.welch) if row.test == "paired" else ("paired, example by example", row.paired)
    if other and other.p is not None:
        parts.append(f"{name}: {p_value(other.p)} {interval(other.ci)}".rstrip())
    if row.p_holm is not None:
        parts.append(f"after Holm {p_value(row.p_holm)}")
    if row.min_detectable_effect is not None:
        parts.append(f"could block a drop of {score(row.min_detectable_effect)} four times in five")
    if row.worst_case is not None and row.sensitive_to_missing:
        worst = row.worst_case.replace("_", " ")
        parts.append(f"sensitive to {counted(row.n_missing, 'missing score')}: at their worst, {worst}")
    text = "; ".join(parts)
    return f" {text[0].upper()}{text[1:]}." if text else ""


def _footnote(rows: Sequence[Comparison]) -> str:
    gated = [row for row in rows if row.gated]
    bars = sorted({bar(row) for row in gated})
    tests = " or ".join(dict.fromkeys(_TESTS.get(row.test, row.test) for row in gated))
    rule = (
        f" {tests} counts a drop when p is below the gate's alpha and the drop reaches {' or '.join(bars)}."
        if bars
        else ""
    )
    return f"{counted(len(gated), 'comparison')} could block; Holm's p corrects for that many.{rule} Δ is head − base, n counts examples."


def _tested(row: Comparison) -> bool:
    return row.conclusion is not Conclusion.INSUFFICIENT_DATA
