"""`evalbot merge`: what shards (or any runs) have measured, decided upon as if one run had measured it all; no model is called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from evalbot.adapters.cache import NoCache
from evalbot.adapters.journal import earlier_lines
from evalbot.adapters.lines import FileLines
from evalbot.app.review import CheckOptions, Measure, review
from evalbot.app.wiring import World
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.record import Calls, RunRecord
from evalbot.domain.runs import Row
from evalbot.domain.shards import Shard


def merge(root: Path, folders: Sequence[Path], options: CheckOptions, world: World) -> RunRecord:
    """Compare as `evalbot check` does, from the rows in these report folders only.

    A row counts where it is the answer to what this comparison plans: same example, same request, same metrics. So the order
    of the folders makes no difference, merging again makes none, and rows of another commit do no harm. What is planned
    and in none of the folders makes the verdict `inconclusive`, however much there is of the rest.

    Args:
        folders: Report folders of shards; one that holds nothing yet is a shard that is missing.
        options: As the shards were run with, but for `shard`.

    Raises:
        ConfigError: A folder does not exist.
    """
    absent = [Problem("there is no such folder.", str(folder), hint="Name the report folders of the shards.") for folder in folders if not folder.is_dir()]
    if absent:
        raise ConfigError(absent)
    merging = replace(options, measure=Measure.MERGE, shards=_count(folders))
    record = review(root, merging, replace(world, cache=NoCache, earlier=lambda: list(_lines(folders))))
    return replace(record, cost_usd=_cost(record.rows), calls=_calls(record.rows))


def _lines(folders: Sequence[Path]) -> Iterator[FileLines]:
    for folder in folders:
        lines = earlier_lines(folder)
        if lines is not None:
            yield lines


def _count(folders: Sequence[Path]) -> int | None:
    """How many shards there are, as their summaries say; None where they say nothing, or not the same."""
    found = {shard.count for folder in folders if (shard := _shard(folder / "summary.json")) is not None}
    return found.pop() if len(found) == 1 else None


def _shard(summary: Path) -> Shard | None:
    try:
        found: Json = parse_json(summary.read_text(encoding="utf-8"))
        return Shard.read(str(found["shard"])) if isinstance(found, dict) and found.get("shard") else None
    except (OSError, ValueError):
        return None


def _calls(rows: Sequence[Row]) -> Calls:
    """What the shards' calls add up to; what they retried in vain is not in their rows."""
    asked = sum(row.answered and not row.shared and not row.cached for row in rows)
    return Calls(asked, sum(row.judge_calls for row in rows), sum(row.cached_calls for row in rows), sum(row.retried for row in rows))


def _cost(rows: Sequence[Row]) -> float | None:
    parts = [0.0 if row.shared or row.cached or not row.answered else row.cost_usd for row in rows] + [row.judge_usd for row in rows]
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
