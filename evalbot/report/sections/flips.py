"""Examples that pass on one side and fail on the other, row by row, with McNemar's test."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Flips
from evalbot.report.escape import code
from evalbot.report.labels import subject
from evalbot.report.numbers import count, counted, p_value
from evalbot.report.section import Section, ladder
from evalbot.report.table import details

MOST_NAMED = 8


def render(record: RunRecord) -> Section:
    """A folded line a prompt × partition that has flips; empty where nothing flipped."""
    rows = [flips for flips in record.decision.flips if flips.worse or flips.better]
    rows.sort(key=lambda flips: len(flips.better) - len(flips.worse))

    def lines(shown: Sequence[Flips], left_out: int) -> str:
        if not shown:
            return ""
        worse, better = (sum(map(len, side)) for side in ([f.worse for f in rows], [f.better for f in rows]))
        more = [f"- and {counted(left_out, 'more row')} in `summary.json`"] if left_out else []
        summary = f"Flips: {count(worse)} from pass to fail, {count(better)} from fail to pass"
        note = "Counted by first answers, before confirmation; advisory."
        return details(summary, "\n".join([*(_line(record, flips) for flips in shown), *more]) + f"\n\n{note}")

    return Section("flips", 4, ladder(rows, lines))


def _line(record: RunRecord, flips: Flips) -> str:
    sides = ((flips.worse, "pass → fail"), (flips.better, "fail → pass"))
    words = "; ".join(f"{count(len(ids))} {what}{_named(ids)}" for ids, what in sides)
    where = f"{subject(record, flips.suite, flips.prompt)} {flips.partition}"
    return f"- {where}, {counted(flips.n_pairs, 'example')}: {words} (McNemar mid-{p_value(flips.p_mid)})"


def _named(ids: Sequence[str]) -> str:
    if not ids:
        return ""
    more = f" and {count(len(ids) - MOST_NAMED)} more" if len(ids) > MOST_NAMED else ""
    return ": " + ", ".join(code(name, 60) for name in ids[:MOST_NAMED]) + more
