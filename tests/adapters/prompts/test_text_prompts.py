"""Text prompts: roles, variables, front matter."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.adapters.prompts import prompt_id
from evalbot.adapters.prompts.plain import plain
from evalbot.adapters.prompts.sandbox import environment
from evalbot.domain.errors import ConfigError
from tests.adapters.prompts.files import example, load, rendered


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("prompts/support.md", "prompts/support"), ("a.prompt.yml", "a"), ("x/a.prompt.yaml", "x/a"), ("a.yaml", "a"),
        ("a.b.txt", "a.b"), ("A.MD", "A"), ("folder.d/file", "folder.d/file"), ("p/.md", "p/.md"), ("new\nline.j2", "new\nline"),
    ],
)  # fmt: skip
def test_an_id_is_the_path_without_its_suffix(path: str, expected: str) -> None:
    assert prompt_id(path) == expected


def test_a_prompt_that_uses_the_input_is_the_users_message() -> None:
    assert rendered(load("Be kind.\n{{ user_input }}\n"), user_input="Hi") == [("user", "Be kind.\nHi")]


def test_a_prompt_that_does_not_is_the_systems_and_the_input_the_users() -> None:
    assert rendered(load("Be kind.\n"), user_input="Hi") == [("system", "Be kind."), ("user", "Hi")]


def test_the_input_may_be_used_in_a_partial_only() -> None:
    prompt = load("{% include 'b.md' %}", prompts__b_md="Asked: {{ user_input }}")
    assert rendered(prompt, user_input="Hi") == [("user", "Asked: Hi")]


@pytest.mark.parametrize("source", ["{% set user_input = 'x' %}{{ user_input }}", "{% macro m(user_input) %}{{ user_input }}{% endmacro %}{{ m('x') }}",
                                    "{% for user_input in ['x'] %}{{ user_input }}{% endfor %}", "{% with user_input='x' %}{{ user_input }}{% endwith %}",
                                    "{# {{ user_input }} #}x", "{% raw %}{{ user_input }}{% endraw %}", "{{ 'user_input' }}"])  # fmt: skip
def test_a_name_that_the_template_sets_itself_is_not_the_rows(source: str) -> None:
    assert not load(source).partials.uses_user_input


@pytest.mark.parametrize("source", ["{% set user_input = user_input|trim %}{{ user_input }}", "{% if user_input %}x{% endif %}", "{{ f(user_input) }}",
                                    "{% if a %}{% set user_input = 'x' %}{% endif %}{{ user_input }}", "{{ user_input|upper }}",
                                    "{% for user_input in ['x'] %}{% endfor %}{{ user_input }}", "{% block b %}{{ user_input }}{% endblock %}",
                                    "{% filter upper %}{{ user_input }}{% endfilter %}", "{{ {'a': user_input}['a'] }}", "{%- if x -%}{{- user_input -}}{%- endif -%}"])  # fmt: skip
def test_a_name_that_is_read_before_it_is_set_is_the_rows(source: str) -> None:
    assert load(source).partials.uses_user_input


def test_a_row_without_the_users_message_is_told_so() -> None:
    reason = rendered(load("Be kind."), topic="x")
    assert isinstance(reason, str)
    assert "input.user_input" in reason


def test_other_keys_of_the_input_are_variables_by_name() -> None:
    assert rendered(load("{{ plan }} {{ seats }}: {{ user_input }}"), user_input="Hi", plan="pro", seats=3) == [("user", "pro 3: Hi")]


def test_passages_are_the_context_joined_by_blank_lines() -> None:
    assert rendered(load("{{ context }}|{{ user_input }}"), user_input="Hi", passages=["A", "B"]) == [("user", "A\n\nB|Hi")]


def test_the_inputs_own_context_wins() -> None:
    assert rendered(load("{{ context }}|{{ user_input }}"), user_input="Hi", context="own", passages=["A"]) == [("user", "own|Hi")]


def test_without_passages_the_context_is_empty_and_not_missing() -> None:
    prompt = load("{% if context %}Facts: {{ context }}{% endif %}{{ user_input }}")
    assert rendered(prompt, user_input="Hi") == [("user", "Hi")]


def test_a_context_that_the_prompt_does_not_use_is_not_added() -> None:
    assert rendered(load("Be kind."), user_input="Hi", passages=["A"]) == [("system", "Be kind."), ("user", "Hi")]


def test_earlier_messages_of_the_row_stand_between_system_and_question() -> None:
    earlier = [{"role": "user", "content": "One {{ x }}"}, {"role": "assistant", "content": "Two"}]
    assert rendered(load("Be kind."), user_input="Three", messages=earlier) == [
        ("system", "Be kind."), ("user", "One {{ x }}"), ("assistant", "Two"), ("user", "Three"),
    ]  # fmt: skip
    assert rendered(load("{{ user_input }}?"), user_input="Three", messages=earlier)[-1] == ("user", "Three?")


def test_a_conversation_that_ends_with_the_user_needs_no_further_question() -> None:
    earlier = [{"role": "user", "content": "One"}]
    assert rendered(load("Be kind."), topic="x", messages=earlier) == [("system", "Be kind."), ("user", "One")]


def test_an_earlier_message_without_a_role_is_that_rows_problem() -> None:
    assert "role" in rendered(load("Be kind."), user_input="x", messages=[{"content": "One"}])


@pytest.mark.parametrize("source", ["{{ user_input }}", "{{ user_input }}{# #}"])
def test_a_value_is_never_rendered_again(source: str) -> None:
    nasty = "{{ 7 * 7 }} {% include 'x' %} {{ user_input }}"
    assert rendered(load(source), user_input=nasty) == [("user", nasty)]


@pytest.mark.parametrize("end", ["", "{# #}"])
def test_a_missing_variable_is_named_with_its_line_and_the_nearest(end: str) -> None:
    reason = rendered(load(f"---\nmodel: a/b\n---\nHi\n{{{{ usr_input }}}}{end}"), user_input="x")
    assert reason == "prompts/a.md:5: the template needs 'usr_input', which the row's input does not have. Did you mean 'user_input'?"


def test_one_rows_failure_is_not_the_others() -> None:
    prompt = load("{{ user_input }}{{ plan }}")
    results = prompt.render_all([example(user_input="a", plan="b"), example(user_input="a"), example(user_input="c", plan="d")])
    assert [isinstance(result, str) for result in results] == [False, True, False]


def test_no_examples_give_no_messages() -> None:
    assert list(load("{{ user_input }}").render_all([])) == []
    assert list(load("{{ user_input|upper }}").render_all([])) == []


def test_front_matter_gives_model_params_and_role() -> None:
    prompt = load("---\nmodel: openai/gpt-5\nparams: {temperature: 0.2, stop: [END]}\nrole: user\n---\nBe kind.\n")
    assert (prompt.model, prompt.params, prompt.schema) == ("openai/gpt-5", {"temperature": 0.2, "stop": ["END"]}, None)
    assert prompt.text == "Be kind.\n"
    assert rendered(prompt, x=1) == [("user", "Be kind.")]


def test_the_role_system_keeps_the_question_apart() -> None:
    prompt = load("---\nrole: system\n---\nAnswer {{ user_input }}.")
    assert rendered(prompt, user_input="Hi") == [("system", "Answer Hi."), ("user", "Hi")]


@pytest.mark.parametrize(
    ("front", "message"),
    [
        ("modle: x", "prompts/a.md:2: unknown key 'modle'. Did you mean 'model'?"),
        ("model: 3", "prompts/a.md:2: 'model' must be"),
        ("params: 3", "prompts/a.md:2: 'params' must be"),
        ("model: a/b\nparams:\n  base_url: http://evil", "prompts/a.md:3: 'base_url' is no param"),
        ("role: assistant", "prompts/a.md:2: 'role' must be system or user"),
        ("model: a\nmodel: b", "duplicate key"),
        ("a: &x 1\nmodel: *x", "prompts/a.md"),
        ("just text", "must be a mapping"),
        ("params: {temperature: .nan}", "prompts/a.md"),
    ],
)
def test_front_matter_errors_say_where_and_what(front: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(f"---\n{front}\n---\nBe kind.")
    assert message in str(caught.value)


@pytest.mark.parametrize("source", ["\n---\nnever closed", "--- \u00b7 ---\nHi", "a\n---\nmodel: x\n---\n", "----\nmodel: x\n----\n"])
def test_text_with_dashes_elsewhere_is_no_front_matter(source: str) -> None:
    assert load(source).text == source


@pytest.mark.parametrize("path", ["prompts/a.md", "prompts/a.prompt", "prompts/a.prompty"])
@pytest.mark.parametrize("source", ["---\nmodel: x\nBe kind.\n", "---", "---  \r\nrole: user\r\n----\r\nHi"])
def test_front_matter_without_an_end_is_refused(source: str, path: str) -> None:
    with pytest.raises(ConfigError, match=f"^{path}:1: the front matter that begins here has no end"):
        load(source, path)


def test_empty_front_matter_is_fine() -> None:
    assert load("---\n---\nBe kind.").text == "Be kind."
    assert load("---\n# a comment\n---\nBe kind.").text == "Be kind."


@pytest.mark.parametrize("source", ["", "\n\n", "---\nmodel: a/b\n---\n"])
def test_an_empty_prompt_is_refused(source: str) -> None:
    with pytest.raises(ConfigError, match="empty"):
        load(source)


@pytest.mark.parametrize("path", ["a.docx", "a.baml", "Makefile"])
def test_other_files_are_no_prompts_and_those_that_are_get_named(path: str) -> None:
    with pytest.raises(ConfigError, match=r"not supported as a prompt\. Supported: .*\.prompty"):
        load("Be kind.", path)


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    plain_prompt, windows = load("---\nmodel: a/b\n---\nA\n{{ user_input }}\n"), load("\ufeff---\r\nmodel: a/b\r\n---\r\nA\r\n{{ user_input }}\r\n")
    assert plain_prompt.digests == windows.digests


TEMPLATE_PIECES = st.lists(
    st.sampled_from(["{{ a }}", "{{b}}", "{{  a\n}}", "{", "}", "}}", "{ {", "\n", "\n\n", "x", "é", "{{ true }}", "{{ range }}", "%}", "#}", "{{{a}}}", "{{ a }}}"]),
    max_size=8,
).map("".join)  # fmt: skip


@settings(max_examples=150)
@given(TEMPLATE_PIECES, st.text(max_size=5), st.integers())
def test_plain_templates_come_out_as_jinja_renders_them(source: str, a: str, b: int) -> None:
    quick = plain(source)
    if quick is not None:
        assert quick.render({"a": a, "b": str(b)}) == environment().from_string(source).render(a=a, b=b)
