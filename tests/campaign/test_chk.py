"""CHK-02: a filter or a condition that keeps the check from appearing is found before it costs a day."""

from __future__ import annotations

from typer.testing import CliRunner

from evalbot.cli.app import app
from tests.app.checking import files
from tests.pages import ROOT, text
from tests.repository import Repo

FLOW = (ROOT / "examples" / "workflows" / "evalbot.yml").read_text()


def doctor(folder, flow):
    repo = Repo(folder / "repo").write({**files(), ".github/workflows/evalbot.yml": flow})
    repo.commit()
    keys = {"OPENAI_API_KEY": "sk-0123456789abcdef", "ANTHROPIC_API_KEY": "sk-ant-0123456789abcdef"}
    return CliRunner().invoke(app, ["doctor", "--offline", "--repository", str(repo.root)], env=keys)


def test_CHK_02_a_paths_filter_and_a_condition_are_named_by_the_doctor(tmp_path):
    assert doctor(tmp_path / "well", FLOW).exit_code == 0
    filtered = doctor(tmp_path / "paths", FLOW.replace("  pull_request:\n", "  pull_request:\n    paths: ['prompts/**']\n", 1))
    assert filtered.exit_code == 2
    assert ".github/workflows/evalbot.yml:" in filtered.output
    assert "never gets the check; where it is required, it can never be merged" in filtered.output
    condition = FLOW[FLOW.index("    if: >-\n      github.event_name != 'issue_comment'") : FLOW.index("    runs-on:")]
    skipped = doctor(tmp_path / "if", FLOW.replace(condition, "    if: github.actor != 'dependabot[bot]'\n", 1))
    assert skipped.exit_code == 2
    assert "the job counts as a success, the check run never appears" in skipped.output


def test_CHK_02_the_pages_say_it_too():
    assert "Leave `paths:` out." in text(ROOT / "docs" / "action.md")
