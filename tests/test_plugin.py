"""examples/plugin, built and installed as any package: its four parts are found by their entry points and do their work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.needs import pip
from tests.pages import ROOT
from tests.repository import Repo

PLUGIN = ROOT / "examples" / "plugin"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the package in it, as pip puts it there."""
    copy = shutil.copytree(PLUGIN, tmp_path_factory.mktemp("source") / "plugin")
    folder = tmp_path_factory.mktemp("site")
    command = [*pip(), "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    done = subprocess.run([*command, "--target", folder, copy], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def run(installed: Path | None, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(map(str, filter(None, [installed, ROOT])))
    return subprocess.run([sys.executable, *words], cwd=folder, env={**os.environ, "PYTHONPATH": path}, capture_output=True, text=True, check=False)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    shutil.copytree(PLUGIN / "example", tmp_path / "repo")
    repo = Repo(tmp_path / "repo")
    repo.git("init", "--quiet", "--initial-branch=main")
    repo.commit()
    return repo


def test_metric_provider_and_target_of_another_package_run(installed: Path, repo: Repo) -> None:
    repo.write({"prompts/repeat.md": "Repeat what you are told, word for word.\n"})
    done = run(installed, repo.root, "-m", "evalbot", "check", "--base", "main")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = [json.loads(line) for line in (repo.root / "evalbot-report" / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(row["suite"], row["side"], row["example"], row["output"]) for row in rows} == {
        ("prompt", side, name, output) for side in ("base", "head") for name, output in (("g-1", "Is the shop open on Sunday?"), ("g-2", "Do you sell bicycles?"))
    }
    assert {(row["example"], row["scores"]["short"]["value"], row["passed"]) for row in rows} == {("g-1", 6.0, True), ("g-2", 4.0, True)}


def test_the_target_of_another_package_answers(installed: Path, repo: Repo) -> None:
    rows = (repo.root / "evals" / "golden.jsonl").read_text(encoding="utf-8")
    repo.write({"evals/golden.jsonl": rows + rows.splitlines()[0].replace("g-1", "g-3") + "\n"})
    done = run(installed, repo.root, "-m", "evalbot", "check", "--base", "main", "--suites", "system")
    assert done.returncode == 0, done.stdout + done.stderr
    found = [json.loads(line) for line in (repo.root / "evalbot-report" / "results.jsonl").read_text(encoding="utf-8").splitlines()]
    assert {(row["example"], row["output"], row["passed"]) for row in found} == {("g-3", "I do not know.", True)}


def test_the_source_of_another_package_is_read(installed: Path, repo: Repo) -> None:
    code = (
        "from pathlib import Path\nfrom evalbot.adapters.sources import SOURCES\nfrom evalbot.domain.samples import From, Window\n"
        "source = SOURCES.get('csv_export')(file='export.csv')\n"
        "print([record[source.map['user_input']] for record in source.fetch(Window(0, 1), From(Path()))])\n"
    )
    assert run(installed, repo.root, "-c", code).stdout.strip() == "['Is the shop open?', 'Where is it?']"


def test_its_options_are_checked_like_any_other(installed: Path, repo: Repo) -> None:
    config = (repo.root / "evalbot.yml").read_text(encoding="utf-8")
    repo.write({"evalbot.yml": config.replace("max: 20", "max: 0")})
    assert "evalbot.yml:3" in run(installed, repo.root, "-m", "evalbot", "validate").stderr
    repo.write({"evalbot.yml": config.replace("max: 20", "maks: 20")})
    assert "has no option 'maks'. Known: max." in run(installed, repo.root, "-m", "evalbot", "validate").stderr


def test_without_the_package_its_parts_are_unknown(repo: Repo) -> None:
    done = run(None, repo.root, "-m", "evalbot", "validate")
    assert done.returncode == 2
    assert "there is no provider 'acme'" in done.stderr
    assert "there is no metric type 'sentence_length'" in done.stderr


def test_a_part_that_cannot_be_imported_is_an_error(installed: Path, repo: Repo, tmp_path: Path) -> None:
    broken = shutil.copytree(installed, tmp_path / "broken")
    (broken / "evalbot_acme" / "metric.py").write_text("import a_module_that_is_not_there\n", encoding="utf-8")
    done = run(broken, repo.root, "-m", "evalbot", "validate")
    assert done.returncode == 2
    assert "'sentence_length' (evalbot_acme.metric:SentenceLength) cannot be imported: No module named 'a_module_that_is_not_there'" in done.stderr
