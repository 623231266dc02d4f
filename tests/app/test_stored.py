"""A run read back from its folder says the same in every report."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from evalbot.app.publish import publish
from evalbot.app.stored import stored
from evalbot.cli.app import app
from evalbot.domain.errors import ConfigError
from evalbot.engine.rows import to_line
from tests.report.situations import SITUATIONS

REPORTS = ("comment.md", "summary.json", "junit.xml", "report.html", "examples.jsonl")


def written(record, folder):
    paths = publish(record, folder, str)
    (folder / "results.jsonl").write_text("".join(to_line(row) + "\n" for row in record.rows))
    return {name: path.read_text() for name, path in paths.items()}


@pytest.mark.parametrize("name", SITUATIONS)
def test_every_report_of_every_situation_comes_out_the_same(name, tmp_path):
    first = written(SITUATIONS[name](), tmp_path / "first")
    again = written(stored(tmp_path / "first" / "summary.json"), tmp_path / "second")
    assert set(first) == set(REPORTS)
    for report in REPORTS:
        assert again[report] == first[report], report


def test_the_command_prints_the_comment_and_exits_0(tmp_path):
    first = written(SITUATIONS["fail"](), tmp_path)
    (tmp_path / "comment.md").unlink()
    result = CliRunner().invoke(app, ["report", str(tmp_path / "summary.json")])
    assert result.exit_code == 0
    assert first["comment.md"] in result.output
    assert (tmp_path / "comment.md").read_text() == first["comment.md"]


def test_without_rows_beside_it_the_numbers_are_still_there(tmp_path):
    written(SITUATIONS["fail"](), tmp_path)
    for name in ("results.jsonl", "examples.jsonl"):
        (tmp_path / name).unlink()
    record = stored(tmp_path / "summary.json")
    assert (len(record.rows), len(record.decision.comparisons)) == (0, 3)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "there is no such file. It is in the report folder of a run"),
        ("{", "not a summary"),
        ("[]", "its schema is None"),
        ('{"schema": "other/1"}', "its schema is 'other/1', not 'evalbot.summary/1'"),
        ('{"schema": "evalbot.summary/1"}', "not a summary that this version reads"),
    ],
)
def test_what_is_no_summary_is_named_in_a_line(content, said, tmp_path):
    path = tmp_path / "summary.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError) as error:
        stored(path)
    assert said in str(error.value.problems[0])
    assert str(error.value.problems[0]).startswith(str(path))
    assert CliRunner().invoke(app, ["report", str(path)]).exit_code == 2


def test_a_folder_is_answered_with_what_is_in_it(tmp_path):
    with pytest.raises(ConfigError) as error:
        stored(tmp_path)
    assert str(error.value.problems[0]) == f"{tmp_path}: this is a folder. Name its summary.json."


def test_a_torn_last_row_is_no_row(tmp_path):
    record = SITUATIONS["fail"]()
    written(record, tmp_path)
    path = tmp_path / "results.jsonl"
    path.write_text(path.read_text()[:-20])
    assert len(stored(tmp_path / "summary.json").rows) == len(record.rows) - 1


def test_every_number_of_the_summary_survives(tmp_path):
    written(SITUATIONS["300_prompts"](), tmp_path)
    before = json.loads((tmp_path / "summary.json").read_text())
    written(stored(tmp_path / "summary.json"), tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text()) == before
