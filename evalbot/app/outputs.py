"""A run's record → the action's outputs: fixed names, strings only."""

from __future__ import annotations

import json
from pathlib import PurePosixPath

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Conclusion, PassStatus


def outputs(
    record: RunRecord, report_dir: str, *, comment_url: str = "", check_url: str = "", proposal_url: str = ""
) -> dict[str, str]:
    """Every output by its name, in the contract's order.

    Args:
        record: The run.
        report_dir: As in the input, relative to the workspace: paths inside a container mean nothing to later steps.
        comment_url: Where the comment is; empty without one. So are the others.
        check_url: Where the check run is.
        proposal_url: Where harvest's pull request is.
    """
    decision, folder = record.decision, PurePosixPath(report_dir)
    regressions = sum(row.gated and row.conclusion is Conclusion.REGRESSION for row in decision.comparisons)
    newly_failing = sum(failed.status is PassStatus.NEW_FAILURE for failed in decision.failed_examples)
    return {
        "verdict": decision.verdict.value,
        "reason": decision.reason,
        "regressions": str(regressions),
        "newly-failing": str(newly_failing),
        "changed-prompts": json.dumps(list(dict.fromkeys(prompt.path for prompt in record.changed))),
        "comment-url": comment_url,
        "check-url": check_url,
        "proposal-url": proposal_url,
        "cost-usd": _dollars(record.cost_usd),
        "model-calls": str(record.calls.model),
        "judge-calls": str(record.calls.judge),
        "cached-calls": str(record.calls.cached),
        "base-sha": record.base_sha,
        "head-sha": record.head_sha,
        "policy-sha": record.policy_sha,
        "report-path": str(folder),
        "summary-path": str(folder / "summary.json"),
        "junit-path": str(folder / "junit.xml"),
    }


def _dollars(usd: float | None) -> str:
    """Micro-dollars are as exact as prices are; unknown is empty, never zero."""
    if usd is None:
        return ""
    return f"{usd:.6f}".rstrip("0").rstrip(".")
