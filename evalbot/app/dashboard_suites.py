"""The logs of suites' runs on `evalbot-history` → runs, trends with intervals and costs of the dashboard."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from evalbot.app.dashboard_production import COST_DAYS, share
from evalbot.app.run_log import log_file
from evalbot.app.trends import cells_of, logged_runs, mean_of
from evalbot.domain.dashboard import CostShown, Estimate, Point, RunShown, SuiteShown, Trend
from evalbot.domain.examples import Partition
from evalbot.domain.history import History

MOST_RUNS = 60
_PARTITIONS = [str(partition) for partition in Partition]


def suite_shown(name: str, owner: str, key: str, history: History) -> SuiteShown:
    """A suite as its log has it; without a line nothing was measured. Raises CouldNotRun where the branch cannot be read."""
    runs = [(when, run) for run in logged_runs(history.read(log_file(key, name)), MOST_RUNS) if (when := _seconds(run.get("at"))) is not None]
    shown = tuple(_run(when, run) for when, run in runs)
    return SuiteShown(name, owner, shown, tuple(_trends(list(reversed(runs)))))


def suite_cost(suite: SuiteShown, now: float) -> CostShown:
    """What its runs cost in each of the spans; a span without a run is left out, one with an unknown price is unknown."""
    spent: dict[str, float | None] = {}
    for name, seconds in COST_DAYS.items():
        costs = [run.cost_usd for run in suite.runs if 0 <= now - run.at <= seconds]
        if costs:
            spent[name] = None if None in costs else math.fsum(cost for cost in costs if cost is not None)
    return CostShown(f"suite {suite.name}", spent)


def _run(when: float, run: Mapping[str, Any]) -> RunShown:
    findings, cost = run.get("findings"), run.get("cost_usd")
    known = tuple(map(str, findings)) if isinstance(findings, list) else ()
    return RunShown(when, str(run.get("commit", "")), str(run.get("verdict", "")), str(run.get("event", "")), known, _number(cost))


def _trends(runs: Sequence[tuple[float, Mapping[str, Any]]]) -> Iterable[Trend]:
    """Passes and every metric of each prompt × partition, in the order of the contract's partitions."""
    points: dict[tuple[str, str, str], list[Point]] = {}
    for when, run in runs:
        label = f"{str(run.get('commit', ''))[:7]} {run.get('verdict', '')}"
        for cell in cells_of(run):
            place = str(cell.get("prompt", "")), str(cell.get("partition", ""))
            points.setdefault((*place, ""), []).append(Point(when, _passes(cell), label))
            metrics = cell.get("metrics")
            for metric in metrics if isinstance(metrics, Mapping) else ():
                if found := _mean(cell, metric):
                    points.setdefault((*place, str(metric)), []).append(Point(when, found, label))
    for (prompt, partition, metric), some in sorted(points.items(), key=lambda item: (item[0][0], _rank(item[0][1]), item[0][2])):
        yield Trend(prompt, partition, metric, tuple(some))


def _passes(cell: Mapping[str, Any]) -> Estimate:
    passed, failed = (value if isinstance(value := cell.get(name), int) and value >= 0 else 0 for name in ("passed", "failed"))
    return share(passed, passed + failed)


def _mean(cell: Mapping[str, Any], metric: str) -> Estimate | None:
    found = mean_of(cell, metric)
    if found is None or not math.isfinite(found[1]):
        return None
    n, mean, half = found
    return Estimate(n, mean) if half is None else Estimate(n, mean, mean - half, mean + half)


def _rank(partition: str) -> int:
    return _PARTITIONS.index(partition) if partition in _PARTITIONS else len(_PARTITIONS)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) else None


def _seconds(value: object) -> float | None:
    try:
        when = datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp()
