"""`evalbot plan`: how many examples and answers the suite needs to find a given drop, from the spread of its last run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import CouldNotRun
from evalbot.report.numbers import score
from evalbot.stats.planning import Spread, examples_to_block, examples_to_see

EPOCHS = (1, 2, 3, 5)


@dataclass(frozen=True, slots=True)
class Needed:
    """What one number of answers (or grades) an example needs.

    `to_see`: examples with which the paired test finds the drop. `to_block`: examples with which the gate blocks it, None
    where no number does.
    """

    repeats: int
    to_see: int
    to_block: int | None


@dataclass(frozen=True, slots=True)
class RowPlan:
    """One gated row of the last run, and what its spread asks for. `larger` is a drop that the gate can block surely."""

    suite: str
    prompt: str
    partition: str
    metric: str
    examples: int
    test: str
    drop: float
    min_effect: float
    spread: Spread
    correlation: float | None
    repeats: str
    needed: tuple[Needed, ...]
    larger: float
    larger_needs: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """The rows that can be planned, and a line for each that cannot."""

    started_at: str
    power: float
    rows: tuple[RowPlan, ...]
    silent: tuple[str, ...] = ()


def plan(folder: Path, drop: float | None = None, power: float = 0.8, suites: Sequence[str] = ()) -> Plan:
    """Read `summary.json` of the last run and work out what a drop needs.

    Args:
        folder: The report's folder.
        drop: The true drop to find, in points of the metric; each row's `min_effect` where None.
        power: How often it is to be found, 0 to 1.
        suites: Only these.

    Raises:
        CouldNotRun: There is no run yet, its summary cannot be read, or it compared no scores.
    """
    summary = _summary(folder / "summary.json")
    gated = [row for row in summary.get("comparisons", ()) if row.get("gated") and (not suites or row.get("suite") in suites)]
    if not gated:
        raise CouldNotRun(f"the run in {folder} compared no scores; {_HOW}")
    usable = [row for row in gated if row.get("sd_difference")]
    return Plan(
        str(summary.get("started_at", "")), power, tuple(_row(row, drop, power) for row in usable),
        tuple(_silence(row) for row in gated if row not in usable),
    )  # fmt: skip


def words(plan: Plan) -> str:
    """The plan for a terminal."""
    lines = [f"From the run of {plan.started_at}; a drop counts as found when {plan.power:.0%} of runs would find it."]
    for row in plan.rows:
        lines += ["", *_lines(row)]
    return "\n".join([*lines, *([""] if plan.silent else []), *plan.silent])


def as_json(plan: Plan) -> dict[str, Any]:
    """The plan as plain JSON values."""
    return asdict(plan)


_HOW = (
    "run `evalbot check --base main`, or `evalbot suite --aa`, first. Until then count on 60 to 100 examples to see a drop of 0.3 "
    "on a scale from 1 to 5"
)


def _summary(path: Path) -> Mapping[str, Any]:
    try:
        found = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CouldNotRun(f"there is no run in {path.parent} yet: {_HOW}") from None
    except (OSError, ValueError) as error:
        raise CouldNotRun(f"{path} cannot be read: {error}") from error
    if not isinstance(found, Mapping):
        raise CouldNotRun(f"{path} is no summary of evalbot")
    return found


def _row(row: Mapping[str, Any], drop: float | None, power: float) -> RowPlan:
    min_effect, alpha, test = float(row["min_effect"]), float(row["alpha"]), str(row["test"])
    spread = Spread(row["sd_base"], row["sd_head"], row["sd_difference"], row["n_repeats"], row["intra_example_correlation"])
    wanted, fewest, larger = drop or min_effect, int(row["min_examples"]), 1.5 * min_effect
    known = [(k, found) for k in EPOCHS if (found := spread.repeated(k)) is not None]
    if not known:  # repeats that say nothing of themselves: the run's own number is all there is
        known = [(round(spread.repeats), spread)]
    needed = tuple(
        Needed(
            k, max(fewest, examples_to_see(s, wanted, alpha, power)),
            _at_least(fewest, examples_to_block(s, wanted, alpha, power, min_effect, test)),
        )
        for k, s in known
    )  # fmt: skip
    return RowPlan(
        row["suite"], row["prompt"], row["partition"], row["metric"], row["n_pairs"], test, wanted, min_effect, spread,
        row["correlation"], row["repeats"], needed, larger,
        _at_least(fewest, examples_to_block(spread, larger, alpha, power, min_effect, test)),
    )  # fmt: skip


def _at_least(fewest: int, needed: int | None) -> int | None:
    return None if needed is None else max(fewest, needed)


def _silence(row: Mapping[str, Any]) -> str:
    where = f"{row['suite']}, {row['prompt']}, {row['partition']}, {row['metric']}"
    if row.get("sd_difference") == 0:
        return f"{where}: base and head scored alike on every example, so this run says nothing about their spread."
    return f"{where}: too few scores to tell their spread."


def _lines(row: RowPlan) -> Iterator[str]:
    unit = "grade of each answer" if row.repeats == "samples" else "answer an example"
    units = "grades of each answer" if row.repeats == "samples" else "answers an example"
    spread = row.spread
    yield (
        f"{row.suite}, {row.prompt}, {row.partition}, {row.metric}: {row.examples} examples, "
        f"{spread.repeats:g} {unit if spread.repeats == 1 else units}"
    )
    alike = "unknown (take --epochs 2 once)" if spread.intra is None else f"{spread.intra:.2f}"
    correlation = "unknown" if row.correlation is None else f"{row.correlation:.2f}"
    yield (
        f"  spread: base {score(spread.base)}, head {score(spread.head)}, differences {score(spread.difference)}; "
        f"correlation of base and head {correlation}, of repeats {alike}"
    )
    for item in row.needed:
        block = "no number blocks it" if item.to_block is None else f"{item.to_block:,} to block it ({row.test})"
        yield (
            f"  a true drop of {score(row.drop)} with {item.repeats} {unit if item.repeats == 1 else units}: "
            f"{item.to_see:,} examples to see it (paired test), {block}"
        )
    if any(item.to_block is None for item in row.needed):
        larger = "more than a million" if row.larger_needs is None else f"{row.larger_needs:,}"
        yield (
            f"  the gate also asks for an observed drop of {score(row.min_effect)}, and luck hides a true drop of no more than that half of "
            f"the time; a true drop of {score(row.larger)} needs {larger} examples to be blocked"
        )
    yield f"  {_advice(row)}"


def _advice(row: RowPlan) -> str:
    """The cheapest way on: more examples, or more answers where the examples there are would then do."""
    first = row.needed[0]
    enough = next((item for item in row.needed if item.to_see <= row.examples), None)
    if enough is first:
        return "the examples there are will do."
    more = f"add {first.to_see - row.examples:,} examples"
    if enough is None or row.repeats != "epochs":
        return f"{more}: new examples tell more than new answers to old ones."
    return f"{more}, or set `epochs: {enough.repeats}` ({math.ceil(enough.repeats * row.examples):,} answers a side)."
