"""The last runs of a suite on the default branch, from the log on `evalbot-history`; they are shown and decide nothing."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from evalbot.app.run_log import SCHEMA, log_file
from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.history import History
from evalbot.domain.pulls import Refused
from evalbot.domain.record import RunRecord
from evalbot.domain.trend import TrendCell, TrendPoint

MOST_RUNS = 5
MOST_SUITES = 3
_Z95 = 1.96


def with_trends(record: RunRecord, history: History) -> RunRecord:
    """The record with the last runs of each suite that it compared; as it was where there are none, or they cannot be read."""
    tested = {row.suite: row.metric for row in reversed(record.decision.comparisons)}
    points: list[TrendPoint] = []
    for suite, metric in sorted(tested.items())[:MOST_SUITES]:
        try:
            points += _points(history.read(log_file(record.key, suite)), suite, metric)
        except (CouldNotRun, Refused, ValueError):
            continue
    return replace(record, trend=tuple(points)) if points else record


def _points(text: str, suite: str, metric: str) -> Iterator[TrendPoint]:
    """The newest runs, newest first; lines of another version are passed over."""
    found: list[Mapping[str, Any]] = []
    for line in reversed(text.splitlines()):
        try:
            run: Any = parse_json(line)
        except ValueError:
            continue
        if isinstance(run, Mapping) and run.get("schema") == SCHEMA and len(found) < MOST_RUNS:
            found.append(run)
    for run in found:
        cells = tuple(_cell(cell, metric) for cell in run.get("cells", ()) if isinstance(cell, Mapping))
        yield TrendPoint(suite, str(run.get("at", "")), str(run.get("commit", "")), str(run.get("verdict", "")), cells)


def _cell(cell: Mapping[str, Any], metric: str) -> TrendCell:
    scored = cell.get("metrics", {}).get(metric) if isinstance(cell.get("metrics"), Mapping) else None
    base = TrendCell(str(cell.get("prompt", "")), str(cell.get("partition", "")), int(cell.get("passed", 0)), int(cell.get("answers", 0)))
    if not isinstance(scored, Mapping) or not isinstance(scored.get("mean"), int | float):
        return base
    n, variance = scored.get("n"), scored.get("variance")
    half = _Z95 * math.sqrt(variance / n) if isinstance(variance, int | float) and isinstance(n, int) and n > 1 else None
    return replace(base, metric=metric, mean=float(scored["mean"]), half_width=half)
