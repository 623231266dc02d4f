from __future__ import annotations

import json
from pathlib import Path

import pytest

from evalbot.app.example import PLANTED, example_files
from evalbot.domain.errors import CouldNotRun


def test_the_example_is_a_whole_repository() -> None:
    files = example_files()
    assert {
        "README.md", "evalbot.yml", "evals/adversarial.jsonl", "evals/golden.jsonl", "evals/regression.jsonl",
        "prompts/support.md", PLANTED,
    } <= set(files)  # fmt: skip
    assert list(files) == sorted(files)


def test_an_installed_package_finds_the_example_in_itself(tmp_path: Path) -> None:
    package = tmp_path / "site-packages" / "evalbot"
    for folder, text in ((package, "ours"), (package.parent, "somebody else's")):
        inside = folder / "examples" / "support-bot"
        inside.mkdir(parents=True)
        (inside / "evalbot.yml").write_text(text)
    assert example_files(package) == {"evalbot.yml": b"ours"}


def test_an_installation_without_the_example_says_so(tmp_path: Path) -> None:
    with pytest.raises(CouldNotRun, match="not part of this installation"):
        example_files(tmp_path / "evalbot")


def test_each_golden_example_was_reviewed_by_two_people_and_each_regression_has_a_root_cause() -> None:
    files = example_files()
    golden = [json.loads(line) for line in files["evals/golden.jsonl"].splitlines()]
    regression = [json.loads(line) for line in files["evals/regression.jsonl"].splitlines()]
    assert len(golden) >= 12
    assert len(regression) == 40
    assert all(len(set(row["reviewers"])) == 2 for row in golden)
    assert all(row["source"]["root_cause"] and row["source"]["issue"] for row in regression)
    assert {tag for row in golden for tag in row["tags"]} == {
        "pricing",
        "features",
        "billing",
        "cancellation",
        "troubleshooting",
    }
