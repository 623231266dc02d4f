"""Measured error rates as tables, with the bounds that they must keep."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Cell:
    """One measured rate.

    Attributes:
        table: What is counted.
        case: The row of that table.
        column: Its column, mostly the rule that decides.
        rate: Share of runs, 0 to 1.
        runs: How many runs it is a share of; 0 where it is a closed form.
        limit: The published bound, None where the number only informs.
        at_least: Whether the bound is from below.
    """

    table: str
    case: str
    column: str
    rate: float
    runs: int
    limit: float | None = None
    at_least: bool = False

    @property
    def met(self) -> bool:
        """Whether the rate keeps its bound; True without one."""
        if self.limit is None:
            return True
        return self.rate >= self.limit if self.at_least else self.rate <= self.limit


def missed(cells: Iterable[Cell]) -> list[Cell]:
    """The cells that break their published bound."""
    return [cell for cell in cells if not cell.met]


def table(cells: Sequence[Cell]) -> str:
    """The cells as Markdown tables, rates in per cent, and at last whether every bound is kept."""
    parts = [_section(title, [c for c in cells if c.table == title]) for title in dict.fromkeys(c.table for c in cells)]
    broken = missed(cells)
    bounds = sum(cell.limit is not None for cell in cells)
    verdict = f"All {bounds} bounds are kept." if bounds else "No bound was checked."
    if broken:
        verdict = f"{len(broken)} of {bounds} bounds are broken:"
    lines = [f"- {c.table}; {c.case}; {c.column}: {_percent(c)}" for c in broken]
    return "\n\n".join([*parts, "\n".join([verdict, *lines])]) + "\n"


def _section(title: str, cells: Sequence[Cell]) -> str:
    columns, found = list(dict.fromkeys(c.column for c in cells)), {(c.case, c.column): c for c in cells}
    runs = sorted({c.runs for c in cells if c.runs})
    note = "closed form" if not runs else f"{runs[0]:,} runs" if len(runs) == 1 else f"{runs[0]:,} to {runs[-1]:,} runs"
    lines = [f"**{title}**, % ({note})", "", "| | " + " | ".join(columns) + " |", "|---|" + "---|" * len(columns)]
    for case in dict.fromkeys(c.case for c in cells):
        shown = [_percent(found[case, column]) if (case, column) in found else "" for column in columns]
        lines.append(f"| {case} | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _percent(cell: Cell) -> str:
    rate = 100 * cell.rate
    number = f"{rate:.0f}" if rate in (0, 100) else f"{rate:.1f}"
    if cell.limit is None:
        return number
    return f"{number} ({'≥' if cell.at_least else '≤'} {100 * cell.limit:g}{'' if cell.met else ', broken'})"
