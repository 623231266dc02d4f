"""Every kind of judge through the front door: over both SDKs, without structured output, without a key, and never from a fork's endpoint."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.app.checking import CONFIG, PROMPT, House, Result, files, golden, lines
from tests.loopback import Call, bad_request, verdict

HEAD = {"prompts/support.md": PROMPT.format(quality="bad")}
KINDS = {
    "judge": "{type: judge, %s, samples: 2, max_samples: 4}",
    "checklist": "{type: checklist, %s, items: {price: 'Is the price right?', polite: 'Is it courteous?'}}",
    "factuality": "{type: factuality, %s}",
    "pairwise": "{type: pairwise, %s}",
}
WIRES = {
    "chat": "{provider: openai, model: gpt-5-mini, params: {temperature: 0.3}}",
    "responses": "{provider: openai, model: gpt-5-mini, api: responses, params: {temperature: 0.3}}",
    "messages": "{provider: anthropic, model: claude-sonnet-5, params: {temperature: 0.3}}",
}


def config(kind: str, wire: str = "chat", asked: str = "model: grader") -> str:
    metric = KINDS[kind] % asked
    judge = "models:\n  grader: " + WIRES[wire] + "\n  second: {provider: anthropic, model: claude-opus-5}\n  third: {provider: openai, model: gpt-5}\n"
    metrics = f"metrics:\n  rules: {{type: checks, checks: [{{name: said, words: {{min: 1}}}}]}}\n  mine: {metric}\nsuites:\n"
    return CONFIG.replace("suites:\n", judge + metrics).replace("    judge: anthropic/claude-sonnet-5\n", "    metrics: [rules, mine]\n")


def rows(count: int = 4) -> str:
    return lines([one | {"expected_output": "It costs 5 EUR."} for one in golden(count)])


def run(tmp_path: Path, text: str, script: Any, **options: Any) -> Result:
    return House(tmp_path, files(config=text, golden=rows(), regression=None)).head(HEAD).check(script, **options)


def scored(result: Result) -> list[Any]:
    return [row["scores"]["mine"] for row in result.rows if row["scores"]["mine"]["status"] == "scored"]


REPLIES: dict[str, dict[str, Any]] = {
    "judge": {"score": 4}, "factuality": {"verdict": "same"}, "pairwise": {"preferred": "tie"},
    "checklist": {"price": {"reasoning": "", "verdict": "yes"}, "polite": {"reasoning": "", "verdict": "yes"}},
}  # fmt: skip


def grading(kind: str, strict: bool = True) -> Any:
    """Answers as asked; a server without structured output refuses the schema, and its model writes around its JSON."""

    def answer(call: Call) -> Any:
        judged = "Reply with the JSON object only" in call.user
        if "temperature" in call.body:
            return bad_request("Unsupported parameter: 'temperature' is not supported with this model.", param="temperature", code="unsupported_parameter")
        if not strict and call.schema is not None:
            name = {"chat": "response_format", "responses": "text.format", "messages": "output_config.format"}.get(call.wire, "output_config.format")
            return bad_request(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")
        if not judged:
            return "quality=bad" if "quality=bad" in call.system else "quality=good"
        if strict:
            return verdict(call, **REPLIES[kind])
        body = {"reasoning": "So it is.", "strengths": [], "weaknesses": []} if kind == "judge" else {"reasoning": "So it is."}
        return "Here is my verdict:\n```json\n" + json.dumps({**({} if kind == "checklist" else body), **REPLIES[kind]}) + "\n```"

    return answer


@pytest.mark.parametrize(
    ("kind", "wire", "strict"),
    [(kind, wire, False) for kind in KINDS for wire in WIRES] + [("judge", "responses", True), ("checklist", "messages", True)],
)
def test_every_kind_works_over_both_sdks_without_temperature_and_without_structured_output(tmp_path: Path, kind: str, wire: str, strict: bool) -> None:
    result = run(tmp_path, config(kind, wire), grading(kind, strict))
    assert result.verdict == "pass", result.comment
    assert len(scored(result)) == (4 if kind == "pairwise" else 8)
    assert all("log_probs" not in call.body and "logprobs" not in call.body for call in result.server.calls)


@pytest.mark.parametrize("kind", KINDS)
def test_a_jury_of_three_is_asked_and_shown(tmp_path: Path, kind: str) -> None:
    result = run(tmp_path, config(kind, asked="jury: [grader, second, third]"), grading(kind))
    assert result.verdict == "pass", result.comment
    assert result.summary["judges"][0]["model"] == "openai/gpt-5-mini + anthropic/claude-opus-5 + openai/gpt-5"
    assert {call.model for call in result.server.calls if "JSON object only" in call.user} == {"gpt-5-mini", "claude-opus-5", "gpt-5"}


@pytest.mark.parametrize("kind", ["judge", "checklist", "factuality"])
def test_the_local_judge_tells_a_lost_fact_without_a_key(tmp_path: Path, kind: str) -> None:
    text = config(kind, asked="model: local/rubric").replace("openai/gpt-5-mini", "local/extractive")
    facts = lines([one | {"input": {"user_input": "How long do refunds take?"}, "expected_output": "Refunds take five days."} for one in golden(3)])
    start = files(config=text, golden=facts, regression=None, prompt="Be kind.\n\nRefunds take five days.\n\nWe ship on Mondays.\n")
    result = House(tmp_path, start).head({"prompts/support.md": "Be kind.\n\nWe ship on Mondays.\n"}).check(env={})
    passed = {side: {row["scores"]["mine"]["passed"] for row in result.rows if row["side"] == side} for side in ("base", "head")}
    assert passed == {"base": {True}, "head": {False}}, result.comment
    assert result.findings["new_failure"] == ["blocks"] * 3


def test_head_cannot_name_the_endpoint_of_a_juror_of_a_new_suite(tmp_path: Path) -> None:
    """What a bootstrap refuses of a judge's `model` it refuses of each juror: keys would go there."""
    text = config("judge", asked="jury: [grader, second]").replace("model: claude-opus-5}", "model: claude-opus-5, base_url: 'https://evil.example/v1'}")
    start = files(config=None)
    result = House(tmp_path, start).head({"evalbot.yml": text}).check(grading("judge"))
    assert (result.verdict, result.server.calls) == ("config_error", [])
    place = House(tmp_path / "suite", files()).head({"evalbot.yml": text.replace("  support:\n", "  more:\n")})
    result = place.check(grading("judge"))
    assert (result.verdict, result.server.calls) == ("config_error", [])
    assert "base_url" in result.summary["reason"]
