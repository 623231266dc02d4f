"""Examples that do not stay put: those that flip between the sides, and those whose answers on one side disagree."""

from __future__ import annotations

from collections.abc import Iterator

from evalbot.domain.runs import Part, Side
from evalbot.domain.verdicts import Flake, Flips
from evalbot.gate.evidence import Cell, Evidence, passes
from evalbot.stats.flips import mcnemar


def flips(evidence: Evidence) -> Iterator[Flips]:
    """A line per prompt × partition with examples that passed or failed on both sides; by first answers, policy's rows only."""
    for cell in evidence.cells:
        known = list(_known(evidence, cell))
        if known:
            worse = tuple(example for example, base, head in known if base and not head)
            better = tuple(example for example, base, head in known if head and not base)
            p = mcnemar(len(worse), len(better))
            yield Flips(evidence.suite, cell[0], str(cell[1]), worse, better, len(known), p.mid_p, p.exact)


def flakes(evidence: Evidence) -> Iterator[Flake]:
    """Every example and side with answers that pass and answers that fail, confirmations included."""
    for cell in evidence.cells:
        for part in (Part.EXAM, Part.ADDED):
            for side in Side:
                for example in evidence.planned(cell, side, part):
                    rows = [*evidence.first_rows(cell[0], side, example), *evidence.confirmations(cell[0], side, example)]
                    judged = [row.passed for row in rows if row.passed is not None]
                    if len(set(judged)) > 1:
                        yield Flake(evidence.suite, cell[0], example.id, str(cell[1]), side, judged.count(False), len(judged))


def _known(evidence: Evidence, cell: Cell) -> Iterator[tuple[str, bool, bool]]:
    at_base = {example.id: example for example in evidence.planned(cell, Side.BASE)}
    for example in evidence.planned(cell, Side.HEAD):
        if example.id in at_base:
            base = passes(evidence.first_rows(cell[0], Side.BASE, at_base[example.id]))
            head = passes(evidence.first_rows(cell[0], Side.HEAD, example))
            if base is not None and head is not None:
                yield example.id, base, head
