from __future__ import annotations

import pytest

from evalbot.app.inputs import Inputs, default_key, inputs
from evalbot.domain.errors import ConfigError


def given(**values: str) -> dict[str, str]:
    return {f"INPUT_{name.replace('_', '-').upper()}": value for name, value in values.items()}


def test_nothing_given_is_every_default() -> None:
    assert inputs({}) == Inputs() == inputs(given(config="", key=" ", advisory="", comment="\n", epochs=""))
    assert (Inputs().config, Inputs().key, Inputs().cache_dir, Inputs().report_dir) == ("evalbot.yml", "default", ".evalbot-cache", "evalbot-report")
    assert (Inputs().command, Inputs().comment, Inputs().fork, Inputs().advisory) == ("auto", "update", "approve", False)


def test_every_input_is_read_by_its_name_with_hyphens() -> None:
    found = inputs(
        given(
            github_token="t", config="./a/evalbot.yml", command="suite", key="k", openai_api_key="o", anthropic_api_key="a", suites="x, y\nz,,x",
            partitions="golden\nregression", base="main", head="v1.0~2", epochs="3", comment="on-change", fork="environment", advisory="true",
            cache_dir="./c/", report_dir="r",
        )
    )  # fmt: skip
    assert found == Inputs(
        github_token="t", config="a/evalbot.yml", command="suite", key="k", openai_api_key="o", anthropic_api_key="a", suites=("x", "y", "z"),
        partitions=("golden", "regression"), base="main", head="v1.0~2", epochs=3, comment="on-change", fork="environment", advisory=True,
        cache_dir="c", report_dir="r",
    )  # fmt: skip


def test_the_token_is_the_job_s_where_none_is_given() -> None:
    assert inputs({"GITHUB_TOKEN": "job"}).github_token == "job"
    assert inputs({"GITHUB_TOKEN": "job"} | given(github_token="own")).github_token == "own"


def test_no_key_shows_in_what_is_printed() -> None:
    found = inputs(given(github_token="canary", openai_api_key="canary", anthropic_api_key="canary"))
    assert "canary" not in repr(found)


@pytest.mark.parametrize(
    ("config", "key"),
    [
        ("evalbot.yml", "default"),
        ("services/chat/evalbot.yml", "services/chat"),
        ("services/chat/other.yml", "services/chat"),
        ("evalbot-mobile.yml", "evalbot-mobile"),
        (".github/evalbot.yml", "github"),
        ("my folder/--> x/evalbot.yml", "my-folder/---x"),
        ("日本/evalbot.yml", "default"),
    ],
)
def test_the_key_follows_the_configuration_s_folder(config: str, key: str) -> None:
    assert default_key(config) == key
    assert inputs(given(config=config)).key == key


def test_a_leading_slash_is_the_repository_s_root() -> None:
    assert inputs(given(config="/evalbot.yml")) == Inputs()


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("command", "suit", "cannot be 'suit'. Did you mean 'suite'?"),
        ("comment", "onchange", "Did you mean 'on-change'?"),
        ("comment", "Update", "Did you mean 'update'?"),
        ("fork", "approved", "Did you mean 'approve'?"),
        ("advisory", "yes", "must be 'true' or 'false', not 'yes'."),
        ("partitions", "golden,regresion", "names 'regresion', which is no partition. Did you mean 'regression'?"),
        ("epochs", "0", "from 1 to 1000, not '0'"),
        ("epochs", "1.5", "whole number"),
        ("epochs", "٣", "whole number"),
        ("epochs", "9" * 30, "whole number"),
        ("base", "--upload-pack=x", "is no git reference"),
        ("head", "a b", "is no git reference"),
        ("config", "../evalbot.yml", "inside the repository"),
        ("config", "/", "inside the repository"),
        ("report-dir", ".", "inside the workspace"),
        ("report-dir", "/github/workspace/evalbot-report", "must be a path inside the workspace, not '/github/workspace/evalbot-report'"),
        ("cache-dir", "a/../../b", "inside the workspace"),
        ("key", "a b", "cannot be 'a b'"),
        ("key", "-->", "cannot be '-->'"),
        ("key", "a/../b", "cannot be"),
        ("key", "a" * 101, "at most 100"),
        ("comment", "off\n::error::x", "cannot be 'off\\n::error::x'"),
    ],
)
def test_a_value_that_does_not_fit_says_so_on_one_line(name: str, value: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        inputs(given(**{name: value}))
    assert message in str(refused.value)
    assert f"the input `{name}`" in str(refused.value)
    assert str(refused.value).isprintable()


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        inputs(given(command="x", fork="y", epochs="z"))
    assert len(refused.value.problems) == 3


def test_an_input_that_does_not_exist_is_a_warning_with_the_nearest() -> None:
    environment = given(advisry="true", args="x", entrypoint="/y") | {"INPUT_GITHUB_TOKEN": "t"}
    found = inputs(environment)
    assert found.warnings == (
        "there is no input 'advisry'. Did you mean 'advisory'?",
        "there is no input 'github_token'. Did you mean 'github-token'?",
    )
    assert (found.advisory, found.github_token) == (False, "")
