"""`summary.json`: a run for other programs, schema `evalbot.summary/1` (contract, section 9); never NaN, null instead."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from typing import Any

from evalbot.domain.record import JudgeUsed, RunRecord
from evalbot.domain.verdicts import Comparison, Duel, FailedExample, Finding, Flips, PartitionCount, Test

SCHEMA = "evalbot.summary/1"


def summary(record: RunRecord) -> dict[str, Any]:
    """The record as plain JSON values. Signs: effect, both ci and paired.t are head − base, welch.t is base − head."""
    decision = record.decision
    found = {
        "schema": SCHEMA,
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "event": record.event,
        "pull_request": record.pull_request,
        "key": record.key,
        "base_sha": record.base_sha,
        "head_sha": record.head_sha,
        "policy_sha": record.policy_sha,
        "changed_prompts": [
            {"suite": p.suite, "prompt": p.prompt, "path": p.path, "causes": [cause.value for cause in p.causes]}
            for p in record.changed
        ],
        "comparisons": [_comparison(row) for row in decision.comparisons],
        "partitions": [_partition(part) for part in decision.partitions],
        "golden": [_failed(failed) for failed in decision.failed_examples],
        "findings": [_finding(finding) for finding in decision.findings],
        "flips": [_flips(flips) for flips in decision.flips],
        "slices": [_comparison(row) | {"tag": row.tag} for row in decision.slices],
        "trend": [asdict(point) for point in record.trend],
        "suspects": [asdict(suspect) for suspect in record.suspects],
        "flakes": [asdict(flake) for flake in decision.flakes],
        "pairwise": [_duel(duel) for duel in decision.duels],
        "coverage": {
            "planned": decision.coverage.planned, "scored": decision.coverage.scored, "errors": dict(decision.coverage.errors),
        },
        "cost_usd": record.cost_usd,
        "calls": asdict(record.calls),
        "estimate": None if record.estimate is None else _lists(asdict(record.estimate)),
        "recalled": _lists(asdict(record.recalled)),
        "judges": [asdict(judge) | {"health": _health(record, judge)} for judge in record.judges],
        "started_at": record.started_at,
        "seconds": record.seconds,
        "problems": [asdict(problem) for problem in record.problems],
        "warnings": list(record.warnings),
        "not_applied": list(record.not_applied),
        "dropped_params": {model: list(names) for model, names in record.dropped_params.items()},
        "bootstrap": record.bootstrap,
        "examined": record.examined,
        "budget_usd": record.budget_usd,
        "version": record.version,
        "accept_id": record.accept_id,
        "sides": [{"suite": p.suite, "prompt": p.prompt, "sides": list(p.sides)} for p in record.changed],
        "scales": [{"suite": suite, "metric": metric, "low": low, "high": high} for (suite, metric), (low, high) in record.scales.items()],
        "report": asdict(record.options),
        "shard": None if record.shard is None else str(record.shard),
        "noise": [asdict(noise) for noise in record.noise],
        "suite": None if record.suite is None else _lists(asdict(record.suite)),
    }  # fmt: skip
    finite: dict[str, Any] = _finite(found)
    return finite


def to_json(summary: dict[str, Any]) -> str:
    """Indented JSON with a newline at its end; raises ValueError on NaN and infinities."""
    return json.dumps(summary, indent=2, ensure_ascii=True, allow_nan=False) + "\n"


def _comparison(row: Comparison) -> dict[str, Any]:
    return {
        "suite": row.suite, "prompt": row.prompt, "partition": row.partition, "metric": row.metric,
        "n_planned": row.n_planned, "n_base": row.n_base, "n_head": row.n_head, "n_pairs": row.n_pairs,
        "base_mean": row.base_mean, "head_mean": row.head_mean, "effect": row.effect,
        "conclusion": row.conclusion.value, "assurance": row.assurance.value, "gated": row.gated,
        "welch": _test(row.welch), "paired": _test(row.paired), "p_holm": row.p_holm,
        "min_detectable_effect": row.min_detectable_effect, "drop_bound": row.drop_bound,
        "min_effect": row.min_effect, "min_examples": row.min_examples, "reason": row.reason, "blocks": row.blocks,
        "correlation": row.correlation, "sd_difference": row.sd_difference, "n_changed": row.n_changed,
        "n_needed": row.n_needed, "lower_is_better": row.lower_is_better, "test": row.test, "alpha": row.alpha,
        "sd_base": row.sd_base, "sd_head": row.sd_head, "repeats": row.repeats, "n_repeats": row.n_repeats,
        "intra_example_correlation": row.intra_example_correlation, "n_missing": row.n_missing,
        "worst_case": row.worst_case.value if row.worst_case else None, "sensitive_to_missing": row.sensitive_to_missing,
        "refused": row.refused,
    }  # fmt: skip


def _test(test: Test | None) -> dict[str, Any] | None:
    if test is None:
        return None
    return {"t": test.t, "df": test.df, "p": test.p, "ci": list(test.ci) if test.ci is not None else None}


def _partition(part: PartitionCount) -> dict[str, Any]:
    return {
        "suite": part.suite, "prompt": part.prompt, "partition": part.partition, "side": part.side.value,
        "planned": part.planned, "passed": part.passed, "failed": part.failed, "unscored": part.unscored,
        "added": part.added, "latency_ms": part.latency_ms, "failure_reasons": list(part.failure_reasons),
    }  # fmt: skip


def _failed(failed: FailedExample) -> dict[str, Any]:
    return {
        "suite": failed.suite, "prompt": failed.prompt, "example": failed.example, "partition": failed.partition,
        "status": failed.status.value, "head_failures": failed.head_failures, "base_failures": failed.base_failures,
        "runs": failed.runs, "part": failed.part.value, "reasons": list(failed.reasons), "same_answer": failed.same_answer,
    }  # fmt: skip


def _flips(flips: Flips) -> dict[str, Any]:
    return {
        "suite": flips.suite, "prompt": flips.prompt, "partition": flips.partition, "n_pairs": flips.n_pairs,
        "pass_to_fail": list(flips.worse), "fail_to_pass": list(flips.better),
        "mcnemar": {"p_mid": flips.p_mid, "p_exact": flips.p_exact},
    }  # fmt: skip


def _duel(duel: Duel) -> dict[str, Any]:
    return asdict(duel) | {
        "ci": list(duel.ci) if duel.ci is not None else None, "longer_ci": list(duel.longer_ci),
        "inconsistency": duel.inconsistent / duel.asked if duel.asked else None,
    }  # fmt: skip


def _health(record: RunRecord, judge: JudgeUsed) -> dict[str, Any] | None:
    """What the run shows of a judge, and what was known of it before; None where it was not asked."""
    found = next((one for one in record.decision.judges if (one.suite, one.metric) == (judge.suite, judge.metric)), None)
    if found is None:
        return None
    measured = {key: value for key, value in asdict(found).items() if key not in ("suite", "metric", "facts")}
    facts = {key: value for key, value in asdict(found.facts).items() if key not in ("metric", "judge_id", "samples")}
    return {**measured, **facts}


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id, "rule": finding.rule.value, "level": finding.level.value, "message": finding.message,
        "suite": finding.suite, "prompt": finding.prompt, "partition": finding.partition,
        "example": finding.example, "examples": list(finding.examples), "proves": finding.proves,
    }  # fmt: skip


def _lists(found: dict[str, Any]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    return [_finite(item) for item in value] if isinstance(value, list | tuple) else value
