"""Metrics that judge claims, sentences and passages, from the configuration to the comment: over every wire and without any."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests import loopback as lb
from tests.app.checking import PROMPT, House, a_row, files, lines
from tests.loopback import Call
from tests.metrics.judging import claims, verdict, verdicts, words

CONTEXT = ["Refunds take 5 days.", "We open at nine."]
EXPECTED = "Refunds take 5 days."
ASKED = ("How long do refunds take?", "How many days do refunds take?", "Refunds: how many days?")
ROWS = [a_row(f"g-{n:02}", "golden", input={"user_input": asked}, context=CONTEXT, expected_output=EXPECTED) for n, asked in enumerate(ASKED)]
CONFIG = """\
version: 1
models:
  grader: {{provider: {provider}, model: {model}, {more} params: {{temperature: 0}}}}
  words:  {{provider: local, model: words}}
metrics:
  grounded: {{type: hallucination, model: grader}}
  similar:  {{type: semantic_similarity, model: words, threshold: 0.5}}
  relevant: {{type: answer_relevance, model: grader}}
  front:    {{type: context_precision, model: grader, threshold: 0.9}}
  whole:    {{type: context_recall, model: grader}}
suites:
  support:
    prompt: prompts/support.md
    model: local/extractive
    dataset: evals/golden.jsonl
    metrics: [grounded, similar, relevant, front, whole]
run: {{partitions: [golden]}}
"""
BASE = "You are the support assistant. quality=good\n\nRefunds take 5 days.\n"
WORSE = BASE.replace("5 days", "9 days")
WIRES = {
    "chat": ("openai", "gpt-5-mini", ""),
    "responses": ("openai", "gpt-5-mini", "api: responses,"),
    "anthropic": ("anthropic", "claude-sonnet-5", ""),
}


def judge(call: Call) -> str:
    """Says of each claim what the first passage says of it; every other question is answered favourably."""
    asked = call.text
    if "take a response apart" in asked:
        said = re.findall(r"<response-\w+>\n(.*?)\n</response", call.user, re.DOTALL)[-1]
        return claims(*[part for part in re.split(r"(?<=[.])\s+", said) if part])
    items = re.findall(r"<item-(\d+)-\w+>\n(.*?)\n</item", call.user, re.DOTALL)
    if "check claims against a context" in asked:
        return verdicts(
            *(verdict(int(n), "contradicted" if "9 days" in text else "supported", "take 5 days") for n, text in items)
        )
    if "sentences can be found in passages" in asked:
        return verdicts(*(verdict(int(n), "supported", "take 5 days") for n, _ in items))
    if "help to arrive at an answer" in asked:
        return words(*("useful" if "take 5 days" in text else "useless" for _, text in items))
    return words(*["relevant"] * len(items))


def no_temperature(call: Call) -> Any:
    """A model of today: it takes no temperature."""
    return lb.rejects_param("temperature") if "temperature" in call.body else judge(call)


def plain_text_only(call: Call) -> Any:
    """An endpoint without structured output, whose model wraps its JSON in words."""
    structure = {"chat": "response_format", "responses": "text", "anthropic": "output_config"}[call.wire]
    if structure in call.body:
        return lb.rejects_param(structure, f"Unknown parameter: '{structure}'.", "unknown_parameter")
    if "temperature" in call.body:
        return lb.rejects_param("temperature")
    return f"Here is my verdict:\n```json\n{judge(call)}\n```"


@pytest.mark.parametrize("script", [no_temperature, plain_text_only])
@pytest.mark.parametrize("wire", WIRES)
def test_a_prompt_that_invents_fails_by_its_claims(wire: str, script: Any, tmp_path) -> None:
    provider, model, more = WIRES[wire]
    config = CONFIG.format(provider=provider, model=model, more=more)
    house = House(tmp_path, files(config=config, golden=lines(ROWS), regression=None, prompt=BASE))
    result = house.head({"prompts/support.md": WORSE}).check(script)

    assert result.verdict == "fail", result.record.decision.reason
    first = {(row["side"], row["example"]): row["scores"] for row in result.rows if not row["confirmation"]}
    base, head = first["base", "g-00"], first["head", "g-00"]
    assert {name: score["status"] for name, score in head.items()} == dict.fromkeys(base, "scored"), head
    assert (base["grounded"]["value"], head["grounded"]["value"]) == (1.0, 0.0)
    assert head["grounded"]["reason"].startswith("contradicted: ")
    assert base["similar"]["value"] == pytest.approx(1.0)
    assert head["similar"]["value"] < 0.9
    assert (head["front"]["value"], head["whole"]["value"], head["relevant"]["value"]) == (1.0, 1.0, 1.0)
    assert "new_failure" in result.findings


def test_a_row_without_context_is_not_applicable_and_said_before_anything_is_paid_for(tmp_path) -> None:
    rows = [*ROWS, a_row("g-03", "golden", input={"user_input": "Refunds?"}, expected_output=EXPECTED)]
    config = CONFIG.format(provider="anthropic", model="claude-sonnet-5", more="")
    house = House(tmp_path, files(config=config, golden=lines(rows), regression=None, prompt=BASE))
    result = house.head({"prompts/support.md": BASE + "\nBe kind.\n"}).check(no_temperature)
    warned = [warning for warning in result.record.warnings if "'grounded'" in warning]
    assert warned == [
        "suite 'support': metric 'grounded' (evalbot.yml:6) needs `context`, which 1 of 4 examples lack: first evals/golden.jsonl:4"
    ]
    lacking = next(row for row in result.rows if row["example"] == "g-03" and row["side"] == "head")
    assert lacking["scores"]["grounded"]["status"] == "not_applicable"


def test_only_rows_without_context_are_refused_with_file_and_line(tmp_path) -> None:
    config = CONFIG.format(provider="anthropic", model="claude-sonnet-5", more="").replace(
        "[grounded, similar, relevant, front, whole]", "[grounded]"
    )
    rows = [a_row("g-00", "golden", expected_output=EXPECTED)]
    house = House(tmp_path, files(config=config, golden=lines(rows), regression=None))
    result = house.head({"prompts/support.md": PROMPT.format(quality="bad")}).check()
    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert str(result.record.problems[0]) == (
        "evals/golden.jsonl:1: no pass/fail metric of suite 'support' can apply to golden example 'g-00'. "
        "Metric 'grounded' needs `context`."
    )


def test_offline_the_local_judge_finds_it_too(tmp_path) -> None:
    config = CONFIG.format(provider="local", model="words", more="")
    house = House(tmp_path, files(config=config, golden=lines(ROWS), regression=None, prompt=BASE))
    result = house.head({"prompts/support.md": WORSE}).check(env={})
    assert (result.verdict, result.server.calls) == ("fail", [])
    assert json.dumps(result.summary)
    assert result.summary["cost_usd"] == 0.0
