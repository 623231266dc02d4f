"""Recorded answers as the subject: each side's file is scored, and nothing is called."""

from __future__ import annotations

import json

import pytest

from tests.app.checking import House, a_row, lines

CONFIG = """\
version: 1
metrics:
  right: {type: checks, checks: [{name: right, contains: "42"}]}
  f1:    {type: token_f1}
suites:
  chain:
    target: {type: replay, file: recorded/answers.jsonl}
    dataset: evals/*.jsonl
    metrics: [right, f1]
run: {partitions: [golden, regression]}
"""
FILE = "recorded/answers.jsonl"
IDS = [*(f"g-{number:02}" for number in range(3)), *(f"r-{number:02}" for number in range(12))]


def rows(ids=IDS):
    named = {"g": "golden", "r": "regression"}
    return [a_row(name, named[name[0]], expected_output="the answer is 42") for name in ids]


def recorded(wrong=(), missing=(), **more):
    answers = [{"id": name, "output": "no idea" if name in wrong else f"the answer to {name} is 42", **more} for name in IDS if name not in missing]
    return lines(answers)


def a_house(tmp_path, **start):
    return House(tmp_path, {"evalbot.yml": CONFIG, "evals/all.jsonl": lines(rows()), FILE: recorded(), **start})


def test_answers_that_got_worse_fail_without_a_call(tmp_path):
    house = a_house(tmp_path).head({FILE: recorded(wrong=["g-01", "r-03"])})

    result = house.check()

    assert result.verdict == "fail"
    assert {(row["example"], row["status"]) for row in result.summary["golden"]} == {("g-01", "new_failure"), ("r-03", "new_failure")}
    assert result.summary["changed_prompts"] == [{"suite": "chain", "prompt": "replay", "path": FILE, "causes": ["template"]}]
    assert (result.server.calls, result.summary["cost_usd"]) == ([], 0.0)
    assert {row["side"] for row in result.rows} == {"base", "head"}


def test_answers_that_are_the_same_on_both_sides_are_no_change(tmp_path):
    result = a_house(tmp_path).head({"README.md": "hello"}).check()

    assert (result.verdict, result.rows) == ("not_applicable", [])


def test_an_equal_answer_is_graded_once_for_both_sides(tmp_path):
    result = a_house(tmp_path).head({FILE: recorded(wrong=["r-03"])}).check()

    shared = {row["example"] for row in result.rows if row["shared"]}
    assert shared == set(IDS) - {"r-03"}


def test_an_example_without_a_recorded_answer_is_an_error_and_never_a_score(tmp_path):
    result = a_house(tmp_path).head({FILE: recorded(wrong=["r-03"], missing=["g-02"])}).check()

    (lost,) = [row for row in result.rows if row["error"]]
    assert (lost["example"], lost["side"], lost["error"], lost["scores"], lost["passed"]) == ("g-02", "head", "target_error", {}, None)
    assert "has no answer to this example" in lost["reason"]
    assert result.summary["coverage"]["errors"] == {"target_error": 1}


def test_a_recorded_error_is_a_target_error(tmp_path):
    broken = recorded(missing=["g-02"]) + lines([{"id": "g-02", "error": "the index was empty"}])
    result = a_house(tmp_path).head({FILE: broken}).check()

    assert result.verdict == "inconclusive"
    (lost,) = [row for row in result.rows if row["error"]]
    assert "it reports an error: the index was empty" in lost["reason"]


def test_what_was_retrieved_called_and_measured_comes_along(tmp_path):
    calls = [{"name": "search", "arguments": {"q": "life"}}]
    more = {"context": ["page 42"], "tool_calls": calls, "latency_ms": 812.0, "usage": {"input": 7, "output": 3}}
    result = a_house(tmp_path).head({FILE: recorded(**more)}).check()

    head = [row for row in result.rows if row["side"] == "head"]
    assert all((row["context"], row["tool_calls"], row["latency_ms"]) == (["page 42"], calls, 812.0) for row in head)
    assert all(row["usage"] == {"input": 7, "output": 3, "cached_input": 0} for row in head)
    assert not any("context" in row for row in result.rows if row["side"] == "base")


def test_several_lines_of_an_example_are_its_epochs(tmp_path):
    config = CONFIG.replace("    metrics:", "    epochs: 2\n    metrics:")
    twice = lines([{"id": name, "output": f"the answer is 42, {word}"} for word in ("first", "second") for name in IDS])
    result = a_house(tmp_path, **{"evalbot.yml": config}).head({FILE: twice}).check()

    said = {row["output"] for row in result.rows if row["side"] == "head" and row["example"] == "g-00"}
    assert said == {"the answer is 42, first", "the answer is 42, second"}


def test_an_example_that_head_adds_meets_its_recorded_answer_at_head(tmp_path):
    answers = recorded() + lines([{"id": "g-99", "output": "no idea"}])
    result = a_house(tmp_path).head({"evals/more.jsonl": lines(rows(["g-99"])), FILE: answers}).check()

    assert result.verdict == "fail"
    assert [(row["example"], row["status"]) for row in result.summary["golden"]] == [("g-99", "added_failure")]


def test_a_new_suite_of_recorded_answers_is_a_bootstrap(tmp_path):
    house = House(tmp_path, {"README.md": "empty"})
    house.head({"evalbot.yml": CONFIG, "evals/all.jsonl": lines(rows()), FILE: recorded(wrong=["g-00"])})

    result = house.check()

    assert result.verdict == "fail"
    assert {row["side"] for row in result.rows} == {"head"}


def test_deleted_answers_need_approval(tmp_path):
    result = a_house(tmp_path).head({FILE: None}).check()

    assert result.verdict == "fail"
    assert result.findings["prompt_deleted"] == ["blocks"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{}\n", f"{FILE}:1: a recorded answer is an object with the `id` of its example."),
        ('{"id": "g-00"}\n', f"{FILE}:1: the recorded answer to 'g-00' has neither 'output' nor 'error'."),
        ('\n{"id": "g-00", "output": NaN}\n', f"{FILE}:2: not valid JSON: NaN is not a number here."),
        ("\x00", f"{FILE}:1: holds a NUL byte"),
    ],
)
def test_a_file_that_is_no_recording_is_a_configuration_error(tmp_path, content, said):
    result = a_house(tmp_path).head({FILE: content}).check()

    assert result.verdict == "config_error"
    assert str(result.record.problems[0]).startswith(said)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"output": 7}, "its 'output' is a number, not text"),
        ({"output": None}, "its 'output' is null, not text"),
        ({"output": "42", "context": "page"}, "its 'context' must be a list of texts"),
        ({"output": "42", "tool_calls": [{"arguments": {}}]}, "its 'tool_calls' must be a list of objects, each with a 'name'"),
        ({"output": "42", "usage": {"input": -1}}, "its 'usage' must be an object of token counts: input, output, cached_input"),
        ({"output": "42", "cost_usd": "free"}, "its 'cost_usd' must be a number of at least 0, not free"),
        ({"output": "42", "outcome": "fine"}, "its 'outcome' is fine; known: ok, empty,"),
    ],
)
def test_a_malformed_answer_is_a_target_error(tmp_path, answer, said):
    spoilt = recorded(missing=["g-02"]) + json.dumps({"id": "g-02", **answer}) + "\n"
    result = a_house(tmp_path).head({FILE: spoilt}).check()

    (lost,) = [row for row in result.rows if row["error"]]
    assert (lost["example"], lost["error"]) == ("g-02", "target_error")
    assert said in lost["reason"]


def test_an_object_is_its_json_and_an_empty_answer_fails_by_rule(tmp_path):
    answers = recorded(missing=["g-01", "g-02"]) + lines([{"id": "g-01", "output": {"b": 42, "a": []}}, {"id": "g-02", "output": ""}])
    result = a_house(tmp_path).head({FILE: answers}).check()

    head = {row["example"]: row for row in result.rows if row["side"] == "head" and not row["confirmation"]}
    assert (head["g-01"]["output"], head["g-01"]["passed"]) == ('{"a":[],"b":42}', True)
    assert (head["g-02"]["outcome"], head["g-02"]["passed"]) == ("empty", False)


def test_trying_each_hunk_alone_has_nothing_to_try_in_recorded_answers(tmp_path):
    result = a_house(tmp_path).head({FILE: recorded(wrong=["g-01"])}).check(by_hunk=True)

    assert result.verdict == "fail"
    assert result.summary["suspects"] == []


def test_results_of_an_earlier_run_are_graded_anew(tmp_path):
    house = a_house(tmp_path)
    first = house.head({FILE: recorded(wrong=["g-01"])}).check()
    kept = (first.folder / "results.jsonl").read_text()
    (house.root / "second").mkdir()
    again = a_house(house.root / "second").head({FILE: kept}).check()

    assert {(row["example"], row["output"]) for row in again.rows if row["side"] == "head"} == {
        (row["example"], row["output"]) for row in first.rows if row["side"] == "head"
    }  # fmt: skip
    assert [row["example"] for row in again.summary["golden"]] == ["g-01"]
