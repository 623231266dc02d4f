"""Tool calls from a prompt's params to the score, as each vendor writes them on the wire."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.app.checking import House, a_row, files, lines
from tests.loopback import Call, Fault

WIRES = {"chat": ("openai", "gpt-5-mini", ""), "responses": ("openai", "gpt-5-mini", "api: responses,"), "anthropic": ("anthropic", "claude-sonnet-5", "")}
CONFIG = """\
version: 1
models:
  app: {{provider: {provider}, model: {model}, {more} params: {{tools: [{{type: {kind}, name: refund}}]}}}}
metrics:
  calls: {{type: tool_calls}}
suites:
  support: {{prompt: prompts/support.md, model: app, dataset: evals/golden.jsonl, metrics: [calls]}}
run: {{partitions: [golden]}}
"""
WANTED = {"tool_calls": [{"name": "refund", "arguments": {"order": "A1"}}]}
ROWS = [a_row(f"g-{n}", "golden", expected_output=WANTED) for n in range(3)]


def body(call: Call, arguments: dict[str, Any]) -> Fault:
    """A good response of each wire whose only content is a call."""
    usage = {"input_tokens": 20, "output_tokens": 10, "prompt_tokens": 20, "completion_tokens": 10}
    given = json.dumps(arguments)
    shapes: dict[str, Any] = {
        "chat": {"choices": [{"message": {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "type": "function", "function": {"name": "refund", "arguments": given}}]}, "finish_reason": "tool_calls"}]},
        "responses": {"status": "completed", "output": [{"type": "function_call", "name": "refund", "arguments": given}]},
        "anthropic": {"content": [{"type": "tool_use", "id": "1", "name": "refund", "input": arguments}], "stop_reason": "tool_use"},
    }  # fmt: skip
    return Fault(200, {"model": call.model, "usage": usage, **shapes[call.wire]})


@pytest.mark.parametrize("wire", WIRES)
def test_a_prompt_that_calls_with_the_wrong_argument_fails(wire: str, tmp_path) -> None:
    provider, model, more = WIRES[wire]
    config = CONFIG.format(provider=provider, model=model, more=more, kind="custom" if wire == "anthropic" else "function")
    seen: list[Any] = []

    def answer(call: Call) -> Fault:
        seen.append(call.body.get("tools"))
        return body(call, {"order": "B2" if "worse" in call.system else "A1"})

    house = House(tmp_path, files(config=config, golden=lines(ROWS), regression=None, prompt="Help.\n"))
    result = house.head({"prompts/support.md": "Help worse.\n"}).check(answer)

    assert result.verdict == "fail", result.record.decision.reason
    first = {row["side"]: row for row in result.rows if row["example"] == "g-0" and not row["confirmation"]}
    assert first["base"]["tool_calls"] == WANTED["tool_calls"]
    assert (first["base"]["scores"]["calls"]["value"], first["head"]["scores"]["calls"]["value"]) == (1.0, 0.0)
    assert 'refund({"order": "B2"}); wanted: refund({"order": "A1"})' in first["head"]["scores"]["calls"]["reason"]
    assert all(tools and tools[0]["name"] == "refund" for tools in seen)
