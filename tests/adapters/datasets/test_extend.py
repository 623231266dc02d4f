"""A file that a proposal extends keeps every byte that it has, in every format, and its reader finds the new rows behind the old ones."""

from __future__ import annotations

import json
from typing import Any

import pytest

from evalbot.adapters.datasets.extend import extended
from evalbot.adapters.datasets.read import read_datasets
from evalbot.domain.errors import ConfigError
from tests.adapters.datasets.test_documentation import OneFile

NEW: dict[str, Any] = {
    "id": "prod-1", "partition": "regression", "status": "proposed", "input": {"user_input": 'Say "é", a, b\nand more'}, "tags": ["harvest"], "cluster": "rules: said",
    "created_at": "2026-11-26", "source": {"root_cause": "", "url": "https://x.example"}, "metadata": {"failed": ["rules: said"], "seen": 2},
}  # fmt: skip
ROW = '{"id": "r-1", "partition": "regression", "input": {"user_input": "Old?"}, "source": {"root_cause": "x"}}'
WIDE = '{\n      "id": "r-1", "partition": "regression",\n      "input": {"user_input": "\\u00e9"}, "source": {"root_cause": "x"}, "metadata": {"n": 1.50}}'
YAML = "- id: r-1  # the first\n  partition: regression\n  input: {user_input: \"Old?\"}\n  source: {root_cause: x}\n"


@pytest.mark.parametrize(
    ("path", "before", "head", "tail"),
    [
        ("a.jsonl", ROW, ROW, ""), ("a.jsonl", ROW + "\n", ROW + "\n", ""),
        ("a.json", f"[{ROW}]", f"[{ROW}", "]"), ("a.json", f"[\n  {ROW}\n]\n", f"[\n  {ROW}", "\n]\n"),
        ("a.json", f'{{"name": "n", "examples": [\n    {ROW}\n  ],\n  "task_type": "t"}}\n', f'{{"name": "n", "examples": [\n    {ROW}', '\n  ],\n  "task_type": "t"}\n'),
        ("a.json", f'{{"examples": [\n    {WIDE}\n]}}', f'{{"examples": [\n    {WIDE}', "\n]}"),
        ("a.json", '{"name": "[\\"examples\\": [", "examples": []}\n', '{"name": "[\\"examples\\": [", "examples": [', "]}\n"),
        ("a.yaml", YAML, YAML.rstrip(), ""), ("a.yaml", "# ours\n\n" + YAML + "\n# the end\n", "# ours\n\n" + YAML.rstrip(), "\n\n# the end\n"),
        ("a.yml", "examples:\n" + YAML + "name: n\ntask_type: t  # why\n", "examples:\n" + YAML.rstrip(), "\nname: n\ntask_type: t  # why\n"),
        ("a.yaml", "name: n\nexamples:\n    - id: r-1\n      partition: regression\n      input:\n        user_input: |\n          - no item\n      source: {root_cause: x}\n", "name: n\nexamples:\n    - id: r-1", ""),
        ("a.csv", "id,partition,input.user_input,status,tags,cluster,created_at,source,metadata\nr-1,regression,Old?,,,,,\"{\"\"root_cause\"\": \"\"x\"\"}\",\n", "id,partition", ""),
    ],
)  # fmt: skip
def test_what_is_there_stays_and_what_is_new_stands_behind_it(path: str, before: str, head: str, tail: str) -> None:
    after = extended(before, path, [NEW, {**NEW, "id": "prod-2"}])
    assert after.startswith(head)
    assert after.endswith(tail)
    if path != "a.csv":
        assert head + tail in (before, before.rstrip("\n")) or before.startswith(head)
    old = [] if '"examples": []' in before else ["r-1"]
    found = read_datasets(OneFile(after), [path])
    assert [example.id for example in found] == [*old, "prod-1", "prod-2"]
    assert (found[-1].input, found[-1].status, found[-1].cluster, dict(found[-1].metadata)) == (NEW["input"], "proposed", "rules: said", NEW["metadata"])


def test_an_example_over_several_lines_is_followed_by_one_written_like_it() -> None:
    before = json.dumps({"name": "n", "examples": [json.loads(ROW)]}, indent=4)
    assert json.loads(extended(before, "a.json", [NEW]))["examples"][1] == NEW
    assert extended(before, "a.json", [NEW]) == json.dumps({"name": "n", "examples": [json.loads(ROW), NEW]}, indent=4, ensure_ascii=False)


def test_columns_that_a_csv_lacks_are_added_and_its_rows_say_nothing_in_them() -> None:
    before = 'id,partition,input.user_input,source.root_cause\r\nr-1,regression,"Two\r\nlines, ""quoted""",x\r\n\r\nr-2,regression,One,y'
    after = extended(before, "a.csv", [NEW])
    assert after.splitlines()[0] == "id,partition,input.user_input,source.root_cause,status,tags,cluster,created_at,source.url,metadata"
    one, two, new = read_datasets(OneFile(after), ["a.csv"])
    assert (one.input, two.input, one.source, one.status) == ({"user_input": 'Two\nlines, "quoted"'}, {"user_input": "One"}, {"root_cause": "x"}, "active")
    assert (new.input, new.status, new.source["url"], new.tags) == (NEW["input"], "proposed", "https://x.example", ("harvest",))


def test_the_mark_that_a_spreadsheet_puts_first_stays_first() -> None:
    after = extended("\ufeffid,partition,input.user_input\nr-1,golden,Old?\n", "a.csv", [NEW])
    assert after.startswith("\ufeffid,partition,input.user_input,status,")
    assert after.splitlines()[-1].startswith("and more")
    assert [example.id for example in read_datasets(OneFile(after), ["a.csv"])] == ["r-1", "prod-1"]


@pytest.mark.parametrize(
    ("path", "before", "said"),
    [
        ("a.csv", "", "needs its header first"), ("a.csv", "id,partition,input.topic\nr-1,regression,tea\n", "no column for everything in 'input'"),
        ("a.json", '{"name": "n"}', "no list of examples"), ("a.json", '{"examples": {}}', "no list of examples"), ("a.json", '{"examples": [', "cannot be extended"),
        ("a.yaml", "name: n\n", "no list of examples"), ("a.yaml", "examples: [{id: r-1}]\n", "in brackets"), ("a.toml", "", "ends in '.toml'"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_extended_is_one_clear_line(path: str, before: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        extended(before, path, [NEW])


@pytest.mark.parametrize(("path", "before"), [("a.jsonl", ""), ("a.json", ""), ("a.json", "[]"), ("a.yaml", ""), ("a.yaml", "# nothing yet\n"), ("a.yaml", "[]\n")])
def test_an_empty_file_is_begun(path: str, before: str) -> None:
    after = extended(before, path, [NEW])
    assert [example.id for example in read_datasets(OneFile(after), [path])] == ["prod-1"]
    assert after.startswith("# nothing yet\n" if "#" in before else "")
