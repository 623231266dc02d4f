"""Datasets of Inspect, DeepEval, Langfuse and Braintrust become rows; what has no place in one is named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from evalbot.adapters.git import Repository
from evalbot.adapters.imports.openai_evals import is_samples, read_samples
from evalbot.domain.errors import ConfigError
from tests.repository import Repo

INSPECT = {"id": "i1", "input": "What is 2+2?", "target": ["4", "four"], "metadata": {"level": "easy"}}
INSPECT_CHAT = {"input": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}, {"role": "user", "content": "2+2?"}], "target": "4"}
DEEPEVAL = {"input": "Refund?", "expected_output": "Within 30 days.", "retrieval_context": ["Refunds take 30 days."], "tools_called": [{"name": "x"}]}
LANGFUSE = {"id": "l1", "input": {"question": "Q?", "tone": "kind"}, "expectedOutput": {"text": "A."}, "metadata": {}}
BRAINTRUST = {"id": "b1", "input": "Q?", "expected": "A.", "tags": ["billing"], "metadata": {"n": 1}}


def rows(tmp_path: Path, *records: Any, name: str = "data.jsonl") -> Any:
    repo = Repo(tmp_path / "repo")
    text = json.dumps(list(records)) if name.endswith(".json") else "".join(json.dumps(record) + "\n" for record in records)
    repo.write({name: text})
    return read_samples(Repository(repo.root).tree(repo.commit()), name, "prompts")


@pytest.mark.parametrize(
    ("record", "row"),
    [
        (INSPECT, {"id": "i1", "partition": "golden", "input": {"user_input": "What is 2+2?"}, "expected_output": "4", "references": ["four"], "metadata": {"level": "easy"}}),
        (DEEPEVAL, {"id": "data-001", "partition": "golden", "input": {"user_input": "Refund?"}, "expected_output": "Within 30 days.", "context": ["Refunds take 30 days."]}),
        (LANGFUSE, {"id": "l1", "partition": "golden", "input": {"question": "Q?", "tone": "kind", "user_input": "Q?"}, "expected_output": '{"text": "A."}'}),
        (BRAINTRUST, {"id": "b1", "partition": "golden", "input": {"user_input": "Q?"}, "expected_output": "A.", "tags": ["billing"], "metadata": {"n": 1}}),
    ],
    ids=["Inspect", "DeepEval", "Langfuse", "Braintrust"],
)  # fmt: skip
def test_a_record_of_each_tool_becomes_a_row(tmp_path: Path, record: Any, row: Any) -> None:
    assert is_samples(record)
    (found,) = rows(tmp_path, record).rows
    assert found == row


def test_a_conversation_keeps_its_turns_and_its_system_message_is_the_prompt(tmp_path: Path) -> None:
    found = rows(tmp_path, INSPECT_CHAT, name="data.json")
    assert found.files == {"prompts/data.md": "Be brief.\n"}
    (row,) = found.rows
    assert (row["input"], row["messages"]) == ({"user_input": "2+2?"}, [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Yes?"}])


def test_what_has_no_place_in_a_row_is_named_with_its_line(tmp_path: Path) -> None:
    (problem,) = rows(tmp_path, BRAINTRUST, DEEPEVAL).left_out
    assert str(problem) == "data.jsonl:2: 'tools_called' of DeepEval has no place in a row and is not taken over."


def test_a_row_of_our_own_and_nothing_at_all_are_nobodys(tmp_path: Path) -> None:
    assert not is_samples({"id": "g", "partition": "golden", "input": {"q": 1}, "expected": "x"})
    with pytest.raises(ConfigError, match="no sample of OpenAI Evals, Inspect, DeepEval, Langfuse or Braintrust"):
        rows(tmp_path, {"nothing": 1})
