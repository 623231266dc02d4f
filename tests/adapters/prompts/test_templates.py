"""Templates as the enemy writes them: nothing leaves the sandbox, and time and memory have ends."""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.adapters.prompts.renderer import Failed, Worker
from evalbot.domain.errors import ConfigError
from evalbot.domain.examples import Example, Partition
from tests.adapters.prompts.files import example, load, rendered

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    "source",
    [
        "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ '{0.__class__.__init__.__globals__}'.format(user_input) }}",
        "{{ self.__init__.__globals__ }}",
        "{% set x = rows.append(1) %}{{ x }}",
        "{{ (user_input|attr('__class__')).mro() }}",
        "{{ '%s'|format(user_input.__class__) }}",
    ],
)
def test_what_the_sandbox_refuses_is_that_rows_reason(source: str) -> None:
    reason = rendered(load(source), user_input="x", rows=[])
    assert isinstance(reason, str)
    assert reason.startswith("prompts/a.md:1: ")
    assert "unsafe" in reason or "not safely callable" in reason


@pytest.mark.parametrize("source", ["{{ 'a' * 10000000000 }}", "{{ '%1000000000s'|format('x') }}", "{{ 'x'|center(4000000000) }}", "{{ [0] * 10000000000 }}"])
def test_a_template_that_wants_all_memory_gets_a_reason(source: str) -> None:
    for reason in load(source).render_all([example(user_input="x")] * 2):
        assert isinstance(reason, str)
        assert "256 MiB" in reason


def test_a_message_may_have_a_million_characters() -> None:
    assert "1,000,000 characters" in rendered(load("{% for i in range(99999) %}0123456789ab{% endfor %}"), user_input="x")
    assert "1,000,000 characters" in rendered(load("{{ user_input }}{{ user_input }}"), user_input="x" * 600_000)
    assert rendered(load("{{ user_input }}"), user_input="x" * 900_000) == [("user", "x" * 900_000)]


@pytest.mark.parametrize("source", ["{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", "{{ (8 + n) ** (9 ** 9) }}"])
def test_a_template_without_end_is_ended(source: str) -> None:
    began = time.monotonic()
    with_end = "{% if n %}" + source + "{% endif %}done"
    worker = Worker()
    results = worker.render({"t": with_end}, ["t"], [{"n": 0}, {"n": 1}, {"n": 0}], base_seconds=1.0)
    assert results[0] == ("done",)
    assert all(isinstance(result, Failed) and "more than 1.03 s" in result.reason for result in results[1:])
    assert worker.render({"t": "next"}, ["t"], [{}]) == [("next",)]
    assert time.monotonic() - began < 10


def test_a_worker_that_was_killed_is_replaced() -> None:
    worker = Worker()
    assert worker.render({"t": "{{ 1 }}"}, ["t"], [{}]) == [("1",)]
    process = worker._process
    assert process is not None
    process.kill()
    process.wait()
    assert worker.render({"t": "{{ 2 }}"}, ["t"], [{}]) == [("2",)]


def test_the_worker_sees_no_keys_and_ends_with_us() -> None:
    worker = Worker()
    worker.render({"t": "x"}, ["t"], [{}])
    process = worker._process
    assert process is not None
    environ = Path(f"/proc/{process.pid}/environ")
    if environ.exists():
        assert b"KEY" not in environ.read_bytes()
        assert b"PATH" not in environ.read_bytes()
    del worker
    gc.collect()
    assert process.returncode is not None


def test_rendering_warns_of_nothing_even_beside_threads() -> None:
    code = """
import threading
stop = threading.Event()
threading.Thread(target=stop.wait).start()
from tests.adapters.prompts.files import load, rendered
print(rendered(load('{{ user_input|upper }}'), user_input='x'))
stop.set()
"""
    done = subprocess.run([sys.executable, "-X", "dev", "-W", "error", "-c", code], capture_output=True, check=False, cwd=Path(__file__).parents[3])
    assert (done.stdout, done.stderr) == (b"[('user', 'X')]\n", b"")


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("a\n{% if %}", "prompts/a.md:2: the template cannot be parsed"),
        ("---\nmodel: a/b\n---\na\n{{ (", "prompts/a.md:5: the template cannot be parsed"),
        ("{{ " + "(" * 5000, "cannot be parsed: RecursionError"),
        ("{{ " + "9" * 5000 + " }}", "cannot be parsed: ValueError"),
        ("{{ user_input|uper }}", "there is no filter 'uper'. Did you mean 'upper'?"),
        ("{% if user_input is strng %}{% endif %}", "there is no test 'strng'. Did you mean 'string'?"),
        ("{{ lst|random }}", "there is no filter 'random'"),
        ("{# #}" + "x" * 200_000, "200,000 characters"),
    ],
)
def test_a_template_that_cannot_be_parsed_is_a_config_error_at_its_line(source: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(source)
    assert message in str(caught.value)


def test_lipsum_is_not_there_since_a_prompt_is_the_same_each_time() -> None:
    assert "lipsum" in rendered(load("{{ lipsum() }}"), user_input="x")


def test_an_include_is_looked_up_beside_the_including_file_and_then_from_the_root() -> None:
    files = {"prompts__b_md": "beside", "b_md": "root", "c_md": "{% include 'shared/d.md' %}", "shared__d_md": "deep"}
    assert rendered(load("{% include 'b.md' %} {% include 'c.md' %}", **files), user_input="x")[0] == ("system", "beside deep")


def test_a_parent_folder_within_the_repository_may_be_included() -> None:
    assert rendered(load("{% include '../shared/d.md' %}", "p/q/a.md", p__shared__d_md="D"), user_input="x")[0] == ("system", "D")


def test_templates_can_extend_and_import() -> None:
    files = {"prompts__base_md": "[{% block main %}{% endblock %}]", "prompts__m_md": "{% macro hi(x) %}Hi {{ x }}{% endmacro %}"}
    source = "{% extends 'base.md' %}{% from 'm.md' import hi %}{% block main %}{{ hi(user_input) }}{% endblock %}"
    prompt = load(source, **files)
    assert rendered(prompt, user_input="you") == [("user", "[Hi you]")]
    assert prompt.dependencies == ("prompts/a.md", "prompts/base.md", "prompts/m.md")


@pytest.mark.parametrize("name", ["/etc/passwd", "../../../etc/passwd", "~/x", "../..", "a/../../../b"])
@pytest.mark.parametrize("statement", ["include", "extends", "import"])
def test_nothing_outside_the_repository_is_included(name: str, statement: str) -> None:
    tail = " as x" if statement == "import" else ""
    with pytest.raises(ConfigError, match="leaves the repository"):
        load(f"{{% {statement} '{name}'{tail} %}}")


def test_a_missing_partial_is_named_with_the_nearest_file() -> None:
    with pytest.raises(ConfigError) as caught:
        load("Hi\n{% include 'tone.md' %}", prompts__tones_md="T")
    assert "prompts/a.md:2: there is no 'tone.md' to include" in str(caught.value)
    assert "Did you mean 'prompts/tones.md'?" in str(caught.value)


def test_a_missing_partial_may_be_allowed_for() -> None:
    assert rendered(load("a{% include 'b.md' ignore missing %}c"), user_input="x")[0] == ("system", "ac")
    assert rendered(load("{% include ['b.md', 'c.md'] %}", prompts__c_md="C"), user_input="x")[0] == ("system", "C")


def test_an_error_in_a_partial_is_placed_there() -> None:
    assert str(rendered(load("{% include 'b.md' %}", prompts__b_md="B\n{{ plan }}"), user_input="x")).startswith("prompts/b.md:2: ")
    with pytest.raises(ConfigError, match=r"^prompts/b\.md:1: "):
        load("{% include 'b.md' %}", prompts__b_md="{% if %}")


def test_a_partial_that_includes_itself_ends() -> None:
    assert "without end" in rendered(load("{% include 'a.md' %}"), user_input="x")


def test_a_computed_include_reaches_the_prompts_folder_only() -> None:
    prompt = load("{% include 'tone/' ~ tone ~ '.md' %}", prompts__tone__warm_md="warm", secret_md="S")
    results = [rendered(prompt, user_input="x", tone=tone) for tone in ("warm", "cold", "../../secret", "../../../etc/passwd")]
    assert results[0][0] == ("system", "warm")
    assert all("includes what is not there" in result for result in results[1:])
    assert prompt.dependencies == ("prompts/a.md", "prompts/tone/warm.md")


def test_a_computed_include_in_a_folder_of_many_files_is_refused() -> None:
    with pytest.raises(ConfigError, match="at most 500 files"):
        load("{% include name %}", **{f"prompts__{number}_md": "x" for number in range(501)})


def test_a_live_object_reaches_no_template() -> None:
    odd = Example("e", Partition.GOLDEN, {"user_input": "x", "thing": object()})  # type: ignore[dict-item]
    for source in ("{{ thing }}", "{{ thing|string }}"):
        (reason,) = load(source).render_all([odd])
        assert isinstance(reason, str)
        assert "no JSON value" in reason


@settings(max_examples=25)
@given(st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3))
def test_only_plain_data_arrives(values: dict[str, object]) -> None:
    source = "{{ (v.__class__ if false else v)|tojson }}"
    (result,) = load(source).render_all([example(user_input="x", v=values)])
    assert not isinstance(result, str)
    assert json.loads(result[0].content) == values


def test_a_quick_path_starts_no_process() -> None:
    code = """
import os
from pathlib import Path
from tests.adapters.prompts.files import load, rendered
assert rendered(load('Hi {{ user_input }}'), user_input='x') == [('user', 'Hi x')]
import sys
assert 'jinja2' not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False, cwd=Path(__file__).parents[3], env=dict(os.environ))
    assert (done.returncode, done.stderr) == (0, b"")
