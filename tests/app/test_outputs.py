from __future__ import annotations

import json

from evalbot.adapters.runner import OUTPUT_NAMES
from evalbot.app.outputs import outputs
from evalbot.domain.record import RunRecord
from evalbot.domain.verdicts import Decision, Verdict
from tests.builders import a_change, a_comparison, a_decision, a_failure, a_record, a_regression
from tests.report import situations


def test_they_are_the_contract_s_in_its_order_and_all_strings() -> None:
    found = outputs(situations.fail(), "evalbot-report")
    assert tuple(found) == OUTPUT_NAMES
    assert all(isinstance(value, str) for value in found.values())


def test_counts_are_of_gated_regressions_and_of_new_failures() -> None:
    decision = a_decision(
        "fail", "It got worse.",
        comparisons=(a_regression(), a_regression("golden"), a_regression("all", gated=False), a_comparison("adversarial")),
        failed_examples=(a_failure("g-1"), a_failure("r-1", partition="regression"), a_failure("g-2", "unstable"), a_failure("g-3", "flaky")),
    )  # fmt: skip
    found = outputs(a_record(decision), "r")
    assert (found["regressions"], found["newly-failing"]) == ("2", "2")


def test_changed_prompts_are_each_path_once_as_json() -> None:
    changed = (a_change("b"), a_change("a"), a_change("b", suite="other"), a_change('odd "\n'))
    found = outputs(a_record(changed=changed), "r")["changed-prompts"]
    assert json.loads(found) == ["b.md", "a.md", 'odd "\n.md']
    assert "\n" not in found


def test_an_unknown_cost_is_empty_and_nothing_is_zero() -> None:
    costs = {None: "", 0.0: "0", 1.84: "1.84", 100.0: "100", 0.0000012: "0.000001", 12.5: "12.5"}
    assert {usd: outputs(a_record(cost_usd=usd), "r")["cost-usd"] for usd in costs} == costs


def test_paths_are_as_later_steps_see_them() -> None:
    found = outputs(a_record(), "out/evalbot")
    assert [found[f"{name}-path"] for name in ("report", "summary", "junit")] == ["out/evalbot", "out/evalbot/summary.json", "out/evalbot/junit.xml"]


def test_addresses_are_empty_where_nothing_was_written() -> None:
    found = outputs(a_record(), "r", check_url="https://github.com/c/1")
    assert (found["comment-url"], found["check-url"], found["proposal-url"]) == ("", "https://github.com/c/1", "")


def test_a_run_of_nothing_at_all_has_all_of_them_too() -> None:
    found = outputs(RunRecord(Decision(Verdict.NOT_APPLICABLE, "nothing changed")), "r")
    assert found["verdict"] == "not_applicable"
    assert (found["regressions"], found["newly-failing"], found["changed-prompts"], found["model-calls"], found["cost-usd"]) == ("0", "0", "[]", "0", "0")
