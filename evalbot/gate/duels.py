"""What pairwise judges preferred, by prompt and partition; it informs, and says when the judge cannot be believed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import fsum

from evalbot.domain.examples import Example
from evalbot.domain.runs import Row, Side
from evalbot.domain.scores import Score, ScoreStatus
from evalbot.domain.verdicts import Duel
from evalbot.gate.evidence import Cell, Evidence
from evalbot.stats.preferences import length_pull, preferences

ALL = "all"
MOST_INCONSISTENT = 0.3  # above it the judge's preference is mostly a matter of place


@dataclass(frozen=True, slots=True)
class _Compared:
    """One example: the mean balance of its epochs, what was asked for it, and the answers' mean lengths."""

    balance: float
    identical: bool
    asked: int
    inconsistent: int
    base_length: float
    head_length: float


def duels(evidence: Evidence) -> Iterator[Duel]:
    """A row a prompt, partition and pairwise metric, and one over all partitions where there are several.

    A metric is void in all of them, or in none: it is one judge, and place moves it or does not.
    """
    for metric in evidence.comparing:
        rows = [(prompt, cells, _of_cells(evidence, cells, metric)) for prompt, cells in _places(evidence)]
        single = [found for _, cells, found in rows if len(cells) == 1]
        void = _inconsistent([one for found in single for one in found.values()])
        for prompt, cells, found in rows:
            planned = sum(len(list(evidence.planned(cell, Side.HEAD))) for cell in cells)
            yield _duel(evidence, prompt, str(cells[0][1]) if len(cells) == 1 else ALL, metric, planned, list(found.values()), void)


def _places(evidence: Evidence) -> Iterator[tuple[str, list[Cell]]]:
    """Each prompt with two sides: its partitions one by one, then all together."""
    for prompt in (changed.prompt for changed in evidence.changed if set(changed.sides) == set(Side)):
        cells = [cell for cell in evidence.cells if cell[0] == prompt]
        yield from ((prompt, [cell]) for cell in cells)
        if len(cells) > 1:
            yield prompt, cells


def _of_cells(evidence: Evidence, cells: Sequence[Cell], metric: str) -> dict[str, _Compared]:
    found = {}
    for cell in cells:
        for example in evidence.planned(cell, Side.HEAD):
            one = _of_example(evidence, cell[0], example, metric)
            if one is not None:
                found[example.id] = one
    return found


def _of_example(evidence: Evidence, prompt: str, example: Example, metric: str) -> _Compared | None:
    at_base = {row.epoch: row for row in evidence.first_rows(prompt, Side.BASE, example)}
    pairs = [
        (row, at_base[row.epoch], score)
        for row in evidence.first_rows(prompt, Side.HEAD, example)
        if row.epoch in at_base and (score := row.scores.get(metric)) is not None and score.status is ScoreStatus.SCORED
    ]
    if not pairs:
        return None
    values = [score.value or 0.0 for _, _, score in pairs]
    asked, wavering = (sum(_count(score, key) for _, _, score in pairs) for key in ("asked", "inconsistent"))
    return _Compared(
        fsum(values) / len(values), all(head.output == base.output for head, base, _ in pairs), asked, wavering,
        _length([base for _, base, _ in pairs]), _length([head for head, _, _ in pairs]),
    )  # fmt: skip


def _duel(
    evidence: Evidence, prompt: str, partition: str, metric: str, planned: int, found: Sequence[_Compared], void: bool
) -> Duel:
    sums = preferences(one.balance for one in found)
    pull = length_pull((one.balance, one.head_length - one.base_length) for one in found)
    decided = not void and bool(found)
    return Duel(
        evidence.suite, prompt, partition, metric, planned, len(found), sums.wins, sums.ties, sums.losses,
        sum(one.identical for one in found), sums.p if decided else None, sums.p_mid if decided else None,
        None if void else sums.win_rate, sums.ci if decided else None, sum(one.asked for one in found),
        sum(one.inconsistent for one in found), void, pull.longer_won, pull.decided, pull.ci,
        _mean([one.base_length for one in found]), _mean([one.head_length for one in found]),
    )  # fmt: skip


def _inconsistent(found: Sequence[_Compared]) -> bool:
    asked = sum(one.asked for one in found)
    return asked > 0 and sum(one.inconsistent for one in found) > MOST_INCONSISTENT * asked


def _count(score: Score, key: str) -> int:
    detail: Mapping[str, object] = score.detail
    value = detail.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else 0


def _length(rows: Sequence[Row]) -> float:
    return _mean([float(len(row.output or "")) for row in rows])


def _mean(values: Sequence[float]) -> float:
    return fsum(values) / len(values) if values else 0.0
