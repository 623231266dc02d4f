"""Where the drop sits: scores by tag and metadata, the largest drops first, with a word on how many slices were looked at."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Comparison, Conclusion
from evalbot.report.escape import code
from evalbot.report.labels import subject
from evalbot.report.numbers import count, counted, difference, interval, p_value, score
from evalbot.report.section import Section, ladder
from evalbot.report.table import details, table

MOST_ROWS = 5
_HEADERS = ("Prompt", "Slice", "n", "Base", "Head", "Δ (95% interval)", "p (paired)", "p (Holm)")


def render(record: RunRecord) -> Section:
    """A folded table of the slices that lost most; empty where none lost anything. Never gates."""
    worse = sorted((row for row in record.decision.slices if _lost(row) > 1e-9), key=_lost, reverse=True)

    def rows(shown: Sequence[Comparison], _: int) -> str:
        if not shown:
            return ""
        looked, told = len(record.decision.slices), sum(map(_stands_out, worse))
        summary = f"By tag and metadata: {counted(looked, 'comparison')}, {count(told) if told else 'none'} down by more than luck explains"
        note = (
            "Advisory: slices never gate. Among several comparisons some fall by luck alone; p (Holm) is corrected for all "
            f"{count(looked)}, and {counted(told, 'drop stands', 'drops stand') if told else 'no drop stands'} after that."
        )
        return details(summary, f"{table(_HEADERS, [_cells(record, row) for row in shown], (2, 3, 4))}\n\n{note}")

    return Section("tags", 3, ladder(worse[:MOST_ROWS], rows))


def _lost(row: Comparison) -> float:
    return (row.effect or 0.0) * (1 if row.lower_is_better else -1)


def _stands_out(row: Comparison) -> bool:
    """Whether the paired test calls it after Holm's correction; a drop under `min_effect` counts too."""
    return row.conclusion in (Conclusion.REGRESSION, Conclusion.TRIVIAL)


def _cells(record: RunRecord, row: Comparison) -> list[str]:
    several = len({other.metric for other in record.decision.slices}) > 1
    tag = code(row.tag, 40) + (f" {code(row.metric, 40)}" if several else "")
    bounds = interval(row.paired.ci if row.paired else None)
    p = [p_value(p).removeprefix("p ").removeprefix("= ") for p in (row.paired.p if row.paired else None, row.p_holm)]
    means = [score(row.base_mean), score(row.head_mean)]
    return [subject(record, row.suite, row.prompt), tag, count(row.n_pairs), *means, f"{difference(row.effect)} {bounds}".strip(), *p]
