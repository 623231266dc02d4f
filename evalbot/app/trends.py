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


def logged_runs(text: str, most: int) -> Iterator[Mapping[str, Any]]:
    """The newest runs of a log, newest first; lines of another version and torn ones are passed over."""
    left = most
    for line in reversed(text.splitlines()):
        try:
            run: Any = parse_json(line)
        except ValueError:
            continue
        if left and isinstance(run, Mapping) and run.get("schema") == SCHEMA:
            left -= 1
            yield run


def cells_of(run: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The prompt × partition parts of a run."""
    cells = run.get("cells", ())
    yield from (cell for cell in cells if isinstance(cell, Mapping)) if isinstance(cells, list) else ()


def mean_of(cell: Mapping[str, Any], metric: str) -> tuple[int, float, float | None] | None:
    """How many examples, their mean and its 95 % half width; None where the metric scored nothing there."""
    metrics = cell.get("metrics")
    scored = metrics.get(metric) if isinstance(metrics, Mapping) else None
    if not isinstance(scored, Mapping) or not isinstance(scored.get("mean"), int | float):
        return None
    n, variance = scored.get("n"), scored.get("variance")
    half = _Z95 * math.sqrt(variance / n) if isinstance(variance, int | float) and isinstance(n, int) and n > 1 else None
    return n if isinstance(n, int) else 0, float(scored["mean"]), half


def _points(text: str, suite: str, metric: str) -> Iterator[TrendPoint]:
    for run in logged_runs(text, MOST_RUNS):
        cells = tuple(_cell(cell, metric) for cell in cells_of(run))
        yield TrendPoint(suite, str(run.get("at", "")), str(run.get("commit", "")), str(run.get("verdict", "")), cells)


def _cell(cell: Mapping[str, Any], metric: str) -> TrendCell:
    base = TrendCell(str(cell.get("prompt", "")), str(cell.get("partition", "")), int(cell.get("passed", 0)), int(cell.get("answers", 0)))
    found = mean_of(cell, metric)
    return base if found is None else replace(base, metric=metric, mean=found[1], half_width=found[2])
