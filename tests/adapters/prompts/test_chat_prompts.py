"""Chat arrays and GitHub's .prompt.yml."""

from __future__ import annotations

import json

import pytest

from evalbot.domain.errors import ConfigError
from tests.adapters.prompts.files import load, rendered

MESSAGES = [{"role": "system", "content": "You help with {{ product }}."}, {"role": "user", "content": "{{ user_input }}"}]
GITHUB = """
name: Support
description: Answers
model: openai/gpt-5-mini
modelParameters: {maxCompletionTokens: 300, maxTokens: 5, temperature: 0.3, topP: 0.9}
responseFormat: json_schema
jsonSchema: '{"name": "answer", "strict": true, "schema": {"type": "object"}}'
messages:
  - role: system
    content: You are {{persona}}. {{ not_a_variable }}
  - role: user
    content: "{{user_input}}"
testData:
  - {user_input: x, expected: y}
evaluators:
  - {name: has, string: {contains: x}}
"""


@pytest.mark.parametrize("wrap", [False, True])
def test_a_chat_array_renders_each_content(wrap: bool) -> None:
    source = json.dumps({"messages": MESSAGES} if wrap else MESSAGES)
    for path in ("a.json", "a.yaml", "a.yml"):
        assert rendered(load(source, path), product="Acme", user_input="Hi") == [("system", "You help with Acme."), ("user", "Hi")]


def test_a_chat_mapping_may_name_model_and_params() -> None:
    prompt = load("model: a/b\nparams:\n  seed: 3\nmessages:\n- role: user\n  content: |\n    {{ user_input }}\n", "a.yml")
    assert (prompt.model, prompt.params) == ("a/b", {"seed": 3})
    assert rendered(prompt, user_input="Hi") == [("user", "Hi")]


def test_a_chat_without_a_user_message_is_followed_by_the_input() -> None:
    source = json.dumps([MESSAGES[0], {"role": "assistant", "content": "Hello!"}])
    assert rendered(load(source, "a.json"), product="A", user_input="Hi")[-2:] == [("assistant", "Hello!"), ("user", "Hi")]


def test_messages_may_include_partials_of_their_folder() -> None:
    prompt = load(json.dumps([{"role": "user", "content": "{% include 'b.md' %}"}]), "prompts/a.json", prompts__b_md="B {{ user_input }}")
    assert rendered(prompt, user_input="Hi") == [("user", "B Hi")]


def test_a_row_is_told_the_line_of_the_message() -> None:
    source = "- role: system\n  content: S\n- role: user\n  content: '{{ usr }}'\n"
    assert str(rendered(load(source, "a.yaml"), user_input="x")).startswith("a.yaml:4: the template needs 'usr'")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("[]", "no messages"),
        ("messages: 3", "no messages"),
        ("{}", "no messages"),
        ("- hello", "must be a mapping"),
        ("- {role: sytem, content: x}", "Did you mean 'system'?"),
        ("- {role: user, content: [x]}", "must be a string"),
        ("- {role: user, content: x, nmae: y}", "unknown key 'nmae'"),
        ("mesages: []", "Did you mean 'messages'?"),
        ("- {role: user", "a.yaml:"),
        ("- {role: user, content: '{% if %}'}", "a.yaml:1: the template cannot be parsed"),
        ("model: a/b\nparams: {api_key: x}\nmessages: [{role: user, content: x}]", "a.yaml:2: 'api_key' is no param"),
    ],
)
def test_errors_say_where_and_what(source: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(source, "a.yaml")
    assert message in str(caught.value)


def test_githubs_file_gives_messages_model_params_and_schema() -> None:
    prompt = load(GITHUB, "a.prompt.yml")
    assert (prompt.id, prompt.model) == ("a", "openai/gpt-5-mini")
    assert prompt.params == {"max_output_tokens": 300, "temperature": 0.3, "top_p": 0.9}
    assert prompt.schema == {"type": "object"}
    assert rendered(prompt, persona="kind", user_input="{{persona}}") == [
        ("system", "You are kind. {{ not_a_variable }}"), ("user", "{{persona}}"),
    ]  # fmt: skip


def test_githubs_file_has_no_jinja() -> None:
    source = "messages:\n- {role: user, content: '{% if x %}{{a.b}} {{c-d}} {{ a }}{# #}'}\n"
    assert rendered(load(source, "a.prompt.yaml"), **{"a.b": 1, "c-d": [1, None], "x": 1}) == [("user", "{% if x %}1 [1, null] {{ a }}{# #}")]


def test_an_unknown_name_of_githubs_file_is_that_rows_problem() -> None:
    assert rendered(load(GITHUB, "a.prompt.yml"), persna="kind", user_input="x") == (
        "a.prompt.yml:10: the template needs 'persona', which the row's input does not have. Did you mean 'persna'?"
    )


def test_json_object_is_asked_for_by_param() -> None:
    prompt = load("responseFormat: json_object\nmessages: [{role: user, content: '{{input}}'}]", "a.prompt.yml")
    assert prompt.params == {"response_format": {"type": "json_object"}}
    assert prompt.schema is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("responseFormat: json_schema", "responseFormat: json_shema"), "Did you mean 'json_schema'?"),
        (("temperature", "temprature"), "unknown model parameter 'temprature'. Did you mean 'temperature'?"),
        (("jsonSchema: '{", "jsonSchema: '{{"), "'jsonSchema' is not JSON"),
        (('"schema": {"type": "object"}', '"schema": 3'), "holds no schema"),
        (("testData", "testdata"), "Did you mean 'testData'?"),
    ],
)
def test_githubs_file_is_checked(change: tuple[str, str], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(GITHUB.replace(*change), "a.prompt.yml")
    assert message in str(caught.value)
