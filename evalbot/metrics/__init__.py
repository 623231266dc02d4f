"""Metrics: each scores one answer; deterministic ones here, judges by asking a model through the port they are given."""

from __future__ import annotations

from evalbot.domain.ports import Metric
from evalbot.domain.registry import Registry

METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "checks": "evalbot.metrics.checks",
        "exact_match": "evalbot.metrics.exact_match",
        "judge": "evalbot.metrics.judge",
        "pairwise": "evalbot.metrics.pairwise",
        "token_f1": "evalbot.metrics.token_f1",
    },
    "evalbot.metrics",
)
