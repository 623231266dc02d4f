"""What counts as a change of a prompt, and as which."""

from __future__ import annotations

import json

import pytest

from evalbot.adapters.prompts import PromptFile, RecordingReader, load_prompt
from tests.adapters.prompts.files import Files, load

FRONT = "---\nmodel: a/b\nparams: {temperature: 0.2, seed: 1}\n---\n"


def differ(one: PromptFile, other: PromptFile) -> set[str]:
    return {name for name in one.digests if one.digests[name] != other.digests[name]}


def test_every_part_has_a_digest() -> None:
    digests = load("Be kind.").digests
    assert sorted(digests) == ["model", "params", "partial", "schema", "template"]
    assert all(len(digest) == 64 for digest in digests.values())


@pytest.mark.parametrize(
    ("other", "parts"),
    [
        (FRONT + "Be kind.", set()),
        (FRONT.replace("params", "# a comment\nparams") + "Be kind.", set()),
        ("---\nparams:\n  seed: 1\n  temperature: 0.2\nmodel: 'a/b'\n---\nBe kind.", set()),
        (FRONT + "Be kind. ", {"template"}),
        (FRONT + "Be kind.\n", {"template"}),
        (FRONT + "Be nice.", {"template"}),
        (FRONT.replace("a/b", "a/c") + "Be kind.", {"model"}),
        (FRONT.replace("0.2", "0.3") + "Be kind.", {"params"}),
        (FRONT.replace("---\nmodel", "---\nrole: user\nmodel") + "Be kind.", {"template"}),
        ("Be kind.", {"model", "params"}),
    ],
)
def test_a_change_has_its_cause(other: str, parts: set[str]) -> None:
    assert differ(load(FRONT + "Be kind."), load(other)) == parts


def test_a_changed_partial_is_a_partials_change() -> None:
    source = "{% include 'b.md' %}"
    assert differ(load(source, prompts__b_md="B"), load(source, prompts__b_md="C")) == {"partial"}
    nested = "{% include 'c.md' %}"
    assert differ(load(source, prompts__b_md=nested, prompts__c_md="C"), load(source, prompts__b_md=nested, prompts__c_md="D")) == {"partial"}


def test_a_file_that_is_not_included_is_no_change() -> None:
    assert differ(load("Be kind.", prompts__b_md="B"), load("Be kind.", prompts__b_md="C")) == set()


def test_a_new_file_that_comes_before_the_old_one_is_a_partials_change() -> None:
    source = "{% include 'b.md' %}"
    assert differ(load(source, b_md="B"), load(source, b_md="B", prompts__b_md="C")) == {"partial"}
    assert differ(load(source, b_md="B"), load(source, b_md="B", prompts__b_md="B")) == set()


def test_moving_a_whole_folder_changes_nothing() -> None:
    source = "{% include 'parts/b.md' %}"
    assert differ(load(source, "old/a.md", old__parts__b_md="B"), load(source, "new/a.md", new__parts__b_md="B")) == set()


def test_a_computed_include_depends_on_the_whole_folder() -> None:
    source = "{% include name %}"
    assert differ(load(source, prompts__b_md="B"), load(source, prompts__b_md="C")) == {"partial"}
    assert differ(load(source, prompts__b_md="B"), load(source, prompts__b_md="B", prompts__c_md="C")) == {"partial"}
    assert differ(load(source, prompts__b_md="B"), load(source, prompts__b_md="B", other_md="C")) == set()
    assert differ(load(source, "old/a.md", old__b_md="B"), load(source, "new/a.md", new__b_md="B")) == set()


def test_the_same_text_under_another_suffix_is_the_same_prompt() -> None:
    assert differ(load("Be kind.", "a.md"), load("Be kind.", "a.txt")) == set()
    messages = [{"role": "user", "content": "Hi"}]
    assert differ(load(json.dumps(messages), "a.json"), load("- role: user\n  content: Hi\n", "a.yaml")) == set()


def test_githubs_schema_is_a_schema_change_and_its_test_data_none() -> None:
    def source(kind: str, data: str = "[]") -> str:
        schema = json.dumps({"name": "n", "schema": {"type": kind}})
        return f"responseFormat: json_schema\njsonSchema: '{schema}'\ntestData: {data}\nmessages: [{{role: user, content: Hi}}]\n"

    assert differ(load(source("object"), "a.prompt.yml"), load(source("array"), "a.prompt.yml")) == {"schema"}
    assert differ(load(source("object"), "a.prompt.yml"), load(source("object", "[{a: b}]"), "a.prompt.yml")) == set()


def test_the_text_holds_partials_for_leakage_checks() -> None:
    assert load("{% include 'b.md' %}", prompts__b_md="few shots").text == "{% include 'b.md' %}\n\nfew shots"


def test_the_recording_reader_knows_what_was_read() -> None:
    reader = RecordingReader(Files({"a.md": "{% include 'b.md' %}", "b.md": "B", "c.md": "C"}))
    prompt = load_prompt(reader, "a.md")
    assert reader.seen == prompt.dependencies == ("a.md", "b.md")
    assert (reader.name, list(reader.paths()), reader.exists("c.md")) == ("files", ["a.md", "b.md", "c.md"], True)
