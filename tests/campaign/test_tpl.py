"""TPL: templates of a pull request are rendered in a sandbox: they reach nothing, take no time and no memory beyond a limit."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evalbot.adapters.prompts import load_prompt
from evalbot.domain.examples import Example, Partition
from tests.adapters.prompts.files import Files
from tests.app.checking import House, few


def check(tmp_path, template):
    return House(tmp_path, few()).head({"prompts/support.md": template}).check()


@pytest.mark.parametrize(
    "template",
    [
        pytest.param("{{ cycler.__init__.__globals__.os.popen('touch /tmp/owned').read() }}", id="TPL-01 globals"),
        pytest.param("{{ ''.__class__.__mro__[1].__subclasses__() }}", id="TPL-01 subclasses"),
        pytest.param("{{ self._TemplateReference__context }}", id="TPL-01 context"),
        pytest.param("{{ '{0.__class__.__init__}'.format(user_input) }}", id="TPL-02 format"),
        pytest.param("{{ '%1000000000d' % 1 }}", id="TPL-04 width"),
        pytest.param("{{ 'a' * 10000000000 }}", id="TPL-04 repetition"),
        pytest.param("{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}", id="TPL-04 loops"),
        pytest.param("{% include '/etc/passwd' %}", id="TPL-05 absolute include"),
        pytest.param("{% include '../../../../etc/passwd' %}", id="TPL-05 include outside"),
        pytest.param("{% extends '/etc/passwd' %}", id="TPL-05 extends"),
        pytest.param("{% import 'os' as os %}{{ os.environ }}", id="TPL-05 import"),
    ],
)
def test_TPL_a_hostile_template_is_an_error_of_the_prompt_and_nothing_else(tmp_path, template):
    result = check(tmp_path, template)

    assert result.verdict == "config_error"
    assert "prompts/support.md" in str(result.record.problems[0])
    assert result.server.calls == []
    assert "root:" not in result.comment
    assert "Traceback" not in result.comment


def test_TPL_07_a_variable_that_the_row_lacks_is_named_with_the_row(tmp_path):
    result = check(tmp_path, "Hello {{ nmae }}")

    assert result.verdict == "config_error"
    assert "evals/golden.jsonl:1" in str(result.record.problems[0])
    assert "nmae" in str(result.record.problems[0])


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=5), lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2), max_leaves=4
)


@settings(max_examples=25)
@given(PLAIN)
def test_TPL_08_only_plain_values_reach_a_template(value):
    """What a template sees of a value has no way on to Python's own objects."""
    prompt = load_prompt(Files({"p.md": "{{ x.__class__ }}|{{ x.__init__ }}"}), "p.md")

    (rendered,) = prompt.render_all([Example("a", Partition.GOLDEN, {"x": value})])

    assert isinstance(rendered, str), "refused"


def test_TPL_08_what_is_no_plain_value_is_that_rows_reason():
    prompt = load_prompt(Files({"p.md": "{{ x }}"}), "p.md")

    (said,) = prompt.render_all([Example("a", Partition.GOLDEN, {"x": object()})])  # type: ignore[dict-item]  # that is the test

    assert isinstance(said, str)
    assert "no JSON value" in said
