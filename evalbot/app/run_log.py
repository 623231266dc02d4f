"""The log of a suite's runs on the branch `evalbot-history`: a line a run, from which trends are drawn."""

from __future__ import annotations

import json
from math import fsum

from evalbot.domain.history import Change, history_file
from evalbot.domain.record import RunRecord
from evalbot.domain.runs import Row, Side
from evalbot.domain.scores import ScoreStatus

SCHEMA = "evalbot.run/1"
FOLDER = "runs"
MOST_LINES = 2000


def log_file(key: str, suite: str) -> str:
    """Where a suite's runs are."""
    return history_file(FOLDER, key, suite)


def logged(record: RunRecord, suite: str) -> Change:
    """The file with this run as its last line; the oldest lines go."""
    line = json.dumps(_line(record, suite), sort_keys=True, allow_nan=False)

    def change(before: str) -> str:
        return "".join(f"{kept}\n" for kept in [*before.splitlines(), line][-MOST_LINES:])

    return change


def _line(record: RunRecord, suite: str) -> dict[str, object]:
    """Verdict and numbers of one suite: pass counts and means with their spread, by prompt and partition."""
    head = [row for row in record.rows if row.suite == suite and row.side is Side.HEAD and not row.confirmation]
    cells = sorted({(row.prompt, str(row.partition)) for row in head})
    costs = [row.cost_usd for row in head]
    return {
        "schema": SCHEMA, "suite": suite, "at": record.started_at, "commit": record.head_sha, "event": record.event,
        "verdict": str(record.decision.verdict), "baseline": record.suite.against.get(suite, "") if record.suite else "",
        "findings": sorted({str(finding.rule) for finding in record.decision.findings if finding.suite == suite}),
        "cost_usd": None if None in costs else fsum(cost for cost in costs if cost is not None),
        "cells": [_cell(prompt, partition, [row for row in head if (row.prompt, str(row.partition)) == (prompt, partition)])
                  for prompt, partition in cells],
    }  # fmt: skip


def _cell(prompt: str, partition: str, rows: list[Row]) -> dict[str, object]:
    names = sorted({name for row in rows for name, score in row.scores.items() if score.status is ScoreStatus.SCORED})
    passed = [row.passed for row in rows]
    return {
        "prompt": prompt, "partition": partition, "answers": len(rows), "passed": passed.count(True), "failed": passed.count(False),
        "unscored": passed.count(None), "metrics": {name: _spread(rows, name) for name in names},
    }  # fmt: skip


def _spread(rows: list[Row], name: str) -> dict[str, object]:
    """Mean and variance over examples, each the mean of its epochs, as the score test counts them."""
    by_example: dict[str, list[float]] = {}
    for row in rows:
        score = row.scores.get(name)
        if score is not None and score.status is ScoreStatus.SCORED and score.value is not None:
            by_example.setdefault(row.example, []).append(score.value)
    means = [fsum(values) / len(values) for values in by_example.values()]
    mean = fsum(means) / len(means)
    variance = fsum((value - mean) ** 2 for value in means) / (len(means) - 1) if len(means) > 1 else None
    return {"n": len(means), "mean": mean, "variance": variance}
