"""What is compared and what it is asked: prompt formats, partials, models, datasets of every kind; limits of time and money."""

from __future__ import annotations

import json
from collections import Counter

import pytest

from tests.app.checking import CONFIG, PROMPT, House, a_row, by_quality, files, golden, lines, regression
from tests.loopback import Answer, echo, rejects_param, verdict

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
GLOBBED = CONFIG.replace("prompt: prompts/support.md", 'prompts: ["prompts/*"]')
FEW = lines(golden(2))


def five(call):
    return echo(call) if call.schema is None else verdict(call, score=5)


def a_house(tmp_path, start=None, **changed):
    return House(tmp_path, files(golden=FEW, regression=None, **changed) | (start or {}))


def asked(result, side):
    hashes = {row["request_hash"] for row in result.rows if row["side"] == side}
    assert hashes
    return [call for call in result.server.calls if call.schema is None]


def test_a_partial_that_changed_is_a_cause(tmp_path):
    house = a_house(tmp_path, {"prompts/support.md": "Be kind. {% include 'facts.txt' %}", "prompts/facts.txt": "one"})

    result = house.head({"prompts/facts.txt": "two"}).check(five)

    assert result.summary["changed_prompts"] == [
        {"suite": "support", "prompt": "prompts/support", "path": "prompts/support.md", "causes": ["partial"]}
    ]
    assert {call.system for call in result.server.calls if call.schema is None} == {"Be kind. one", "Be kind. two"}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("prompts/chat.json", '[{"role": "system", "content": "One."}, {"role": "user", "content": "{{ user_input }}"}]',
         '[{"role": "system", "content": "Two."}, {"role": "user", "content": "{{ user_input }}"}]'),
        ("prompts/chat.yaml", "- {role: system, content: One.}\n- {role: user, content: '{{ user_input }}'}\n",
         "- {role: system, content: Two.}\n- {role: user, content: '{{ user_input }}'}\n"),
        ("prompts/chat.prompt.yml", "messages:\n- {role: system, content: One.}\n- {role: user, content: '{{user_input}}'}\n",
         "messages:\n- {role: system, content: Two.}\n- {role: user, content: '{{user_input}}'}\n"),
        ("prompts/chat.j2", "One. {{ user_input }}", "Two. {{ user_input }}"),
        ("prompts/chat.txt", "One.", "Two."),
    ],
)  # fmt: skip
def test_every_prompt_format_is_run_on_both_sides(tmp_path, name, before, after):
    house = a_house(tmp_path, {name: before}, config=CONFIG.replace("prompts/support.md", name), prompt=None)

    result = house.head({name: after}).check(five)

    assert result.verdict == "pass", result.record.decision.reason
    texts = {call.text for call in result.server.calls if call.schema is None}
    assert len(texts) == 4
    assert all("Question g-0" in text and ("One." in text or "Two." in text) for text in texts)
    assert [item["causes"] for item in result.summary["changed_prompts"]] == [["template"]]


def test_front_matter_names_model_and_params(tmp_path):
    house = a_house(tmp_path, prompt="---\nmodel: gpt-5-nano\nparams: {temperature: 0.2}\n---\nBe kind.")

    result = house.head({"prompts/support.md": "---\nmodel: gpt-5-nano\nparams: {temperature: 0.4}\n---\nBe kind."}).check(five)

    assert {(call.model, call.body["temperature"]) for call in result.server.calls if call.schema is None} == {
        ("gpt-5-nano", 0.2), ("gpt-5-nano", 0.4),
    }  # fmt: skip
    assert [item["causes"] for item in result.summary["changed_prompts"]] == [["params"]]


def test_a_model_of_a_provider_that_policy_does_not_use_is_not_run_and_named(tmp_path):
    only_openai = CONFIG.replace("anthropic/claude-sonnet-5", "openai/gpt-5-mini")
    house = a_house(tmp_path, config=only_openai)

    result = house.head({"prompts/support.md": "---\nmodel: anthropic/claude-sonnet-5\n---\nBe kind."}).check(five)

    assert {call.wire for call in result.server.calls} == {"chat"}
    assert "policy_changed" in result.findings
    assert "anthropic/claude-sonnet-5" in " ".join(result.summary["not_applied"])


def test_a_model_that_neither_side_gets_is_a_warning_and_no_change_of_policy(tmp_path):
    front = "---\nmodel: local/x\n---\n"
    house = a_house(tmp_path, prompt=f"{front}Be kind.")

    result = house.head({"prompts/support.md": f"{front}Be very kind."}).check(five)

    assert (result.verdict, result.summary["not_applied"]) == ("pass", [])
    assert "prompts/support.md: model local/x (policy uses no such provider; not run)" in result.summary["warnings"]


def test_what_runs_in_place_of_a_model_that_is_not_run_keeps_the_params_of_suite_and_prompt(tmp_path):
    config = CONFIG.replace("    dataset:", "    params: {temperature: 0.5}\n    dataset:")
    front = "---\nmodel: local/x\nparams: {top_p: 0.9}\n---\n"

    result = a_house(tmp_path, config=config).head({"prompts/support.md": f"{front}Be kind."}).check(five)

    sent = [(call.body.get("temperature"), call.body.get("top_p")) for call in result.server.calls if call.schema is None]
    assert set(sent) == {(0.5, None), (0.5, 0.9)}  # base's, and head's with its own param


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("evals/d.yaml", "- id: g-1\n  partition: golden\n  reviewers: [a, b]\n  input: {user_input: Question g-01?}\n"),
        ("evals/d.csv", 'id,partition,input.user_input\ng-1,golden,Question g-01?\n'),
        ("evals/d.json", json.dumps({"name": "d", "task_type": "chat", "partition": "golden", "examples": [{"id": "g-1", "input": {"user_input": "Question g-01?"}}]})),
        ("evals/d.jsonl", lines([a_row("g-1", "golden", input={"user_input": "Question g-01?"})])),
    ],
)  # fmt: skip
def test_every_dataset_format_is_asked(tmp_path, name, text):
    house = House(tmp_path, files(config=CONFIG.replace("evals/*.jsonl", name), golden=None, regression=None) | {name: text})

    result = house.head(SAME).check(five)

    assert (result.verdict, {row["example"] for row in result.rows}) == ("pass", {"g-1"})


def test_an_example_with_checks_of_its_own_is_held_to_them(tmp_path):
    rows = lines([a_row("g-00", "golden", checks=[{"name": "greets", "contains": "Hello"}])])
    house = House(tmp_path, files(golden=rows, regression=None))

    def answer(call):
        if call.schema is not None:
            return verdict(call, score=5)
        return "Hello there" if "quality=good" in call.system else "Go away"

    result = house.head(SAME).check(answer)

    assert result.verdict == "fail"
    assert result.summary["golden"][0]["status"] == "new_failure"
    assert any("greets" in reason for row in result.summary["partitions"] for reason in row["failure_reasons"])


def test_examples_that_list_prompts_are_asked_of_those_only(tmp_path):
    rows = lines([a_row("g-00", "golden"), a_row("g-01", "golden", prompts=["prompts/sales"])])
    house = House(tmp_path, files(config=GLOBBED, golden=rows, regression=None) | {"prompts/sales.md": "Sell."})

    result = house.head({"prompts/sales.md": "Sell more.", "prompts/support.md": "Help."}).check(five)

    assert {(row["prompt"], row["example"]) for row in result.rows} == {
        ("prompts/support", "g-00"), ("prompts/sales", "g-00"), ("prompts/sales", "g-01"),
    }  # fmt: skip


def test_a_param_that_a_model_rejects_is_dropped_on_both_sides_and_reported(tmp_path):
    config = CONFIG.replace("model: openai/gpt-5-mini", "model: app") + "models:\n  app: {provider: openai, model: gpt-5-mini, params: {temperature: 0.2}}\n"

    def answer(call):
        if call.schema is None and "temperature" in call.body:
            return rejects_param("temperature")
        return five(call)

    result = a_house(tmp_path, config=config).head(SAME).check(answer)

    assert result.verdict == "pass"
    assert result.summary["dropped_params"] == {"openai/gpt-5-mini": ["temperature"]}
    assert "temperature" in result.comment


def test_an_unknown_price_is_null_and_never_zero(tmp_path):
    config = CONFIG.replace("openai/gpt-5-mini", "openai/some-model-of-tomorrow")

    result = a_house(tmp_path, config=config).head(SAME).check(five)

    assert result.summary["cost_usd"] is None
    assert "unknown" in result.comment


def test_BUD_07_an_unknown_price_can_be_refused_before_the_first_call(tmp_path):
    config = CONFIG.replace("openai/gpt-5-mini", "openai/some-model-of-tomorrow") + "run: {unknown_price: refuse}\n"

    result = a_house(tmp_path, config=config).head(SAME).check(five)

    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert "some-model-of-tomorrow" in result.record.decision.reason


def test_BUD_02_the_budget_stops_new_calls_and_nothing_is_concluded(tmp_path):
    config = CONFIG.replace("model: openai/gpt-5-mini", "model: app") + (
        "models:\n  app: {provider: openai, model: gpt-5-mini, price: {input: 0, output: 1000000}}\n"
        "run: {budget_usd: 0.5, concurrency: 2}\n"
    )

    def answer(call):
        return Answer("expensive", usage=(1, 1, 0)) if call.schema is None else verdict(call, score=5)

    result = House(tmp_path, files(config=config)).head(SAME).check(answer)

    assert result.verdict == "inconclusive"
    assert result.summary["calls"]["model"] <= 3
    assert result.summary["coverage"]["errors"]["stopped"] > 90


def test_RES_05_time_that_is_used_up_is_inconclusive_never_a_pass_on_a_subset(tmp_path):
    from tests.loopback import later

    config = CONFIG + "run: {golden_seconds: 0.6, total_seconds: 0.8, concurrency: 4}\n"

    result = House(tmp_path, files(config=config)).head(SAME).check(lambda call: later(0.25, five(call)))

    assert result.verdict == "inconclusive"
    assert result.summary["coverage"]["errors"]["stopped"] > 0
    assert {row["partition"] for row in result.rows if row["output"]} <= {"golden"}


def test_an_empty_answer_fails_by_rule_at_the_lowest_value_without_a_judge_call(tmp_path):
    def answer(call):
        if call.schema is not None:
            return verdict(call, score=5)
        return "" if "quality=same" in call.system else "fine"

    result = a_house(tmp_path).head(SAME).check(answer)

    head = [row for row in result.rows if row["side"] == "head"]
    assert result.verdict == "fail"
    assert {(row["outcome"], row["passed"], row["scores"]["judge"]["value"]) for row in head} == {("empty", False, 1.0)}
    assert not [call for call in result.server.calls if call.schema is not None and "quality=same" in call.text]


def test_regression_and_golden_rows_may_be_proposed_or_quarantined_and_then_do_not_gate(tmp_path):
    rows = [*golden(2), a_row("g-90", "golden", status="proposed"), a_row("g-91", "golden", status="quarantined")]

    result = House(tmp_path, files(golden=lines(rows), regression=None)).head(SAME).check(five)

    assert {row["example"] for row in result.rows} == {"g-00", "g-01"}
    assert result.summary["coverage"]["planned"] == 4


def test_two_prompts_are_two_rows_of_the_table_and_only_the_changed_one_is_paid_for(tmp_path):
    house = House(tmp_path, files(config=GLOBBED) | {"prompts/sales.md": PROMPT.format(quality="good")})

    result = house.head(SAME).check(by_quality())

    assert {row["prompt"] for row in result.summary["comparisons"]} == {"prompts/support"}
    assert {row["partition"] for row in result.summary["comparisons"]} == {"golden", "regression", "all"}


def test_an_unstable_judge_is_said(tmp_path):
    config = CONFIG.replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [quality]\n") + (
        "metrics:\n  quality: {type: judge, model: anthropic/claude-sonnet-5, samples: 2}\n"
    )
    seen = Counter()

    def answer(call):
        if call.schema is None:
            return echo(call)
        seen[call.user] += 1
        return verdict(call, score=5 if seen[call.user] % 2 else 3)

    result = a_house(tmp_path, config=config).head(SAME).check(answer)

    assert result.findings["judge_health"] == ["warns"]
    assert all(sorted(row["scores"]["quality"]["samples"]) == [3, 5] for row in result.rows if not row["confirmation"])


def test_regression_rows_are_confirmed_before_they_are_blamed(tmp_path):
    asked = []

    def answer(call):
        if call.schema is not None:
            return verdict(call, score=1 if "bad day" in call.text else 5)
        if "quality=same" in call.system and "r-05" in call.user:
            asked.append(call)
            return "a bad day" if len(asked) == 1 else "a good day"
        return echo(call)

    result = House(tmp_path, files(regression=lines(regression(12)))).head(SAME).check(answer)

    assert result.verdict == "pass"
    (row,) = result.summary["golden"]
    assert (row["example"], row["status"], row["head_failures"], row["runs"]) == ("r-05", "flaky", 1, 5)
    assert len(asked) == 5
