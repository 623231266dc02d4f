"""Values for tests: each builder asks only for what matters to the case and fills in the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from evalbot.domain.examples import Example, Partition
from evalbot.domain.judges import JudgeFacts, JudgeHealth
from evalbot.domain.models import Outcome
from evalbot.domain.record import Calls, JudgeUsed, RunRecord
from evalbot.domain.runs import Cause, ChangedPrompt, Part, Row, Side
from evalbot.domain.scores import Score
from evalbot.domain.verdicts import (
    Assurance,
    Comparison,
    Conclusion,
    Coverage,
    Decision,
    Duel,
    FailedExample,
    Finding,
    Flips,
    Level,
    PartitionCount,
    PassStatus,
    Rule,
    Test,
    Verdict,
)

BASE_SHA = "a41c9e2" + "0" * 33
HEAD_SHA = "7be03f1" + "1" * 33
PROMPT = "prompts/support"
SUITE = "support"


def an_example(example: str = "g-01", partition: Partition | str = "golden", **fields: Any) -> Example:
    fields.setdefault("input", {"user_input": "May I have my money back after 31 days?"})
    return Example(id=example, partition=Partition(partition), **fields)


def a_row(
    example: Example | str = "g-01", side: Side | str = "head", *, output: str | None = "Yes.", judge: float | None = None,
    reason: str = "", passed: bool | None = True, **fields: Any,
) -> Row:  # fmt: skip
    example = an_example(example) if isinstance(example, str) else example
    scores = {"judge": Score.scored(judge, passed, reason)} if judge is not None else {}
    scores |= fields.pop("scores", {})
    if judge is None and reason:
        fields["reason"] = reason
    known = {"latency_ms": 812.0, "cost_usd": 0.0021, "outcome": Outcome.OK if output is not None else None} | fields
    return Row(
        suite=known.pop("suite", SUITE), prompt=known.pop("prompt", PROMPT), side=Side(side), example=example.id,
        example_hash=example.hash, partition=example.partition, part=Part(known.pop("part", "exam")), epoch=0,
        confirmation=known.pop("confirmation", 0), request_hash="", output=output, passed=passed, scores=scores, **known,
    )  # fmt: skip


def a_comparison(partition: str = "regression", **fields: Any) -> Comparison:
    known: dict[str, Any] = {
        "suite": SUITE, "prompt": PROMPT, "metric": "judge", "n_planned": 40, "n_base": 40, "n_head": 40, "n_pairs": 40,
        "base_mean": 4.40, "head_mean": 4.38, "effect": -0.02, "conclusion": Conclusion.NO_CHANGE, "assurance": Assurance.RULED_OUT,
        "gated": True, "welch": Test(0.12, 77.8, 0.905, (-0.36, 0.32)), "paired": Test(-0.3, 39.0, 0.766, (-0.15, 0.11)),
        "p_holm": 0.905, "min_detectable_effect": 0.37, "drop_bound": 0.18,
    }  # fmt: skip
    return Comparison(partition=partition, **(known | fields))


def a_regression(partition: str = "regression", **fields: Any) -> Comparison:
    known: dict[str, Any] = {
        "head_mean": 3.60, "effect": -0.80, "conclusion": Conclusion.REGRESSION, "assurance": Assurance.SHOWN, "blocks": True,
        "welch": Test(2.9, 71.2, 0.005, (-1.35, -0.25)), "paired": Test(-5.1, 39.0, 9e-06, (-1.1, -0.5)), "p_holm": 0.005,
        "min_detectable_effect": 0.61, "drop_bound": 1.2,
    }  # fmt: skip
    return a_comparison(partition, **(known | fields))


def a_slice(tag: str, **fields: Any) -> Comparison:
    """A comparison of the examples that carry a tag."""
    effect = fields.setdefault("effect", -0.02)
    known: dict[str, Any] = {
        "tag": tag, "gated": False, "test": "paired", "n_planned": 14, "n_base": 14, "n_head": 14, "n_pairs": 14,
        "paired": Test(effect / 0.26, 13.0, fields.get("p_holm", 0.9) / 3, (effect - 0.56, effect + 0.56)),
    }  # fmt: skip
    return a_comparison("all", **(known | fields))


def a_flips(partition: str = "regression", **fields: Any) -> Flips:
    known: dict[str, Any] = {
        "suite": SUITE, "prompt": PROMPT, "worse": (), "better": (), "n_pairs": 40, "p_mid": 1.0, "p_exact": 1.0,
    }  # fmt: skip
    return Flips(partition=partition, **(known | fields))


def a_count(
    partition: str = "regression", side: Side | str = "head", passed: int = 40, failed: int = 0, **fields: Any
) -> PartitionCount:
    known: dict[str, Any] = {
        "suite": SUITE, "prompt": PROMPT, "planned": passed + failed, "unscored": 0, "added": 0, "latency_ms": 812.0,
        "failure_reasons": (),
    }  # fmt: skip
    return PartitionCount(partition=partition, side=Side(side), passed=passed, failed=failed, **(known | fields))


def a_failure(
    example: str = "g-07", status: PassStatus | str = "new_failure", partition: str = "golden", **fields: Any
) -> FailedExample:
    known: dict[str, Any] = {"suite": SUITE, "prompt": PROMPT, "head_failures": 5, "base_failures": 0, "runs": 5}
    return FailedExample(example=example, partition=partition, status=PassStatus(status), **(known | fields))


def a_finding(
    rule: Rule | str = "regression", level: Level | str = "blocks", message: str = "It got worse.", **fields: Any
) -> Finding:
    known: dict[str, Any] = {"suite": SUITE, "prompt": PROMPT}
    return Finding(Rule(rule), Level(level), message, **(known | fields))


def a_decision(verdict: Verdict | str = "pass", reason: str = "No finding blocks.", **fields: Any) -> Decision:
    known: dict[str, Any] = {"coverage": Coverage(80, 80)}
    return Decision(Verdict(verdict), reason, **(known | fields))


def a_judge(**fields: Any) -> JudgeUsed:
    known: dict[str, Any] = {
        "suite": SUITE, "metric": "judge", "judge_id": "0a1b2c3d4e5f", "model": "anthropic/claude-sonnet-5", "samples": 1,
    }  # fmt: skip
    return JudgeUsed(**(known | fields))


def a_duel(partition: str = "regression", **fields: Any) -> Duel:
    """A pairwise judge's row: 40 pairs, 12 won by head, 20 by base."""
    known: dict[str, Any] = {
        "suite": SUITE, "prompt": PROMPT, "metric": "duel", "n_planned": 40, "n_pairs": 40, "wins": 12, "ties": 8, "losses": 20,
        "identical": 2, "p": 0.2153, "p_mid": 0.1618, "win_rate": 0.375, "ci": (0.211, 0.563), "asked": 38, "inconsistent": 5, "void": False,
        "longer_won": 19, "longer_decided": 32, "longer_ci": (0.406, 0.763), "base_length": 212.0, "head_length": 140.0,
    }  # fmt: skip
    return Duel(partition=partition, **(known | fields))


def a_health(metric: str = "judge", facts: Mapping[str, Any] | None = None, **fields: Any) -> JudgeHealth:
    """What a run shows of a judge; `facts` are those of what was known before."""
    known = {"judge_id": "0a1b2c3d4e5f", "models": ("anthropic/claude-sonnet-5",), "samples": 1, "today": "2026-11-26"}
    return JudgeHealth(SUITE, metric, JudgeFacts(metric, **(known | dict(facts or {}))), **({"answers": 180} | fields))


def a_change(prompt: str = PROMPT, **fields: Any) -> ChangedPrompt:
    known: dict[str, Any] = {"suite": SUITE, "path": f"{prompt}.md", "causes": (Cause.TEMPLATE,)}
    return ChangedPrompt(prompt=prompt, **(known | fields))


def a_record(decision: Decision | None = None, **fields: Any) -> RunRecord:
    examples = {(SUITE, example.hash): example for example in fields.pop("known_examples", ())}
    known: dict[str, Any] = {
        "event": "pull_request", "pull_request": 7, "base_sha": BASE_SHA, "head_sha": HEAD_SHA, "policy_sha": BASE_SHA,
        "changed": (a_change(),), "judges": (a_judge(),), "cost_usd": 1.84, "calls": Calls(180, 180, 0, 3), "budget_usd": 5.0,
        "started_at": "2026-11-23T07:14:00Z", "seconds": 192.0, "version": "1.0.0", "examples": examples, "examined": 12,
    }  # fmt: skip
    return RunRecord(decision or a_decision(), **(known | fields))
