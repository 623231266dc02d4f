"""Metrics: each scores one answer; deterministic ones here, judges by asking a model through the port they are given."""

from __future__ import annotations

from evalbot.domain.ports import Metric
from evalbot.domain.registry import Registry

METRICS: Registry[Metric] = Registry(
    "metric",
    {
        "answer_relevance": "evalbot.metrics.answer_relevance",
        "checklist": "evalbot.metrics.checklist",
        "checks": "evalbot.metrics.checks",
        "context_precision": "evalbot.metrics.context_precision",
        "context_recall": "evalbot.metrics.context_recall",
        "cost": "evalbot.metrics.cost",
        "exact_match": "evalbot.metrics.exact_match",
        "factuality": "evalbot.metrics.factuality",
        "hallucination": "evalbot.metrics.hallucination",
        "json_schema": "evalbot.metrics.json_schema",
        "judge": "evalbot.metrics.judge",
        "latency": "evalbot.metrics.latency",
        "length": "evalbot.metrics.length",
        "pairwise": "evalbot.metrics.pairwise",
        "refusal": "evalbot.metrics.refusal",
        "semantic_similarity": "evalbot.metrics.semantic_similarity",
        "token_f1": "evalbot.metrics.token_f1",
        "tool_calls": "evalbot.metrics.tool_calls",
    },
    "evalbot.metrics",
)
