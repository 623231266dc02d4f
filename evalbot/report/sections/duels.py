"""Which side's answers a pairwise judge preferred, with how often place and length moved it; never a gate."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Duel
from evalbot.report.escape import code
from evalbot.report.labels import subject
from evalbot.report.numbers import MISSING, count, p_value, percent, relative
from evalbot.report.section import Section, ladder
from evalbot.report.table import table

_HEADERS = ("Prompt", "Partition", "n", "Head wins", "Ties", "Base wins", "Head's share of decided (95% interval)", "p (sign test)")


def render(record: RunRecord) -> Section:
    """A table and a line on place and length for each pairwise metric; empty where none compared anything."""
    rows = [duel for duel in record.decision.duels if duel.n_planned]

    def tables(shown: Sequence[Duel], left_out: int) -> str:
        parts = []
        for (suite, metric), own in groupby(shown, key=lambda duel: (duel.suite, duel.metric)):
            listed = list(own)
            parts.append(
                f"**Side by side by {code(metric, 40)}** (informs, never gates):\n\n"
                + table(_HEADERS, [_cells(record, duel) for duel in listed], (2, 3, 4, 5))
                + f"\n\n{_health([duel for duel in rows if (duel.suite, duel.metric) == (suite, metric)])}"
            )
        more = [f"{count(left_out)} more rows in `summary.json`."] if left_out and shown else []
        return "\n\n".join([*parts, *more])

    return Section("side by side", 5, ladder(rows, tables))


def _cells(record: RunRecord, duel: Duel) -> list[str]:
    partition = "all partitions" if duel.partition == "all" else duel.partition
    n = count(duel.n_pairs) if duel.n_pairs == duel.n_planned else f"{count(duel.n_pairs)} of {count(duel.n_planned)}"
    share, p = "void", "void"
    if not duel.void:
        bounds = f" ({percent(duel.ci[0])} to {percent(duel.ci[1])})" if duel.ci and duel.win_rate is not None else ""
        share, p = percent(duel.win_rate) + bounds, p_value(duel.p).removeprefix("p ").removeprefix("= ")
    return [subject(record, duel.suite, duel.prompt), partition, n, count(duel.wins), count(duel.ties), count(duel.losses), share, p]


def _health(rows: Sequence[Duel]) -> str:
    single = [duel for duel in rows if duel.partition != "all"]
    asked, inconsistent, same = (sum(values) for values in zip(*((d.asked, d.inconsistent, d.identical) for d in single), strict=True))
    said = [f"Asked in both orders, the judge preferred the same place in {count(inconsistent)} of {count(asked)} pairs; those count as ties."]
    if any(duel.void for duel in rows):
        said.append("That is more than 30%: the column is void.")
    if same:
        said.append(f"{count(same)} of the ties {'is one identical answer' if same == 1 else 'are identical answers'}, which nobody was asked about.")
    return " ".join([*said, *_length(single)])


def _length(rows: Sequence[Duel]) -> list[str]:
    won, decided = sum(duel.longer_won for duel in rows), sum(duel.longer_decided for duel in rows)
    pairs = sum(duel.n_pairs for duel in rows)
    if not decided or not pairs:
        return []
    base, head = (sum(values) / pairs for values in zip(*((d.base_length * d.n_pairs, d.head_length * d.n_pairs) for d in rows), strict=True))
    leaning = " Length may decide here more than quality." if any(duel.leans for duel in rows) and won * 2 > decided else ""
    return [f"The longer answer won {count(won)} of {count(decided)} decided; head's answers are {_longer(base, head)}.{leaning}"]


def _longer(base: float, head: float) -> str:
    share = relative(base, head).strip("+−")
    if share in ("0%", MISSING):
        return "about as long as base's"
    return f"{share} {'longer' if head > base else 'shorter'} than base's"
