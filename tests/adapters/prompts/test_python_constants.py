"""Prompts that are constants of Python files: what is read, how it is filled in, and what is refused."""

from __future__ import annotations

import pytest

from evalbot.adapters.prompts import PromptFile, load_prompt, prompt_id
from evalbot.domain.errors import ConfigError
from tests.adapters.prompts.files import Files, rendered


def constant(source: str, name: str = "P") -> PromptFile:
    return load_prompt(Files({"app/p.py": source}), f"app/p.py:{name}")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ('"You help."', "You help."),
        ('("You "\n     "help.")', "You help."),
        ('"You " + "help."', "You help."),
        ('dedent("""\n    You\n      help.\n""")', "\nYou\n  help."),
        ('textwrap.dedent("""\\\n    You help.""").strip()', "You help."),
        ('r"\\d \\ "', "\\d \\ "),
    ],
)
def test_what_is_literal_is_read(value: str, text: str) -> None:
    assert rendered(constant(f"import os\nos.abort()\nP = {value}\n"), user_input="Hi") == [("system", text), ("user", "Hi")]


def test_a_constant_of_format_fields_is_filled_in_as_str_format_does() -> None:
    source = 'P: str = """Answer {user_input} as {{"a": 1}} for {name}."""'
    assert rendered(constant(source), user_input="{name}?", name="Ada") == [("user", source.split('"""')[1].format(user_input="{name}?", name="Ada"))]


@pytest.mark.parametrize(
    ("text", "sent"),
    [("Say {{ name }}.", "Say Ada."), ('Reply as {"a": 1}.', 'Reply as {"a": 1}.'), ("{name!r} and {0}", "{name!r} and {0}"), ("{name:>9}", "{name:>9}")],
)
def test_a_constant_that_is_no_format_string_is_a_template(text: str, sent: str) -> None:
    assert rendered(constant(f"P = {text!r}"), name="Ada", user_input="Hi")[0] == ("system", sent)


def test_a_list_of_messages_is_a_chat() -> None:
    source = 'P = [{"role": "system", "content": "You are {who}."}, {"role": "user", "content": "{user_input}"}]'
    assert rendered(constant(source), who="kind", user_input="Hi") == [("system", "You are kind."), ("user", "Hi")]


def test_its_id_is_the_path_without_suffix_and_the_name() -> None:
    assert constant("P = 'x'").id == prompt_id("app/p.py:P") == "app/p:P"
    assert constant("P = 'x'").dependencies == ("app/p.py",)


def test_only_the_constant_counts_as_a_change() -> None:
    one, other, moved = constant("A = 1\nP = 'x'"), constant("A = 2\n\nP = 'x'  # the same\n"), constant("P = 'y'")
    assert one.digests == other.digests
    assert one.digests["template"] != moved.digests["template"]


def test_a_missing_variable_is_named_at_its_line_of_the_file() -> None:
    assert str(rendered(constant('A = 1\nP = """Hi\n{nane}"""'), name="Ada")).startswith("app/p.py:3: the template needs 'nane'")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("P = f'Hi {x}'", "app/p.py:1: P cannot be read without running the file: it is an f-string."),
        ("A = 1\nP = load('x')", "app/p.py:2: P cannot be read without running the file: it is the result of a call."),
        ("P = 3", "it is no literal string (Constant)"),
        ("P = OTHER", "it is another name's value"),
        ("P = []", "the list holds no message"),
        ("P = [{'role': 'system'}]", "a message is {role, content}"),
        ("P = [*x]", "a message is {role, content}"),
        ("P = 'a'\nP = 'b'", "app/p.py:2: P is assigned 2 times."),
        ("Q = 'a'", "app/p.py:1: there is no constant 'P' at the top level."),
        ("A = 1\nPP = 'a'", "app/p.py:2: there is no constant 'P' at the top level. Did you mean 'PP'?"),
        ("P = ", "app/p.py:1: this is no Python"),
        ("P = '\0'", "app/p.py:1: holds a NUL byte"),
        ("P = " + "(" * 5000, "app/p.py"),
        ("A = 1\nP = ' '", "app/p.py:2: the prompt is empty"),
    ],
)
def test_what_only_running_the_file_could_tell_is_refused(source: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        constant(source)
    assert said in str(caught.value)


def test_a_python_file_without_a_name_is_told_what_to_write() -> None:
    with pytest.raises(ConfigError, match=r"file.py:NAME"):
        load_prompt(Files({"p.py": "P = 'x'"}), "p.py")
