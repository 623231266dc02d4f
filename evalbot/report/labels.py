"""How prompts, partitions, shas and statuses are called on the page."""

from __future__ import annotations

from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Comparison, PassStatus, Rule, Verdict
from evalbot.report.escape import code
from evalbot.report.numbers import counted, score

ICONS = {
    Verdict.PASS: "✅", Verdict.NOT_APPLICABLE: "➖", Verdict.ACCEPTED: "🟣", Verdict.FAIL: "❌", Verdict.CONFIG_ERROR: "⚠️",
    Verdict.INCONCLUSIVE: "⚪", Verdict.NEEDS_APPROVAL: "🔒", Verdict.CANCELLED: "⏹️",
}  # fmt: skip

WORK_TREE = "work tree"

RULES = "https://github.com/evalbot/evalbot/blob/main/docs/rules.md"
"""The page that explains every rule under an anchor of its name."""

STATUSES = {
    PassStatus.NEW_FAILURE: "new failure", PassStatus.UNSTABLE: "unstable", PassStatus.PRE_EXISTING: "failed before",
    PassStatus.ADDED_FAILURE: "added row fails", PassStatus.FLAKY: "flaky",
}  # fmt: skip

MANY = {PassStatus.NEW_FAILURE: "new failures", PassStatus.ADDED_FAILURE: "added rows fail"}

NO_KEY = "this job has no key for the models: jobs of forks and of Dependabot see none of the repository's secrets (Dependabot has secrets of its own)"
"""Why a stranger's head was not run although it may be."""


def tallied(status: PassStatus, number: int) -> str:
    """ "1 new failure", "3 new failures"."""
    return f"{number} {MANY.get(status, STATUSES[status]) if number > 1 else STATUSES[status]}"


def rule_link(rule: Rule) -> str:
    """A rule's name as a link to what it means and what to do: the one link of the page, and no word of it is anybody's but ours."""
    return f"[`{rule.value}`]({RULES}#{rule.value})"


def suites(record: RunRecord) -> list[str]:
    """Every suite that the record speaks of, sorted."""
    decision = record.decision
    counted_in = {row.suite for row in decision.comparisons} | {part.suite for part in decision.partitions}
    return sorted(counted_in | {prompt.suite for prompt in record.changed} | {judge.suite for judge in record.judges})


def subject(record: RunRecord, suite: str, prompt: str, limit: int = 60) -> str:
    """A prompt's name in a code span, with its suite where there are several."""
    return code(prompt_name(suite, prompt, several=len(suites(record)) > 1), limit)


def prompt_name(suite: str, prompt: str, *, several: bool) -> str:
    """A prompt's name in plain words, with its suite where the record has several."""
    return f"{suite}: {prompt}" if suite and several else prompt or suite


def place(record: RunRecord, row: Comparison) -> str:
    """Prompt and partition of a comparison, and its metric where the place has several."""
    here = (row.suite, row.prompt, row.partition)
    alone = {c.metric for c in record.decision.comparisons if (c.suite, c.prompt, c.partition) == here} == {row.metric}
    partition = "all partitions" if row.partition == "all" else row.partition
    return f"{subject(record, row.suite, row.prompt)} {partition}" + ("" if alone else f" {code(row.metric, 40)}")


def sha(full: str) -> str:
    """The first seven digits of a commit, in a code span; the work tree by its name."""
    if not full:
        return "unknown"
    return code(full[:7]) if is_sha(full) else full if full == WORK_TREE else code(full)


def is_sha(name: str) -> bool:
    """Whether it is a commit's full name."""
    return len(name) in (40, 64) and set(name) <= set("0123456789abcdef")


def sample_size(row: Comparison) -> str:
    """How many examples were scored: "40", "38 of 40", or "38 / 40" of base and head where they differ."""
    if row.n_base != row.n_head:
        return f"{row.n_base} / {row.n_head}"
    return f"{row.n_head} of {row.n_planned}" if row.n_head != row.n_planned else str(row.n_head)


def too_few(row: Comparison) -> str:
    """ "7 of 10 examples": scored on the poorer side, of those that a test needs; empty where there are enough."""
    if row.refused:
        return ""
    scored = min(row.n_base, row.n_head)
    return f"{scored} of {counted(row.min_examples, 'example')}" if scored < row.min_examples else ""


def bar(row: Comparison) -> str:
    """The effect that a row has to reach to block, as a number."""
    return score(row.min_effect).rstrip("0").rstrip(".")
