"""What somebody meets who has just installed evalbot and gets something wrong: one line that says what to do, and no page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from evalbot.cli.app import app
from tests.app.checking import CONFIG, few
from tests.app.setup.projects import SUPPORT
from tests.repository import Repo


def run(folder: Path, *words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--repository", str(folder)], env={"OPENAI_API_KEY": None, "ANTHROPIC_API_KEY": None}, catch_exceptions=False)


def ready(folder: Path) -> Repo:
    repo = Repo(folder / "project").write({"prompts/support.md": SUPPORT})
    repo.commit()
    assert run(repo.root, "init", "--yes").exit_code == 0
    repo.commit()
    return repo


@pytest.mark.parametrize("words", [("check",), ("suite",), ("init", "--yes"), ("validate",), ("doctor", "--offline")])
def test_outside_of_a_repository(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(tmp_path, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.endswith("is in no git repository. Go into one, or make one with `git init`; in a workflow, check it out first (actions/checkout).\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [("check",), ("harvest", "--dry-run")])
def test_before_the_first_commit(words: tuple[str, ...], tmp_path: Path) -> None:
    repo = Repo(tmp_path / "project").write({"prompts/support.md": SUPPORT})
    done = run(repo.root, *words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == "this repository has no commit yet, so there is nothing to compare with. Commit what you have first.\n"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    done = run(tmp_path / "nowhere", "check")
    assert done.exit_code == 2
    assert "does not exist" in done.stderr
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--base", "nope"), "there is no branch, tag or commit 'nope' in this clone. Known: main."),
        (("--suites", "suport"), "--suites: there is no suite 'suport'. Did you mean 'support'?"),
        (("--partitions", "goldn"), "--partitions: there is no partition 'goldn'. Did you mean 'golden'?"),
        (("--config", "evalbots.yml"), "evalbots.yml: no configuration: the file is on neither side. Did you mean 'evalbot.yml'?"),
    ],
)
def test_a_slip_of_the_pen_on_the_command_line(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    repo = ready(tmp_path)
    done = run(repo.root, "check", *words)
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", said + "\n")
    assert (repo.root / "evalbot-report" / "summary.json").exists()


@pytest.mark.parametrize(("key", "said"), [("prompts/support.md", "prompt"), ("evals/support.jsonl", "dataset")])
def test_a_path_that_names_nothing(key: str, said: str, tmp_path: Path) -> None:
    repo = ready(tmp_path)
    config = (repo.root / "evalbot.yml").read_text(encoding="utf-8")
    repo.write({"evalbot.yml": config.replace(key, key.replace("support", "suport"))})
    line = next(number for number, text in enumerate(config.splitlines(), 1) if key in text and not text.startswith("#"))
    done = run(repo.root, "validate")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == f"evalbot.yml:{line}: no {said} of suite 'support' matches '{key.replace('support', 'suport')}'. Did you mean '{key}'?\n"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("check", "--bse", "main"), "evalbot check: there is no option '--bse'. Did you mean '--base'?"),
        (("--jsn",), "evalbot: there is no option '--jsn'. Known: --version."),
        (("chekc",), "evalbot: No such command 'chekc'. Did you mean 'check'?"),
        (("bench", "stat"), "evalbot bench: No such command 'stat'. Did you mean 'stats'?"),
        (("check", "--epochs", "0"), "evalbot check: Invalid value for '--epochs': Input should be greater than or equal to 1"),
        (("check", "--base"), "evalbot: Option '--base' requires an argument."),
        (("check", "--epochs", "1001"), "evalbot check: Invalid value for '--epochs': Input should be less than or equal to 1000"),
        (("check", "--report-dir", ""), "evalbot check: Invalid value for '--report-dir': it must be a folder of its own, such as evalbot-report"),
        (("plan", "--cache-dir", "."), "evalbot plan: Invalid value for '--cache-dir': it must be a folder of its own, such as evalbot-report"),
        (("report",), "evalbot report: Missing argument 'summary'."),
    ],
)
def test_a_word_that_the_command_line_does_not_know(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, list(words), prog_name="evalbot")
    assert (done.exit_code, done.stdout, done.stderr) == (2, "", said + "\n")


def test_validate_warns_of_a_prompt_that_has_seen_the_exam(tmp_path: Path) -> None:
    repo = ready(tmp_path)
    row = next(row for row in map(json.loads, (repo.root / "evals/support.jsonl").read_text(encoding="utf-8").splitlines()) if row["partition"] == "golden")
    words = "May I have my money back when the parcel came two weeks late"
    rows = (repo.root / "evals/support.jsonl").read_text(encoding="utf-8").replace(json.dumps(row["input"]["user_input"]), json.dumps(words + "?"))
    repo.write({"evals/support.jsonl": rows, "prompts/support.md": f"{SUPPORT}\nQ: {words}!\nA: Yes.\n"})
    done = run(repo.root, "validate")
    assert done.exit_code == 0
    assert f"warning: prompts/support.md: contains the words of 1 example of suite 'support': {row['id']}.\n" in done.stdout


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("{type: judge, model: local/judge, examples: nope.jsonl}", "evalbot.yml:8: metric 'm': nope.jsonl: there is no such file in the work tree, or git ignores it."),
        ("{type: json_schema, schema: evals}", "evalbot.yml:8: metric 'm': evals is a folder. Name a file in it."),
    ],
)
def test_a_file_that_a_metric_names_is_missed_at_the_line_that_names_it(metric: str, said: str, tmp_path: Path) -> None:
    config = CONFIG.replace("judge: anthropic/claude-sonnet-5", "metrics: [m]") + f"metrics: {{m: {metric}}}\n"
    repo = Repo(tmp_path / "project").write(few(config=config))
    repo.commit()
    done = run(repo.root, "validate")
    assert (done.exit_code, done.stderr) == (2, said + "\n")
