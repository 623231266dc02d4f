"""OpenAI Evals' JSON Lines, and GitHub's prompt files, as suites."""

from __future__ import annotations

import json

import pytest

from evalbot.adapters.imports.github_prompts import read_prompt_file
from evalbot.adapters.imports.imported import Imported
from evalbot.adapters.imports.openai_evals import read_samples
from evalbot.domain.errors import ConfigError
from tests.adapters.prompts.files import Files


def samples(*lines: object) -> Imported:
    return read_samples(Files({"evals/capitals.jsonl": "".join(json.dumps(line) + "\n" for line in lines)}), "evals/capitals.jsonl", "evals/prompts")


def talk(*messages: tuple[str, str]) -> list[dict[str, str]]:
    return [{"role": role, "content": content} for role, content in messages]


def test_a_system_message_that_all_share_becomes_the_prompt() -> None:
    system = "Name the capital. Answer {in} one word."
    found = samples(
        {"input": talk(("system", system), ("user", "France?")), "ideal": "Paris"},
        {"input": talk(("system", system), ("user", "Spain?"), ("assistant", "Madrid"), ("user", "And Bolivia?")), "ideal": ["Sucre", "La Paz"]},
    )
    assert found.files == {"evals/prompts/capitals.md": "{% raw %}" + system + "{% endraw %}\n"}
    assert found.rows == (
        {"id": "capitals-001", "partition": "golden", "input": {"user_input": "France?"}, "expected_output": "Paris"},
        {
            "id": "capitals-002", "partition": "golden", "input": {"user_input": "And Bolivia?"},
            "messages": talk(("user", "Spain?"), ("assistant", "Madrid")), "expected_output": "Sucre", "references": ["La Paz"],
        },
    )  # fmt: skip


def test_system_messages_that_differ_are_a_variable() -> None:
    found = samples({"input": talk(("system", "A"), ("user", "q")), "ideal": "x"}, {"input": talk(("system", "B"), ("user", "q")), "ideal": "x"})
    assert found.files == {"evals/prompts/capitals.md": "{{ system }}\n"}
    assert [row["input"] for row in found.rows] == [{"system": "A", "user_input": "q"}, {"system": "B", "user_input": "q"}]


def test_items_of_a_hosted_eval_are_inputs() -> None:
    found = samples({"item": {"question": "France?", "topic": "geo", "ground_truth": "Paris"}}, {"item": {"a": 1, "b": 2, "answer": "3"}})
    assert [row["input"] for row in found.rows] == [{"question": "France?", "topic": "geo", "user_input": "France?"}, {"a": 1, "b": 2, "user_input": '{"a": 1, "b": 2}'}]
    assert [row["expected_output"] for row in found.rows] == ["Paris", "3"]


def test_what_is_no_sample_is_named_with_its_line() -> None:
    found = samples({"input": "France?", "ideal": "Paris"}, {"other": 1}, {"input": talk(("user", "a"), ("assistant", "b")), "ideal": "c"})
    assert [str(problem) for problem in found.left_out] == [
        "evals/capitals.jsonl:2: this line is no sample and is not taken over.",
        "evals/capitals.jsonl:3: this sample does not end in a user's message and is not taken over.",
    ]


@pytest.mark.parametrize("text", ["", "{", "[1]\n", '{"id": "a", "partition": "golden", "input": {}}\n'])
def test_a_file_without_a_sample_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        read_samples(Files({"a.jsonl": text}), "a.jsonl", "evals")


EVALUATORS = """\
model: openai/gpt-5-mini
messages: [{role: user, content: "{{input}}"}]
testData:
  - {input: "a", expected: "A."}
evaluators:
  - {name: same, string: {equals: "{{expected}}"}}
  - {name: edges, string: {startsWith: "A", endsWith: "."}}
  - {name: close, uses: github/similarity}
  - name: graded
    llm: {modelId: openai/gpt-5, prompt: "Is it good?", choices: [{choice: "1", score: 0}, {choice: "5", score: 1}]}
  - {name: odd, uses: github/humour}
"""


def test_evaluators_of_a_prompt_file_are_checks_and_criteria_or_are_named() -> None:
    found = read_prompt_file(Files({"p.prompt.yml": EVALUATORS}), "p.prompt.yml")
    assert found.rows[0]["checks"] == [{"regex": r"\AA\.\Z"}, {"starts_with": "A"}, {"ends_with": "."}]
    assert found.rows[0]["criteria"] == ["means the same as the reference"]
    assert found.mapped == {"string.equals": 1, "string.startsWith": 1, "string.endsWith": 1, "github/similarity": 1}
    assert [problem.line for problem in found.left_out] == [9, 11]


def test_a_file_without_messages_is_refused() -> None:
    with pytest.raises(ConfigError, match="no `messages`"):
        read_prompt_file(Files({"p.prompt.yml": "model: a"}), "p.prompt.yml")
