"""Whole runs, one for each situation that a comment has to put into words."""

from __future__ import annotations

from evalbot.domain.errors import ErrorClass, Problem
from evalbot.domain.examples import Example
from evalbot.domain.hunks import Hunk, Suspect
from evalbot.domain.judges import Calibrated, Retirement
from evalbot.domain.policy import ReportOptions
from evalbot.domain.record import Calls, NoiseFloor, RunRecord
from evalbot.domain.runs import Cause, Part, Row
from evalbot.domain.scores import Score
from evalbot.domain.trend import TrendCell, TrendPoint
from evalbot.domain.verdicts import Assurance, Conclusion, Coverage
from tests.builders import (
    a_change,
    a_comparison,
    a_count,
    a_decision,
    a_duel,
    a_failure,
    a_finding,
    a_flips,
    a_health,
    a_judge,
    a_record,
    a_regression,
    a_row,
    a_slice,
    an_example,
)

REFUSED = "Annual plans can be refunded in the first 30 days.\n\nYou are on day 31, so I can offer:\n- a credit\n- turning off renewal"
PROMISED = "Happy Holidays! Good news: I've started your refund, you'll see it in 5 days."


def fail() -> RunRecord:
    golden = an_example("refund-eu", "golden", expected_output="No refund after 30 days.")
    regression = [
        an_example(
            f"r-{number:02}",
            "regression",
            input={"user_input": f"Question {number}?"},
            source={"root_cause": "incident 3381"},
        )
        for number in range(1, 5)
    ]
    rows = [
        a_row(golden, "base", output=REFUSED, judge=4.0, reason="states the 30-day rule"),
        a_row(
            golden, "head", output=PROMISED, judge=2.0, reason="promises a refund that the policy forbids", passed=False
        ),
    ]
    too_long = {"rules": Score.scored(0.0, False, "21 words, 20 allowed", detail={"failed": ["length"]})}
    for number, example in enumerate(regression):
        rows.append(a_row(example, "base", output="By the rules.", judge=4.0, reason="follows the policy"))
        rows.append(
            a_row(
                example, "head", output="Anything you like.", judge=4.0 - number, reason="off policy", passed=number < 2
            )
        )
    rows[-1] = a_row(
        regression[-1], "head", output="Anything.", judge=1.0, reason="off policy", passed=False, scores=too_long
    )
    decision = a_decision(
        "fail",
        "judge fell from 4.40 to 3.60 on regression, and 1 golden example newly fails.",
        findings=(
            a_finding("regression", message="judge fell by 0.80 (95% interval -1.35 to -0.25, p = 0.005, 40 examples).", partition="regression"),
            a_finding("new_failure", message="refund-eu fails 5 of 5 answers at head and 0 of 5 at base.", examples=("refund-eu",), partition="golden"),
            a_finding("flaky", "notes", "plan-limits failed 1 of 5 answers.", examples=("plan-limits",), partition="golden"),
        ),
        comparisons=(
            a_comparison("golden", n_planned=50, n_base=50, n_head=50, n_pairs=50),
            a_regression(),
            a_comparison("all", gated=False, n_planned=90, n_base=90, n_head=90, n_pairs=90),
        ),
        partitions=(
            a_count("golden", "base", 50), a_count("golden", "head", 49, 1, failure_reasons=("judge",)),
            a_count("regression", "base", 34, 6, failure_reasons=("rules: length",)),
            a_count("regression", "head", 20, 20, failure_reasons=("judge", "rules: length")),
        ),
        failed_examples=(a_failure("refund-eu"), a_failure("plan-limits", "flaky", head_failures=1)),
        flips=(
            a_flips("golden", worse=("refund-eu",), n_pairs=50, p_mid=0.5, p_exact=1.0),
            a_flips(worse=tuple(f"r-{number:02}" for number in range(1, 16)), better=("r-31",), p_mid=0.0003, p_exact=0.0005),
            a_flips("adversarial"),
        ),
        slices=(
            a_slice("refund", effect=-1.2, head_mean=3.2, p_holm=0.004, conclusion=Conclusion.REGRESSION),
            a_slice("billing", effect=-0.4, head_mean=4.0, p_holm=0.31),
            a_slice("greeting", effect=0.2, head_mean=4.6, p_holm=1.0),
        ),
    )  # fmt: skip
    guidance = "Ask #support-quality before changing a golden example."
    trend = tuple(
        TrendPoint("support", f"2026-11-{day}T02:43:00+00:00", commit * 40, verdict, (
            TrendCell("prompts/support", "golden", 50, 50, "judge", 4.41, 0.12), TrendCell("prompts/support", "regression", passed, 40, "judge", mean, 0.2),
        ))
        for day, commit, verdict, passed, mean in ((22, "c", "pass", 34, 4.4), (21, "b", "pass", 33, 4.38), (20, "a", "fail", 28, 4.1))
    )  # fmt: skip
    noise = (NoiseFloor(suite="support", runs=3, rows=12, false_alarms=0, points=0.11),)
    holiday = Hunk("prompts/support.md", (13, 13), (13, 17), "", "Wish everybody happy holidays.\n")
    tone = Hunk("prompts/support.md", (40, 41), (44, 45), "Be brief.\n", "Be warm and brief.\n")
    suspects = (
        Suspect("support", "prompts/support", holiday, 0.82, ("refund-eu", "r-03", "r-04")),
        Suspect("support", "prompts/support", tone, 0.18),
    )
    return a_record(
        decision, rows=rows, known_examples=[golden, *regression], options=ReportOptions(guidance=guidance), noise=noise,
        suspects=suspects, trend=trend,
    )  # fmt: skip


def passed() -> RunRecord:
    decision = a_decision(
        "pass", "Coverage is complete and no finding blocks.",
        findings=(a_finding("likely_drop", "warns", "judge is 0.31 lower example by example (paired p = 0.00007)."),),
        comparisons=(
            a_comparison("golden"),
            a_comparison(
                assurance=Assurance.INCONCLUSIVE, drop_bound=0.52, n_needed=72, min_detectable_effect=0.49,
                n_missing=2, worst_case=Conclusion.REGRESSION,
            ),
        ),
        partitions=(a_count("golden", "base"), a_count("golden"), a_count(side="base", passed=38, failed=2), a_count(passed=37, failed=3)),
    )  # fmt: skip
    return a_record(decision)


def outage() -> RunRecord:
    rows = [
        *(a_row(f"r-{number:02}", "base", judge=4.0) for number in range(3)),
        *(
            a_row(
                f"r-{number:02}",
                "head",
                output=None,
                passed=None,
                error=ErrorClass.TARGET,
                reason="openai: 500 Internal Server Error",
            )
            for number in range(3)
        ),
    ]
    decision = a_decision(
        "inconclusive", "head answered 0 of 3 examples (3 target_error), base 3 of 3.",
        findings=(a_finding("coverage", message="head: 3 of 3 answers are missing (target_error).", proves=False),),
        comparisons=(
            a_comparison(
                n_planned=3, n_base=3, n_head=0, n_pairs=0, base_mean=4.0, head_mean=None, effect=None, welch=None, paired=None, p_holm=None,
                min_detectable_effect=None, drop_bound=None, conclusion=Conclusion.INSUFFICIENT_DATA, assurance=Assurance.INCONCLUSIVE,
                reason="head had 3 target_error, base 0.",
            ),
        ),
        partitions=(a_count(side="base", passed=3), a_count(passed=0, planned=3, unscored=3)),
        coverage=Coverage(6, 3, {"target_error": 3}),
    )  # fmt: skip
    return a_record(decision, rows=rows, calls=Calls(6, 3, 0, 9), cost_usd=None)


def config_error() -> RunRecord:
    problems = (
        Problem("there is no metric 'toen'.", "evalbot.yml", 14, "Did you mean 'tone'?"),
        Problem("example 'refund-3' is there twice.", "evals/golden.jsonl", 41),
        Problem("the glob matches nothing."),
    )
    decision = a_decision("config_error", "3 problems in the configuration.", coverage=Coverage())
    return a_record(decision, problems=problems, changed=(), judges=(), cost_usd=0.0, calls=Calls(), seconds=0.4)


def not_applicable() -> RunRecord:
    decision = a_decision("not_applicable", "No prompt, dataset or policy changed.", coverage=Coverage())
    return a_record(decision, changed=(), judges=(), cost_usd=0.0, calls=Calls(), seconds=0.8)


def needs_approval() -> RunRecord:
    decision = a_decision(
        "needs_approval", "This comes from a fork and nobody has approved this head.", coverage=Coverage()
    )
    return a_record(decision, judges=(), cost_usd=0.0, calls=Calls(), seconds=0.8)


def cancelled() -> RunRecord:
    decision = a_decision("cancelled", "A newer head replaced this one.", coverage=Coverage())
    return a_record(decision, judges=(), calls=Calls(12, 3))


def bootstrap() -> RunRecord:
    decision = a_decision(
        "pass", "No finding blocks.",
        findings=(a_finding("bootstrap", "notes", "The base branch has no evalbot.yml: this pull request's own is used once."),),
        partitions=(a_count("golden", "head", 5),), coverage=Coverage(5, 5),
    )  # fmt: skip
    return a_record(decision, bootstrap=True, changed=(a_change(causes=(Cause.NEW,)),))


def insufficient() -> RunRecord:
    row = a_comparison(
        n_planned=7, n_base=7, n_head=7, n_pairs=7, conclusion=Conclusion.INSUFFICIENT_DATA, assurance=Assurance.INCONCLUSIVE,
        welch=None, paired=None, p_holm=None, min_detectable_effect=None, drop_bound=None,
    )  # fmt: skip
    decision = a_decision(
        "pass", "No finding blocks.", comparisons=(row,), partitions=(a_count(side="base", passed=7), a_count(passed=7))
    )
    return a_record(decision)


def added() -> RunRecord:
    new, changed = an_example("g-91", "golden"), an_example("g-03", "golden")
    rows: list[Row] = [
        a_row(new, "base", part="added"),
        a_row(new, "head", part="added", passed=False, scores={"rules": Score.scored(0.0, False, "too long")}),
        a_row(changed, "base", part="edited"),
        a_row(changed, "head", part="edited"),
    ]
    decision = a_decision(
        "fail", "An added golden example fails, and 1 example was edited.",
        findings=(
            a_finding("added_failure", message="g-91 fails 5 of 5 answers.", examples=("g-91",), partition="golden"),
            a_finding("example_edited", message="evals/golden.jsonl:3 changes an example.", examples=("g-03",), partition="golden"),
            a_finding("policy_changed", message="gates.scores.alpha is 0.5 at head."),
        ),
        comparisons=(a_comparison("golden"),), partitions=(a_count("golden", "base"), a_count("golden", "head", added=1)),
        failed_examples=(a_failure("g-91", "added_failure", base_failures=None, part=Part.ADDED),),
    )  # fmt: skip
    not_applied = ("suites.support.gates.scores.alpha: 0.05 -> 0.5",)
    return a_record(decision, rows=rows, known_examples=[new, changed], not_applied=not_applied)


def many(prompts: int = 300) -> RunRecord:
    names = [f"prompts/area-{number % 7}/prompt-{number:03}" for number in range(prompts)]
    comparisons = [
        a_comparison(partition, prompt=name) if number % 50 else a_regression(partition, prompt=name)
        for number, name in enumerate(names)
        for partition in ("golden", "regression")
    ]
    partitions = [
        a_count(part, side, prompt=name)
        for name in names
        for part in ("golden", "regression")
        for side in ("base", "head")
    ]
    findings = [
        a_finding(message=f"{row.prompt} lost 0.80 on {row.partition}.", prompt=row.prompt, partition=row.partition)
        for row in comparisons
        if row.blocks
    ]
    examples: list[Example] = [an_example(f"r-{number:03}", "regression") for number in range(40)]
    rows = [
        a_row(example, side, output="A long answer. " * 200, judge=score, prompt=names[0], reason="so it is")
        for example in examples
        for side, score in (("base", 5.0), ("head", 3.0))
    ]
    decision = a_decision(
        "fail",
        f"{len(findings)} rows got worse.",
        comparisons=tuple(comparisons),
        partitions=tuple(partitions),
        findings=tuple(findings),
    )
    changed = tuple(a_change(name) for name in names)
    return a_record(decision, changed=changed, rows=rows, known_examples=examples)


def judged() -> RunRecord:
    """Several judges, each with something to say of its health."""
    calibrated = Calibrated("2026-11-02", "0a1b2c3d4e5f", 120, 2, 0.62, (0.5, 0.72), 0.1, "2026-10-30")
    decision = a_decision(
        findings=(a_finding("judge_health", "warns", "duel is void: it preferred the same place in both orders in 14 of 38 pairs.", prompt="", example="duel/position"),),
        comparisons=(a_comparison("golden"), a_comparison()),
        duels=(
            a_duel("golden", p=None, p_mid=None, win_rate=None, ci=None, inconsistent=14, void=True), a_duel(metric="taste"),
            a_duel("all", metric="taste", n_planned=90, n_pairs=88, wins=12, ties=6, losses=70, win_rate=0.146, ci=(0.078, 0.241), p=1e-9),
        ),
        judges=(
            a_health(
                facts={"samples": 3, "calibrated": calibrated, "retirements": (Retirement("anthropic/claude-sonnet-5", "2027-01-10"),)},
                spread=0.43, re_asks=3, lost=2, unreadable=1, unstable=("r-01", "r-07"), canaries=5, canary_drift=-0.2, canary_p=0.4, probed=2,
            ),
            a_health("duel", answers=40, pairs=38, inconsistent=14), a_health("taste", answers=88, pairs=86, inconsistent=5),
        ),
    )  # fmt: skip
    judges = (a_judge(samples=3), a_judge(metric="duel", judge_id="1" * 12), a_judge(metric="taste", judge_id="2" * 12))
    return a_record(decision, judges=judges)


SITUATIONS = {
    "fail": fail, "pass": passed, "inconclusive": outage, "config_error": config_error, "not_applicable": not_applicable,
    "needs_approval": needs_approval, "cancelled": cancelled, "bootstrap": bootstrap, "insufficient_data": insufficient,
    "added_rows": added, "300_prompts": many, "judges": judged,
}  # fmt: skip
