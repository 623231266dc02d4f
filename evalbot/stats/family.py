"""All comparisons of a run together: adjusted p-values, and which rows block."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from evalbot.domain.policy import ScoreGate
from evalbot.domain.verdicts import Comparison, Conclusion, Test
from evalbot.stats.changed import changed
from evalbot.stats.conclude import assurance, by_pairs, by_welch, rules_out
from evalbot.stats.multiple import holm

Adjusted = Mapping[int, float]  # position of a row → adjusted p


def adjust(comparisons: Sequence[Comparison], gates: Mapping[str, ScoreGate]) -> Sequence[Comparison]:
    """The rows of a whole run with `p_holm`, `blocks` and the final `assurance` set, in the order given.

    The family is every gated row with enough data, whatever its suite. `p_holm` is Holm's adjusted p of the paired test
    where the suite's `test` is `paired` or `either`, else of Welch's. A gated row blocks

    - under `welch` when Welch's test says regression, under `paired` when the paired test does, under `either` when one
      of them does; with `multiplicity: holm` by adjusted p-values (under `either` each test over its own family);
    - under `non_inferiority` also when it neither improves nor rules out a worsening of `min_effect`.

    `likely_drop` only warns, yet is held to Holm's adjusted paired p, since it is looked for in every row. A row without
    enough data never blocks: the gate's `insufficient` and the coverage decide about those.

    Args:
        comparisons: Rows of `compare`; rows that are not gated pass through.
        gates: The score gate of each suite, by name.

    Raises:
        ValueError: A row's suite has no gate.
    """
    rows = list(comparisons)
    if missing := {row.suite for row in rows} - gates.keys():
        raise ValueError(f"no score gate for suite {min(missing)!r}")
    family = [i for i, row in enumerate(rows) if row.gated and row.conclusion is not Conclusion.INSUFFICIENT_DATA]
    own = _holm(family, lambda i: rows[i].welch if gates[rows[i].suite].test == "welch" else rows[i].paired)
    welch, paired = _holm(family, lambda i: rows[i].welch), _holm(family, lambda i: rows[i].paired)
    for i in family:
        row, gate = rows[i], gates[rows[i].suite]
        welch_p = own.get(i) if gate.test == "welch" else welch.get(i)
        rows[i] = changed(
            row,
            p_holm=own.get(i),
            blocks=_blocks(row, gate, welch_p, own.get(i)),
            assurance=assurance(row, row.conclusion, gate.alpha, paired.get(i)),
        )
    return rows


def _holm(family: Sequence[int], test: Callable[[int], Test | None]) -> Adjusted:
    found = {i: t.p for i in family if (t := test(i)) is not None and t.p is not None}
    return dict(zip(found, holm(list(found.values())), strict=True))


def _blocks(row: Comparison, gate: ScoreGate, welch_p: float | None, paired_p: float | None) -> bool:
    if gate.multiplicity == "none":
        welch_p = paired_p = None  # each test by its own p
    if gate.test != "paired" and by_welch(row, gate.alpha, welch_p) is Conclusion.REGRESSION:
        return True
    if gate.test != "welch" and by_pairs(row, gate.alpha, paired_p) is Conclusion.REGRESSION:
        return True
    return gate.non_inferiority and row.conclusion is not Conclusion.IMPROVEMENT and not rules_out(row)
