"""What rules where the base branch does not: a bootstrap in all its kinds, and what of head's policy is named as not applied."""

from __future__ import annotations

import pytest

from tests.app.checking import CONFIG, PROMPT, House, few

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
OTHER = CONFIG.replace("version: 1\nsuites:\n", "").replace("support:", "other:")
WORKFLOW = ".github/workflows/evalbot.yml"
STEP = "jobs: {evalbot: {steps: [{uses: evalbot/evalbot@v1}]}}\n"
GATE = CONFIG + "    gates: {golden: {confirm: 2}}\n"


def started(path, changes, **start):
    return House(path, few(**start)).head(changes)


def test_a_suite_whose_examples_are_not_valid_on_the_base_branch_is_run_as_head_mends_it(tmp_path):
    whole = few()["evals/golden.jsonl"]
    result = started(tmp_path, {"evals/golden.jsonl": whole}, golden='{"id": ').check()
    assert (result.verdict, result.findings["bootstrap"]) == ("pass", ["notes"])
    assert {(row["example"], row["part"]) for row in result.rows} == {(f"{kind}-0{n}", "exam") for kind in "gr" for n in range(3)}
    assert "the base branch's examples of suite 'support' are not valid" in result.summary["findings"][-1]["message"]


@pytest.mark.parametrize(
    ("start", "level"),
    [
        ({"README.md": "x"}, None),  # neither configuration nor workflow: the new workflow only notes
        ({"README.md": "x", WORKFLOW: STEP}, ["blocks"]),
        (few(config=CONFIG + "x: 1\n"), ["blocks"]),
    ],
)
def test_a_workflow_only_notes_where_the_base_branch_has_neither_it_nor_a_configuration(start, level, tmp_path):
    result = House(tmp_path, start).head(few() | {WORKFLOW: STEP + "# changed\n"}).check()
    assert "bootstrap" in result.comment.splitlines()[1]
    assert result.findings.get("policy_changed") == level


def test_a_suite_that_a_fork_brings_is_named_and_not_run(tmp_path):
    result = started(tmp_path, {"evalbot.yml": CONFIG + OTHER}).check(fork=True)
    assert (result.verdict, result.server.calls) == ("fail", [])
    assert result.summary["not_applied"] == ["evalbot.yml: suites.other: added"]


def test_a_configuration_that_came_to_the_base_branch_later_was_not_deleted_by_head(tmp_path):
    result = House(tmp_path, few(config=None)).head(SAME).on_main({"evalbot.yml": CONFIG}).check()
    assert (result.verdict, result.summary["not_applied"]) == ("pass", [])


def test_what_the_base_branch_has_by_now_too_is_no_change_of_policy(tmp_path):
    both = {"evalbot.yml": GATE, WORKFLOW: STEP}
    same = started(tmp_path / "same", SAME | both).on_main(both).check()
    deleted = House(tmp_path / "deleted", few() | {WORKFLOW: STEP}).head(SAME | {WORKFLOW: None, "evalbot.yml": CONFIG + "run: {seed: 1}\n"}).check()
    other = started(tmp_path / "other", SAME | {"evalbot.yml": GATE}).on_main({"evalbot.yml": GATE.replace("2", "3")}).check()
    assert (same.verdict, same.summary["not_applied"]) == ("pass", [])
    assert deleted.summary["not_applied"] == ["evalbot.yml: run.seed: 0 → 1", f"{WORKFLOW}: deleted"]
    assert deleted.summary["findings"][0]["message"].endswith(f": evalbot.yml: run.seed: 0 → 1; {WORKFLOW}: deleted; needs 1 approval of the head commit")
    assert other.summary["not_applied"] == ["evalbot.yml: suites.support.gates.golden.confirm: 4 → 2"]


def test_a_suite_that_head_gives_another_kind_of_target_stays_what_it_is(tmp_path):
    target = CONFIG.replace("    prompt: prompts/support.md\n    model: openai/gpt-5-mini\n", "    target: {type: command, run: [cat]}\n")
    result = started(tmp_path, SAME | {"evalbot.yml": target}).check()
    assert (result.verdict, result.findings["policy_changed"]) == ("fail", ["blocks"])
    assert {row["side"] for row in result.rows} == {"base", "head"}


def test_a_model_that_a_fork_may_not_choose_is_named_with_the_reason(tmp_path):
    result = started(tmp_path, {"evalbot.yml": CONFIG.replace("openai/gpt-5-mini", "openai/gpt-5")}).check(fork=True)
    assert result.summary["not_applied"] == ["prompts/support.md: model openai/gpt-5 (a fork gets only models that policy names; not run)"]
