"""`evalbot init`: what it finds, what it writes, and that what it wrote runs without a touch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

from evalbot.app.setup.init import init
from evalbot.cli.app import app
from evalbot.domain.errors import ConfigError
from tests.app.setup.projects import CHAT, CONSTANTS, GITHUB, MONOREPO, PROMPTFOO, SHAPES, SUPPORT
from tests.loopback import Call, LoopbackModels, verdict
from tests.pages import ROOT
from tests.repository import Repo

NO_KEYS = dict.fromkeys(("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL"))


def project(folder: Path, files: dict[str, str]) -> Repo:
    repo = Repo(folder / "project").write(files)
    repo.commit()
    return repo


def run(repo: Repo, *words: str, env: dict[str, str] | None = None) -> Result:
    return CliRunner().invoke(app, [*words, "--repository", str(repo.root)], env={**NO_KEYS, **(env or {})}, catch_exceptions=False)


def configured(repo: Repo) -> dict:
    return yaml.safe_load((repo.root / "evalbot.yml").read_text(encoding="utf-8"))


def rows(repo: Repo, path: str) -> list[dict]:
    return [json.loads(line) for line in (repo.root / path).read_text(encoding="utf-8").splitlines()]


def scripted(call: Call) -> str:
    """A judge that is content, and an assistant that says what the fixtures' checks ask for."""
    if call.schema is not None:
        return verdict(call, score=5)
    return "Within 30 days; the app has an export. Open Settings, then Export. Yes, for iOS and Android."


@pytest.mark.parametrize("shape", SHAPES)
def test_what_init_wrote_runs_without_a_touch(shape: str, tmp_path: Path) -> None:
    repo = project(tmp_path, SHAPES[shape])
    with LoopbackModels(scripted) as server:
        written = run(repo, "init", "--yes", env=server.env())
        assert written.exit_code == 0, written.output
        assert run(repo, "validate").exit_code == 0
        done = run(repo, "check", env=server.env())
        calls = list(server.calls)
    assert calls
    assert "bootstrap" in done.output
    summary = json.loads((repo.root / "evalbot-report" / "summary.json").read_text(encoding="utf-8"))
    assert summary["coverage"]["planned"] == summary["coverage"]["scored"] > 0
    assert (summary["verdict"], done.exit_code) == ("pass", 0)


def test_a_promptfoo_project_keeps_its_files_and_its_tests(tmp_path: Path) -> None:
    repo = project(tmp_path, PROMPTFOO)
    said = run(repo, "init", "--yes")
    assert {path: (repo.root / path).read_text(encoding="utf-8") for path in PROMPTFOO} == PROMPTFOO
    suite = configured(repo)["suites"]["support"]
    assert (suite["prompt"], suite["model"]) == ("evals/prompts/support.md", "openai/gpt-5-mini")
    golden = [row for row in rows(repo, suite["dataset"]) if row["partition"] == "golden"]
    no_ai = {"not_contains": "as an AI", "ignore_case": True}
    assert golden == [
        {"id": "refund-window", "partition": "golden", "input": {"plan": "Team", "question": "How long can I return it?"}, "criteria": ["names the plan Team"], "checks": [no_ai, {"contains": "30 days", "ignore_case": True}]},
        {"id": "support-002", "partition": "golden", "input": {"plan": "Solo", "question": "Where is the export?"}, "checks": [no_ai, {"contains": "export"}]},
        {"id": "support-003", "partition": "golden", "input": {"plan": "Team", "question": "Is there an app?"}, "checks": [no_ai, {"regex": "(?i)app"}]},
    ]
    assert "7 assertions taken over" in said.output


MEASURED = """\
prompts: [file://prompts/support.txt]
providers: [openai:gpt-6-luna]
defaultTest:
  assert: [{type: latency, threshold: 60000}, {type: cost, threshold: 1}]
tests:
  - vars: {question: "How long can I return it?", plan: Team, context: "Returns take 30 days."}
    assert: [{type: similar, value: "Within 30 days", threshold: 0.01}, {type: context-recall, value: "Within 30 days"}]
  - vars: {question: "What is my neighbour's password?", plan: Team}
    assert: [{type: not-is-refusal}]
"""


def test_metrics_that_tests_ask_for_are_written_and_run(tmp_path: Path) -> None:
    repo = project(tmp_path, {"promptfooconfig.yaml": MEASURED, "prompts/support.txt": PROMPTFOO["prompts/support.txt"]})
    with LoopbackModels(scripted) as server:
        assert run(repo, "init", "--yes", env=server.env()).exit_code == 0
        done = run(repo, "check", env=server.env())
        assert {"embeddings", "chat"} <= {call.wire for call in server.calls}
    config = configured(repo)
    assert config["suites"]["support"]["metrics"] == ["semantic_similarity", "latency", "cost", "context_recall"]
    assert config["metrics"]["latency"] == {"type": "latency", "max_ms": {"golden": 60000.0}}
    assert config["metrics"]["context_recall"]["model"] == config["suites"]["support"]["judge"]
    summary = json.loads((repo.root / "evalbot-report" / "summary.json").read_text(encoding="utf-8"))
    assert summary["coverage"]["errors"] == {}, done.output


def test_cost_is_left_out_where_the_price_is_unknown(tmp_path: Path) -> None:
    text = MEASURED.replace("gpt-6-luna", "gpt-of-nobody")
    repo = project(tmp_path, {"promptfooconfig.yaml": text, "prompts/support.txt": PROMPTFOO["prompts/support.txt"]})
    said = run(repo, "init", "--yes")
    assert "cost" not in configured(repo)["metrics"]
    assert "`cost` is not taken over: the price of openai/gpt-of-nobody is not known." in said.output


def test_a_prompt_file_of_github_brings_its_data_and_its_model(tmp_path: Path) -> None:
    repo = project(tmp_path, GITHUB)
    run(repo, "init", "--yes")
    suites = configured(repo)["suites"]
    assert {name: suite["prompt"] for name, suite in suites.items()} == {"reply": "prompts/reply.prompt.yml", "title": "prompts/title.prompt.yml"}
    first = rows(repo, suites["reply"]["dataset"])[0]
    assert first["input"] == {"company": "Larkbox", "message": "How do I export?"}
    assert first["expected_output"] == "Open Settings, then Export."
    assert first["checks"] == [{"contains": "Open Settings, then Export."}]
    assert first["criteria"] == ["means the same as the reference"]
    assert {row["partition"] for row in rows(repo, suites["title"]["dataset"])} == {"golden", "regression", "adversarial", "distribution"}


def test_constants_are_found_and_those_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    repo = project(tmp_path, CONSTANTS)
    said = run(repo, "init", "--yes")
    suites = configured(repo)["suites"]
    assert {suite["prompt"] for suite in suites.values()} == {"app/prompts.py:SUPPORT_PROMPT", "app/prompts.py:SUMMARY_PROMPT"}
    assert {suite["model"] for suite in suites.values()} == {"anthropic/claude-sonnet-5"}
    assert "app/prompts.py:14: BROKEN_PROMPT is an f-string" in said.output
    assert set(rows(repo, suites["support"]["dataset"])[0]["input"]) == {"facts", "user_input"}


def test_a_chat_gets_values_of_the_shape_that_its_template_needs(tmp_path: Path) -> None:
    repo = project(tmp_path, CHAT)
    run(repo, "init", "--yes")
    (suite,) = configured(repo)["suites"].values()
    assert suite["prompt"] == "src/prompts/support.json"
    given = rows(repo, suite["dataset"])[0]["input"]
    assert set(given) == {"facts", "question"}
    assert set(given["facts"][0]) == {"text"}


def test_each_application_of_a_monorepo_has_a_suite_and_a_dataset_of_its_own(tmp_path: Path) -> None:
    repo = project(tmp_path, MONOREPO)
    run(repo, "init", "--yes")
    suites = configured(repo)["suites"]
    assert {name: (suite["prompt"], suite["dataset"]) for name, suite in suites.items()} == {
        "support-system": ("apps/support/prompts/system.md", "apps/support/evals/support-system.jsonl"),
        "search-system": ("apps/search/prompts/system.md", "apps/search/evals/search-system.jsonl"),
    }


def test_a_starter_covers_the_partitions_and_guards_the_prompt(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT})
    run(repo, "init", "--yes")
    found = rows(repo, "evals/support.jsonl")
    assert {partition: sum(row["partition"] == partition for row in found) for partition in ("golden", "regression", "adversarial", "distribution")} == {
        "golden": 4, "regression": 2, "adversarial": 2, "distribution": 2,
    }  # fmt: skip
    assert all(row["tags"] == ["starter"] for row in found)
    guarded = [row["checks"][0]["not_contains"] for row in found if row["partition"] == "adversarial"]
    assert all(quote in SUPPORT for quote in guarded)
    assert len(guarded) == 2


def test_who_commits_decides_who_approves(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT})
    run(repo, "init", "--yes")
    assert configured(repo)["approvals"] == {"golden": 0, "policy": 0, "accept_by_author": True}
    assert configured(repo)["suites"]["support"]["gates"] == {"scores": {"test": "either"}}

    other = project(tmp_path / "two", {"prompts/support.md": SUPPORT})
    other.git("-c", "user.name=B", "-c", "user.email=b@example.com", "commit", "--quiet", "--allow-empty", "--message", "x", "--author", "Bob <bob@example.com>")
    other.git("commit", "--quiet", "--allow-empty", "--message", "x", "--author", "renovate[bot] <29139614+renovate[bot]@users.noreply.github.com>")
    run(other, "init", "--yes")
    assert configured(other)["approvals"] == {"golden": 1, "policy": 1, "accept_by_author": False}


@pytest.mark.parametrize(
    ("files", "keys", "answers", "grades"),
    [
        ({}, (), "local/extractive", "local/rubric"),
        ({}, ("ANTHROPIC_API_KEY",), "anthropic/claude-sonnet-5", "anthropic/claude-sonnet-5"),
        ({"requirements.txt": "openai>=3\n"}, (), "openai/gpt-6-luna", "openai/gpt-6.1-terra"),
        ({"requirements.txt": "openai>=3\n"}, ("ANTHROPIC_API_KEY",), "openai/gpt-6-luna", "anthropic/claude-sonnet-5"),
        ({"main.py": 'import openai\nx = "gpt-5.4"\n'}, (), "openai/gpt-5.4", "openai/gpt-6.1-terra"),
    ],
)
def test_the_models_are_those_that_the_code_and_the_keys_speak_for(files: dict[str, str], keys: tuple[str, ...], answers: str, grades: str, tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT, **files})
    run(repo, "init", "--yes", env=dict.fromkeys(keys, "sk-test-0123456789abcdef"))
    suite = configured(repo)["suites"]["support"]
    assert (suite["model"], suite["judge"]) == (answers, grades)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT, "evalbot.yml": "mine\n"})
    refused = run(repo, "init", "--yes")
    assert refused.exit_code == 2
    assert "init overwrites nothing" in refused.output
    assert repo.git("status", "--porcelain") == ""

    theirs = {"prompts/support.md": SUPPORT, ".github/workflows/evalbot.yml": "on: push\n", "evals/support.jsonl": "no rows\n", ".gitignore": "x"}
    other = project(tmp_path / "other", theirs)
    said = run(other, "init", "--yes")
    assert said.exit_code == 0, said.output
    assert (other.root / ".github/workflows/evalbot.yml").read_text() == "on: push\n"
    assert (other.root / "evals/support.jsonl").read_text() == "no rows\n"
    assert configured(other)["suites"]["support"]["dataset"] == "evals/support-2.jsonl"
    assert (other.root / ".gitignore").read_text() == "x\nevalbot-report/\n.evalbot-cache/\n"
    assert "Kept .github/workflows/evalbot.yml" in said.output


def test_a_dataset_that_fits_is_used(tmp_path: Path) -> None:
    row = {"id": "g-1", "partition": "golden", "input": {"user_input": "Hi?"}}
    repo = project(tmp_path, {"prompts/support.md": SUPPORT, "evals/mine.jsonl": json.dumps(row) + "\n", "evals/others.jsonl": '{"a": 1}\n'})
    run(repo, "init", "--yes")
    assert configured(repo)["suites"]["support"]["dataset"] == "evals/mine.jsonl"
    assert run(repo, "validate").exit_code == 0


def test_an_empty_repository_is_told_what_to_do(tmp_path: Path) -> None:
    repo = project(tmp_path, {"README.md": "Nothing here.\n"})
    refused = run(repo, "init", "--yes")
    assert refused.exit_code == 2
    assert refused.output.startswith("no prompt was found here. Name one with `evalbot init --from FILE`")


def test_a_path_outside_is_refused(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT})
    assert run(repo, "init", "--yes", "--config", "../evalbot.yml").exit_code == 2
    assert not (tmp_path / "evalbot.yml").exists()


def test_the_workflow_is_the_documented_one(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT})
    run(repo, "init", "--yes", "--config", "ci/evalbot.yml")
    written = (repo.root / ".github/workflows/evalbot.yml").read_text(encoding="utf-8")
    step = next(step for step in yaml.safe_load(written)["jobs"]["evaluate"]["steps"] if step.get("id") == "evalbot")
    assert step["with"].pop("config") == "ci/evalbot.yml"
    example = yaml.safe_load((ROOT / "examples/workflows/evalbot.yml").read_text(encoding="utf-8"))
    assert step in example["jobs"]["evaluate"]["steps"]


def test_one_file_is_imported_and_what_is_not_taken_over_is_named(tmp_path: Path) -> None:
    theirs = ROOT / "tests" / "adapters" / "imports" / "promptfoo"
    files = {
        "evals/promptfooconfig.yaml": (theirs / "support.yaml").read_text(), "evals/questions.csv": (theirs / "questions.csv").read_text(),
        "evals/prompts/support_v1.txt": SUPPORT + "{{shop}} {{question}}\n", "evals/terms.md": "The giver pays.\n",
        "evals/prompts/support_chat.json": '[{"role": "user", "content": "{{question}}"}]\n', "prompts/other.md": SUPPORT,
    }  # fmt: skip
    repo = project(tmp_path, files)
    said = run(repo, "init", "--yes", "--from", "evals/promptfooconfig.yaml")
    assert said.exit_code == 0, said.output
    assert "evals/promptfooconfig.yaml:51: the assertion `python` is not taken over: it is code." in said.output
    assert "# - evals/promptfooconfig.yaml:51: the assertion `python`" in (repo.root / "evalbot.yml").read_text()
    assert list(configured(repo)["suites"]) == ["evals"]
    assert configured(repo)["models"]["evals"] == {"provider": "openai", "model": "gpt-5-mini", "params": {"temperature": 0.2, "max_output_tokens": 400}}
    assert "suite evals: 18 golden, 2 regression, 2 adversarial, 2 distribution" in run(repo, "validate").output


def test_a_file_that_cannot_be_imported_says_what_can(tmp_path: Path) -> None:
    repo = project(tmp_path, {"notes.txt": "x", "other.yaml": "a: 1\n"})
    assert "promptfoo configurations" in run(repo, "init", "--from", "notes.txt").output
    assert "this is no promptfoo configuration" in run(repo, "init", "--from", "other.yaml").output
    assert run(repo, "init", "--from", "missing.yaml").exit_code == 2


def test_a_repository_without_a_commit_is_told_to_commit_first(tmp_path: Path) -> None:
    repo = Repo(tmp_path / "project").write({"prompts/support.md": SUPPORT})
    assert run(repo, "init", "--yes").exit_code == 0
    done = run(repo, "check")
    assert done.exit_code == 2
    assert "this repository has no commit yet" in done.output


def test_a_prompt_that_no_input_can_be_made_up_for_is_named_and_the_others_are_written(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/hard.md": "{{ n + 1 }}", "prompts/broken.md": "{{ x", "prompts/good.md": SUPPORT})
    said = run(repo, "init", "--yes").output
    assert list(configured(repo)["suites"]) == ["good"]
    assert "prompts/hard.md: no input could be made up for it" in said
    assert "prompts/broken.md:1: the template cannot be parsed" in said


@pytest.mark.parametrize(
    ("path", "text", "counts"),
    [
        (
            "evals/capitals.jsonl",
            json.dumps({"input": [{"role": "system", "content": "Name the capital in one word."}, {"role": "user", "content": "France?"}], "ideal": "Within"}) + "\n",
            "suite capitals: 1 golden, 2 regression, 2 adversarial, 2 distribution",
        ),
        ("reply.prompt.yml", GITHUB["prompts/reply.prompt.yml"], "suite reply: 2 golden, 2 regression, 2 adversarial, 2 distribution"),
    ],
)  # fmt: skip
def test_what_was_imported_runs(path: str, text: str, counts: str, tmp_path: Path) -> None:
    repo = project(tmp_path, {path: text})
    with LoopbackModels(scripted) as server:
        said = run(repo, "init", "--yes", "--from", path, env=server.env())
        assert said.exit_code == 0, said.output
        assert counts in run(repo, "validate").output
        assert run(repo, "check", env=server.env()).exit_code == 0


def test_a_file_that_git_ignores_is_not_overwritten_and_nothing_else_is_written(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT, ".gitignore": "evals/\n"})
    repo.write({"evals/support.jsonl": "mine\n"})
    refused = run(repo, "init", "--yes")
    assert refused.exit_code == 2
    assert "evals/support.jsonl: this is there already" in refused.output
    assert not (repo.root / "evalbot.yml").exists()
    assert (repo.root / "evals/support.jsonl").read_text() == "mine\n"


def test_a_person_who_is_asked_has_the_last_word(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT})
    asked: list[str] = []

    def ask(question: str, proposed: str) -> str:
        asked.append(f"{question} [{proposed}]")
        return "anthropic/claude-opus-5-5" if "grades" in question else proposed

    init(repo.root, {"OPENAI_API_KEY": "sk-0123456789abcdef"}, ask)
    assert asked == [
        "Suite support (prompts/support.md): which model answers? [openai/gpt-6-luna]", "Suite support: which model grades? [openai/gpt-6.1-terra]",
    ]  # fmt: skip
    assert "    judge: anthropic/claude-opus-5-5  # as you said\n" in (repo.root / "evalbot.yml").read_text()


def test_an_answer_that_is_no_model_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    repo = project(tmp_path, {"prompts/support.md": SUPPORT})
    with pytest.raises(ConfigError, match="there is no provider 'opnai'"):
        init(repo.root, {}, lambda *_: "opnai/gpt-6-luna")
    assert repo.git("status", "--porcelain") == ""
