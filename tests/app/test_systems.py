"""Commands, callables and addresses in a check: policy's code on both sides, head's nowhere."""

from __future__ import annotations

import json
import sys

import pytest

from evalbot.app.self_test import SelfTestOptions, self_test
from evalbot.app.validate import validate
from evalbot.app.wiring import World
from evalbot.domain.errors import ConfigError
from tests.app.checking import House, a_row, lines

TARGETS = {
    "command": f"{{type: command, run: [{sys.executable}, rag/main.py], files: ['rag/**'], processes: 2}}",
    "python": "{type: python, call: 'rag.main:answer', processes: 1}",
}
CONFIG = """\
version: 1
metrics:
  right: {{type: checks, checks: [{{name: right, contains: "42"}}]}}
suites:
  rag:
    target: {target}
    dataset: evals/*.jsonl
    metrics: [right]
"""
CODE = """\
import json, sys
def answer(input): return {"output": "the answer is NUMBER", "context": ["page"], "cost_usd": 0.001}
if __name__ == "__main__":
    print(json.dumps(answer(json.loads(sys.stdin.readline())["input"])))
"""
GOOD, BAD = CODE.replace("NUMBER", "42"), CODE.replace("NUMBER", "41")
ROWS = lines([a_row("g-00", "golden"), a_row("g-01", "golden")])


def a_house(tmp_path, kind="command", code=GOOD):
    return House(tmp_path, {"evalbot.yml": CONFIG.format(target=TARGETS[kind]), "evals/all.jsonl": ROWS, "rag/main.py": code})


@pytest.mark.parametrize("kind", TARGETS)
def test_code_that_head_changes_never_runs_and_there_is_nothing_to_compare(tmp_path, kind):
    result = a_house(tmp_path, kind).head({"rag/main.py": "import os; os.abort()"}).check()

    assert (result.verdict, result.rows) == ("not_applicable", [])


@pytest.mark.parametrize("kind", TARGETS)
def test_rows_that_head_adds_meet_policy_s_code_at_head(tmp_path, kind):
    house = a_house(tmp_path, kind).head({"evals/more.jsonl": lines([a_row("g-99", "golden")]), "rag/main.py": BAD})

    result = house.check()

    assert result.verdict == "pass"
    assert [(row["example"], row["side"], row["output"], row["context"], row["cost_usd"]) for row in result.rows] == [
        ("g-99", "head", "the answer is 42", ["page"], 0.001)
    ]


def test_the_code_is_that_of_the_base_branch_s_tip(tmp_path):
    house = a_house(tmp_path, code=BAD).on_main({"rag/main.py": GOOD})
    house.head({"evals/more.jsonl": lines([a_row("g-99", "golden")])})

    assert [row["output"] for row in house.check().rows] == ["the answer is 42"]


def test_a_changed_target_is_policy_and_is_not_applied(tmp_path):
    house = a_house(tmp_path)
    changed = CONFIG.format(target=TARGETS["command"].replace("rag/main.py", "rag/other.py"))
    result = house.head({"evalbot.yml": changed, "evals/more.jsonl": lines([a_row("g-99", "golden")])}).check()

    assert result.findings["policy_changed"] == ["blocks"]
    assert [row["output"] for row in result.rows] == ["the answer is 42"]


@pytest.mark.parametrize("target", ["{type: command, run: [id]}", "{type: python, call: 'a:b'}", "{type: http, url: 'https://evil.example'}"])
@pytest.mark.parametrize("adopted", [True, False])
def test_a_target_that_only_head_has_is_refused_with_its_line(tmp_path, target, adopted):
    config = CONFIG.format(target=target)
    old = "version: 1\nsuites: {old: {prompt: p.md, model: local/a, dataset: evals/all.jsonl, judge: local/a}}\n"
    house = House(tmp_path, {"README.md": "x", "p.md": "Hi", "evals/all.jsonl": ROWS} | ({"evalbot.yml": old} if adopted else {}))
    new = config if not adopted else old.rstrip("}\n") + "}}\n" + ""
    if adopted:
        new = "version: 1\nsuites:\n  old: {prompt: p.md, model: local/a, dataset: evals/all.jsonl, judge: local/a}\n" + (
            f"  rag:\n    target: {target}\n    dataset: evals/*.jsonl\n    judge: local/a\n"
        )
    result = house.head({"evalbot.yml": new}).check()

    kind = target.split()[1].rstrip(",")
    line = new[: new.index("target:")].count("\n") + 1
    assert result.verdict == "config_error"
    assert str(result.record.problems[0]) == (
        f"evalbot.yml:{line}: suites.rag: a target of type '{kind}' is not run from a pull request that adds it. "
        "Merge it first: what runs is always the base branch's."
    )


def test_a_target_that_fails_is_an_error_and_never_a_score(tmp_path):
    house = a_house(tmp_path, code="raise SystemExit('no index')")
    result = house.head({"evals/more.jsonl": lines([a_row("g-99", "golden")])}).check()

    assert result.verdict == "inconclusive"
    (row,) = result.rows
    assert (row["error"], row["scores"], row["passed"], row["reason"]) == ("target_error", {}, None, "it exited with status 1: no index")


def test_a_failing_answer_is_asked_again_of_the_same_system(tmp_path):
    house = a_house(tmp_path, code=BAD).head({"evals/more.jsonl": lines([a_row("g-99", "golden")])})
    result = house.check()

    assert [(row["example"], row["status"], row["head_failures"]) for row in result.summary["golden"]] == [("g-99", "added_failure", 5)]


def test_a_system_is_measured_against_itself(tmp_path):
    house = a_house(tmp_path)
    tested = self_test(house.repo.root, SelfTestOptions("main"), World.real({}, tmp_path / "report", quiet=True))

    assert {(row.side, row.output, row.shared) for row in tested.record.rows} == {
        ("base", "the answer is 42", False), ("head", "the answer is 42", False)
    }  # fmt: skip


def test_the_work_tree_is_valid_or_says_where_it_is_not(tmp_path):
    house = a_house(tmp_path)
    assert validate(house.repo.root, "evalbot.yml").counts["rag"]["golden"] == 2

    body = "{type: http, url: 'https://rag.example', body: {q: '{{ question }}'}}"
    house.repo.write({"evalbot.yml": CONFIG.format(target=body)})
    with pytest.raises(ConfigError, match=r"example 'g-00' cannot be rendered with evalbot.yml: `body` uses 'question'"):
        validate(house.repo.root, "evalbot.yml")


def test_rows_that_name_a_prompt_cannot_be_asked_of_a_system(tmp_path):
    house = a_house(tmp_path).head({"evals/more.jsonl": lines([a_row("g-99", "golden", prompts=["prompts/support"])])})

    result = house.check()
    assert result.verdict == "config_error"
    assert "lists the prompt 'prompts/support', which its suite does not have" in json.dumps(result.summary["reason"])
