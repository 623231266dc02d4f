"""The table: prompt × partition with both sides' means, the difference, its interval, the test, passes and the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Part, Side
from evalbot.domain.verdicts import Assurance, Comparison, Conclusion, Level, PartitionCount, PassStatus, Rule
from evalbot.report.escape import code
from evalbot.report.labels import bar, sample_size, subject, tallied, too_few
from evalbot.report.numbers import MISSING, counted, difference, interval, p_value, score
from evalbot.report.section import Section, ladder, optional
from evalbot.report.table import table

MOST_ROWS = 100  # more is in summary.json: nobody reads it in a comment

_HEADERS = (
    "Prompt",
    "Partition",
    "n",
    "Base",
    "Head",
    "Δ (95% interval)",
    "p (Welch)",
    "Passed: base → head",
    "Verdict",
)
_PLACE = tuple[str, str, str]
_COUNTED = (
    PassStatus.NEW_FAILURE,
    PassStatus.UNSTABLE,
    PassStatus.ADDED_FAILURE,
    PassStatus.PRE_EXISTING,
    PassStatus.FLAKY,
)


@dataclass(frozen=True, slots=True)
class _Line:
    severity: int
    cells: list[str]


def render(record: RunRecord) -> Section:
    """The table, worst rows first; empty where nothing was compared or counted."""
    lines = sorted(_lines(record), key=lambda line: line.severity)
    if not lines:
        return Section("the table", 9, optional(""))
    beyond = max(0, len(lines) - MOST_ROWS)

    def rows(shown: Sequence[_Line], left_out: int) -> str:
        text = table(_HEADERS, [line.cells for line in shown], (2, 3, 4))
        hidden = left_out + beyond
        return text + (
            f"\n\nand {counted(hidden, 'more row')}, none worse than these; all are in `summary.json`." if hidden else ""
        )

    return Section("the table", 9, ladder(lines[:MOST_ROWS], rows, least=3))


def _lines(record: RunRecord) -> list[_Line]:
    decision = record.decision
    counts = {(c.suite, c.prompt, c.partition, c.side): c for c in decision.partitions}
    compared: dict[_PLACE, list[Comparison]] = {}
    for row in decision.comparisons:
        if row.partition != "all":
            compared.setdefault((row.suite, row.prompt, row.partition), []).append(row)
    places = dict.fromkeys([*compared, *((c.suite, c.prompt, c.partition) for c in decision.partitions)])
    return [line for place in places for line in _of_place(record, place, compared.get(place, []), counts)]


def _of_place(
    record: RunRecord,
    place: _PLACE,
    rows: Sequence[Comparison],
    counts: dict[tuple[str, str, str, Side], PartitionCount],
) -> list[_Line]:
    base, head = counts.get((*place, Side.BASE)), counts.get((*place, Side.HEAD))
    failures, blocked = _failures(record, place)
    name = [subject(record, place[0], place[1]), place[2]]
    if not rows:
        planned = max((side.planned for side in (base, head) if side), default=0)
        cells = [*name, str(planned), *[MISSING] * 4, _passes(base, head), failures or "✅ no new failures"]
        return [_Line(0 if blocked else 2 if failures else 5, cells)]
    lines = []
    for index, row in enumerate(rows):
        severity, words = _conclusion(row)
        partition = f"{place[2]} {code(row.metric, 40)}" if len(rows) > 1 else place[2]
        verdict = "; ".join(part for part in (failures if index == 0 else "", words) if part)
        numbers = [sample_size(row), score(row.base_mean), score(row.head_mean), _effect(row), _p(row)]
        passes = _passes(base, head) if index == 0 else MISSING
        lines.append(_Line(min(severity, 0 if blocked else 9), [name[0], partition, *numbers, passes, verdict]))
    return lines


def _effect(row: Comparison) -> str:
    if row.effect is None:
        return MISSING
    bounds = interval(row.welch.ci if row.welch else None)
    return f"{difference(row.effect)} {bounds}".strip()


def _p(row: Comparison) -> str:
    return p_value(row.welch.p if row.welch else None).removeprefix("p ").removeprefix("= ")


def _passes(base: PartitionCount | None, head: PartitionCount | None) -> str:
    sides = [MISSING if side is None else f"{side.passed} of {side.planned}" for side in (base, head)]
    unscored = sum(side.unscored for side in (base, head) if side)
    return " → ".join(sides) + (f" ({unscored} unscored)" if unscored else "")


def _failures(record: RunRecord, place: _PLACE) -> tuple[str, bool]:
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
    return 3, "⚪ none shown, none ruled out"
