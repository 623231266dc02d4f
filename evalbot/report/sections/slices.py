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
HEADERS = ("Prompt", "Slice", "n", "Base", "Head", "Δ (95% interval)", "p (paired)", "p (Holm)")


def render(record: RunRecord) -> Section:
    """A folded table of the slices that lost most; empty where none lost anything. Never gates."""

    def rows(shown: Sequence[Comparison], _: int) -> str:
        if not shown:
            return ""
        return details(heading(record), f"{table(HEADERS, [_cells(record, row) for row in shown], (2, 3, 4))}\n\n{note(record)}")

    return Section("tags", 3, ladder(fallen(record), rows))


def fallen(record: RunRecord) -> list[Comparison]:
    """The slices that lost most, at most five, the largest drop first."""
    return sorted((row for row in record.decision.slices if _lost(row) > 1e-9), key=_lost, reverse=True)[:MOST_ROWS]


def heading(record: RunRecord) -> str:
    """How many slices were looked at, and how many stand out."""
    told = _told(record)
    return f"By tag and metadata: {counted(len(record.decision.slices), 'comparison')}, {count(told) if told else 'none'} down by more than luck explains"


def note(record: RunRecord) -> str:
    """What looking at several slices does to p."""
    told = _told(record)
    return (
        "Advisory: slices never gate. Among several comparisons some fall by luck alone; p (Holm) is corrected for all "
        f"{count(len(record.decision.slices))}, and {counted(told, 'drop stands', 'drops stand') if told else 'no drop stands'} after that."
    )


def numbers(row: Comparison) -> list[str]:
    """The cells of a slice after its name."""
    bounds = interval(row.paired.ci if row.paired else None)
    p = [p_value(p).removeprefix("p ").removeprefix("= ") for p in (row.paired.p if row.paired else None, row.p_holm)]
    means = [score(row.base_mean), score(row.head_mean)]
    return [count(row.n_pairs), *means, f"{difference(row.effect)} {bounds}".strip(), *p]


def metric(record: RunRecord, row: Comparison) -> str:
    """The metric's name where several are compared, else empty."""
    return row.metric if len({other.metric for other in record.decision.slices}) > 1 else ""


def _lost(row: Comparison) -> float:
    return (row.effect or 0.0) * (1 if row.lower_is_better else -1)


def _told(record: RunRecord) -> int:
    """How many drops the paired test calls after Holm's correction; a drop under `min_effect` counts too."""
    return sum(_lost(row) > 1e-9 and row.conclusion in (Conclusion.REGRESSION, Conclusion.TRIVIAL) for row in record.decision.slices)


def _cells(record: RunRecord, row: Comparison) -> list[str]:
    also = metric(record, row)
    name = code(row.tag, 60) + (f" {code(also, 40)}" if also else "")
    return [subject(record, row.suite, row.prompt), name, *numbers(row)]
