"""The rows of the results table, in words and numbers but in no markup: every format shows the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Side
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, Level, PartitionCount, PassStatus, Rule
from evalbot.report.labels import bar, sample_size, tallied, too_few
from evalbot.report.numbers import MISSING, difference, interval, p_value, score

HEADERS = ("Prompt", "Partition", "n", "Base", "Head", "Δ (95% interval)", "p (Welch)", "Passed: base → head", "Verdict")

_COUNTED = (
    PassStatus.NEW_FAILURE,
    PassStatus.UNSTABLE,
    PassStatus.ADDED_FAILURE,
    PassStatus.PRE_EXISTING,
    PassStatus.FLAKY,
)
_Place = tuple[str, str, str]  # suite, prompt, partition


@dataclass(frozen=True, slots=True)
class Result:
    """One row. `metric` is named only where its place has several; `severity` 0 is worst; `comparison` is None where no score was tested."""

    severity: int
    suite: str
    prompt: str
    partition: str
    metric: str
    n: str
    base: str
    head: str
    effect: str
    p: str
    passed: str
    verdict: str
    comparison: Comparison | None


def results(record: RunRecord) -> list[Result]:
    """Every prompt × partition × tested metric, worst first; empty where nothing was compared or counted."""
    decision = record.decision
    counts = {(c.suite, c.prompt, c.partition, c.side): c for c in decision.partitions}
    compared: dict[_Place, list[Comparison]] = {}
    for row in decision.comparisons:
        if row.partition != "all":
            compared.setdefault((row.suite, row.prompt, row.partition), []).append(row)
    places = dict.fromkeys([*compared, *((c.suite, c.prompt, c.partition) for c in decision.partitions)])
    found = [line for place in places for line in _of_place(record, place, compared.get(place, []), counts)]
    return sorted(found, key=lambda line: line.severity)


def _of_place(
    record: RunRecord, place: _Place, rows: Sequence[Comparison], counts: dict[tuple[str, str, str, Side], PartitionCount]
) -> list[Result]:
    base, head = counts.get((*place, Side.BASE)), counts.get((*place, Side.HEAD))
    failures, blocked = _failures(record, place)
    passes = _passes(base, head)
    if not rows:
        planned = max((side.planned for side in (base, head) if side), default=0)
        severity = 0 if blocked else 2 if failures else 5
        return [
            Result(severity, *place, "", str(planned), MISSING, MISSING, MISSING, MISSING, passes, failures or "✅ no new failures", None)
        ]
    found = []
    for index, row in enumerate(rows):
        severity, words = _conclusion(row)
        first = index == 0
        found.append(
            Result(
                min(severity, 0 if blocked else 9), *place, row.metric if len(rows) > 1 else "",
                sample_size(row), score(row.base_mean), score(row.head_mean), _effect(row), _p(row), passes if first else MISSING,
                "; ".join(part for part in (failures if first else "", words) if part), row,
            )
        )  # fmt: skip
    return found


def _effect(row: Comparison) -> str:
    if row.effect is None:
        return MISSING
    return f"{difference(row.effect)} {interval(row.welch.ci if row.welch else None)}".strip()


def _p(row: Comparison) -> str:
    return p_value(row.welch.p if row.welch else None).removeprefix("p ").removeprefix("= ")


def _passes(base: PartitionCount | None, head: PartitionCount | None) -> str:
    sides = [MISSING if side is None else f"{side.passed} of {side.planned}" for side in (base, head)]
    unscored = sum(side.unscored for side in (base, head) if side)
    return " → ".join(sides) + (f" ({unscored} unscored)" if unscored else "")


def _failures(record: RunRecord, place: _Place) -> tuple[str, bool]:
    """What newly fails here in words, and whether some of it blocks."""
    here = [
        f
        for f in record.decision.failed_examples
        if (f.suite, f.prompt, f.partition) == place and f.part is not Part.EDITED
    ]
    tally = [(status, sum(f.status is status for f in here)) for status in _COUNTED]
    failing = {Rule(f.status) for f in here}
    blocked = any(
        finding.level is Level.BLOCKS and finding.rule in failing and finding.partition in ("", place[2])
        and finding.prompt in ("", place[1]) and finding.suite in ("", place[0])
        for finding in record.decision.findings
    )  # fmt: skip
    words = ", ".join(tallied(status, number) for status, number in tally if number)
    return (f"{'❌' if blocked else '⚠️'} {words}" if words else ""), blocked


def _conclusion(row: Comparison) -> tuple[int, str]:
    """Severity (0 is worst) and words for one comparison's conclusion."""
    if row.conclusion is Conclusion.REGRESSION:
        return (
            (0, "❌ regression")
            if row.blocks
            else (1, f"⚠️ regression, {'does not block' if row.gated else 'not gated'}")
        )
    if row.blocks:
        return 0, "❌ likely drop" if row.assurance is Assurance.LIKELY_DROP else "❌ a drop is not ruled out"
    if row.assurance is Assurance.LIKELY_DROP:
        return 1, "⚠️ likely drop"
    if row.conclusion is Conclusion.INSUFFICIENT_DATA:
        return 2, f"⚪ not tested ({too_few(row)})" if too_few(row) else "⚪ not tested"
    if row.conclusion is Conclusion.IMPROVEMENT:
        return 6, "✅ improvement"
    if row.conclusion is Conclusion.TRIVIAL:
        return 4, f"✅ real but small (under {bar(row)})"
    if row.assurance is Assurance.RULED_OUT:
        return 5, f"✅ drop of {bar(row)} ruled out"
    return 3, "⚪ no drop shown, none ruled out"
