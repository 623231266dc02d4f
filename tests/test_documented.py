"""What README and docs say is so: configurations load, commands parse, tables agree with the code, links lead somewhere."""

from __future__ import annotations

import json
import os
import re
import shlex
import struct
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from evalbot.adapters.imports.promptfoo_assertions import MAPPED
from evalbot.adapters.prices import at_vendor, listed_price
from evalbot.adapters.providers.lifetimes import retirement
from evalbot.adapters.strict_yaml import read_yaml
from evalbot.app.commands import USAGE
from evalbot.app.inputs import inputs
from evalbot.app.policies import models_of
from evalbot.cli.app import app
from evalbot.config import load_policy, schema
from evalbot.domain.verdicts import EXIT_CODES
from tests.github_server import GitHubServer
from tests.pages import DOCS, PAGES, ROOT, anchors, blocks, command_lines, inline_code, links, name, table, text
from tests.quickstart import shortened_prompt
from tests.repository import Repo
from tools.action_tables import page as action_tables

README = ROOT / "README.md"
ACTION = ROOT / "docs" / "action.md"
COMMANDS = ROOT / "docs" / "commands.md"
WORKFLOWS = sorted(path for folder in (".github/workflows", "examples/workflows") for path in (ROOT / folder).glob("*.yml"))
# Pages that must name no command or option that does not exist, in running text too.
STRICT = [README, ACTION, COMMANDS, *(ROOT / "docs" / page for page in ("quickstart.md", "concepts.md", "README.md"))]

# The names that users may rely on, in the order of the action's contract.
INPUTS = (
    "github-token", "config", "command", "key", "openai-api-key", "anthropic-api-key", "suites", "partitions", "base", "head",
    "epochs", "comment", "fork", "advisory", "cache-dir", "report-dir",
)  # fmt: skip
OUTPUTS = (
    "verdict", "reason", "regressions", "newly-failing", "changed-prompts", "comment-url", "check-url", "proposal-url", "cost-usd",
    "model-calls", "judge-calls", "cached-calls", "base-sha", "head-sha", "policy-sha", "report-path", "summary-path", "junit-path",
)  # fmt: skip


# Configurations and workflows


def _yaml(mark: str) -> list[tuple[str, str]]:
    return [(name(page), block.text) for page in PAGES for block in blocks(page, "yaml", "yml") if re.search(mark, block.text, re.MULTILINE)]


def strict(config: str) -> object:
    return read_yaml(config.encode(), "page").value


@pytest.mark.parametrize(("page", "config"), _yaml(r"^version: 1$"))
def test_every_configuration_on_a_page_loads(page: str, config: str) -> None:
    assert load_policy(config.encode(), page).suites


@pytest.mark.parametrize(("page", "config"), _yaml(r"^version: 1$"))
def test_no_configuration_to_copy_names_a_model_that_is_to_end_or_has_no_price(page: str, config: str) -> None:
    policy = load_policy(config.encode(), page)
    named = {suite.model for suite in policy.suites.values() if suite.model} | {
        model for suite in policy.suites.values() for metric in suite.metrics for model in models_of(metric.options)
    }
    models = [*policy.models.values(), *(policy.model(name) for name in named)]
    assert [model.label for model in models if retirement(model)] == []
    assert [model.label for model in models if model.provider in ("openai", "anthropic") and at_vendor(model) and listed_price(model) is None] == []


@pytest.mark.parametrize(("page", "workflow"), _yaml(r"^on:"))
def test_every_workflow_on_a_page_is_one(page: str, workflow: str, tmp_path: Path) -> None:
    file = tmp_path / "workflow.yml"
    file.write_text(workflow, encoding="utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{page}: {done.stdout}{done.stderr}"

    jobs = yaml.safe_load(workflow)["jobs"]
    assert "evalbot" not in jobs  # the check run has that name
    steps = [step for job in jobs.values() for step in job["steps"]]
    with_inputs = [set(step.get("with", {})) for step in steps if step.get("uses", "").startswith("evalbot/")]
    assert with_inputs
    assert all(given <= set(INPUTS) for given in with_inputs)
    assert any(step.get("with", {}).get("fetch-depth") == 0 for step in steps)


def test_the_first_screen_shows_a_workflow_of_at_most_12_lines() -> None:
    assert len(blocks(README, "yaml")[0].text.splitlines()) <= 12


def test_the_page_of_the_action_shows_the_example_workflow() -> None:
    example = (ROOT / "examples" / "workflows" / "evalbot.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(blocks(ACTION, "yaml")[0].text) == yaml.safe_load(example)


@pytest.mark.parametrize("path", WORKFLOWS, ids=name)
def test_a_workflow_pins_every_action_but_ours_and_gives_no_permission_to_all_jobs(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text(encoding="utf-8"))
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert workflow["permissions"] == {}
    assert all(re.search(r"@[0-9a-f]{40}$", action) for action in used if action not in ("./", "evalbot/evalbot@main"))


def test_zizmor_finds_nothing_in_any_workflow() -> None:
    zizmor = Path(sys.executable).with_name("zizmor")
    done = subprocess.run([zizmor, "--offline", "--quiet", "--persona", "auditor", *WORKFLOWS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_a_comment_can_neither_cancel_nor_displace_a_run() -> None:
    concurrency = yaml.safe_load((ROOT / "examples" / "workflows" / "evalbot.yml").read_text(encoding="utf-8"))["concurrency"]
    assert "issue" not in concurrency["group"]  # a comment's payload has no `pull_request`: its group is its own run
    assert concurrency["group"].endswith("|| github.event.pull_request.number || github.run_id }}")
    assert "github.event.action == 'edited' && !github.event.changes.base && github.run_id" in concurrency["group"]


def test_the_configuration_of_our_own_workflow_is_valid_and_is_the_example_s() -> None:
    config = ".github/evalbot/evalbot.yml"
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "evalbot.yml").read_text(encoding="utf-8"))
    assert config in [step.get("with", {}).get("config") for step in workflow["jobs"]["evaluate"]["steps"]]
    done = subprocess.run([sys.executable, "-m", "evalbot", "validate", "--config", config], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr

    ours, example = (yaml.safe_load((ROOT / path).read_text(encoding="utf-8")) for path in (config, "examples/support-bot/evalbot.yml"))
    assert ours["metrics"] == example["metrics"]


# Commands and options


def _parse(line: str) -> None:
    """Let the real command line read the words, and run nothing."""
    command, words = typer.main.get_command(app), shlex.split(line)
    while len(words) > 1 and words[1] in getattr(command, "commands", {}):
        command, words = command.commands[words[1]], words[1:]
    assert not hasattr(command, "commands") or words[1:] == ["--version"], f"{line}: no such command"
    command.make_context(words[0], words[1:]).close()


def _help(*command: str) -> str:
    done = CliRunner().invoke(app, [*command, "--help"], env={"COLUMNS": "200", "TERMINAL_WIDTH": "200", "NO_COLOR": "1"})
    assert done.exit_code == 0
    return done.output


def _all_help() -> str:
    commands = typer.main.get_command(app).commands
    ways = [(name, *sub) for name, one in commands.items() for sub in ([[]] + [[below] for below in getattr(one, "commands", {})])]
    return "\n".join([_help(), *(_help(*way) for way in ways)])


LINES = [(name(page), line) for page in PAGES for line in command_lines(page)]


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_command_line_on_a_page_parses(page: str, line: str) -> None:
    _parse(line)


@pytest.mark.parametrize("line", sorted({line for _, line in LINES if " --" in line and "--version" not in line}))
def test_help_names_every_option_of_a_documented_command(line: str) -> None:
    words = shlex.split(line)[1:]
    command = words[: next(i for i, word in enumerate(words) if word.startswith("-"))]
    options = {word.split("=")[0] for word in words if word.startswith("--")}
    assert options <= set(re.findall(r"--[a-z-]+", _help(*command)))


@pytest.mark.parametrize("page", STRICT, ids=name)
def test_running_text_names_only_commands_and_options_that_exist(page: Path) -> None:
    known = typer.main.get_command(app).commands
    said = [code.split() for code in inline_code(page)]
    assert {words[1] for words in said if words[0] == "evalbot" and len(words) > 1} <= set(known)
    options = {word for words in said for word in words if re.fullmatch(r"--[a-z][a-z-]*", word)}
    assert options <= set(re.findall(r"--[a-z-]+", _all_help()))


def test_the_pages_hold_something_to_test() -> None:
    assert len(PAGES) > 5
    assert len(LINES) > 5
    assert _yaml(r"^version: 1$")
    assert _yaml(r"^on:")


def test_a_command_that_does_not_exist_is_noticed() -> None:
    with pytest.raises(AssertionError, match="no such command"):
        _parse("evalbot conjure --base main")
    with pytest.raises(Exception, match="--bass"):
        _parse("evalbot check --bass main")


# Tables


def test_the_verdict_table_of_the_readme_is_the_codes() -> None:
    assert {row[0]: int(row[1]) for row in table(README, "Verdict and exit status")} == {str(verdict): code for verdict, code in EXIT_CODES.items()}


def _action() -> dict[str, dict[str, dict[str, object]]]:
    return yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))


def test_the_action_has_exactly_the_inputs_and_outputs_that_it_promises() -> None:
    assert tuple(_action()["inputs"]) == INPUTS
    assert tuple(_action()["outputs"]) == OUTPUTS
    assert not any(one["required"] for one in _action()["inputs"].values())


def test_the_tables_of_inputs_and_outputs_are_written_from_the_action() -> None:
    page = ACTION.read_text(encoding="utf-8")
    assert action_tables(page) == page, "run: python tools/action_tables.py"
    assert [row[0] for row in table(ACTION, "Inputs")] == list(INPUTS)
    assert [row[0] for row in table(ACTION, "Outputs")] == list(OUTPUTS)


@pytest.mark.parametrize("given", [row[0] for row in table(ACTION, "Inputs")])
def test_every_input_on_the_page_is_read(given: str) -> None:
    fitting = {"command": "check", "partitions": "golden", "epochs": "2", "comment": "off", "fork": "environment", "advisory": "true"}
    assert inputs({f"INPUT_{given.upper()}": fitting.get(given, "something")}) != inputs({})


def test_the_commands_on_the_page_are_those_that_are_understood() -> None:
    assert [row[0] for row in table(COMMANDS, "Commands")] == list(USAGE.values())


def test_the_readme_counts_inputs_and_outputs_as_they_are() -> None:
    assert f"| **Inputs, outputs** | {len(INPUTS)} and {len(OUTPUTS)}, all optional" in text(README)


def test_the_published_schema_is_the_one_that_the_command_prints() -> None:
    published = json.loads((ROOT / "docs" / "evalbot.schema.json").read_text(encoding="utf-8"))
    assert published == schema(), "run: evalbot schema > docs/evalbot.schema.json"


def test_every_configuration_on_a_page_fits_the_published_schema() -> None:
    checker = Draft202012Validator(json.loads((ROOT / "docs" / "evalbot.schema.json").read_text(encoding="utf-8")))
    for page, config in _yaml(r"^version: 1$"):
        assert [error.message for error in checker.iter_errors(strict(config))] == [], page


def test_the_page_of_the_first_run_lists_the_assertions_that_are_taken_over() -> None:
    rows = table(ROOT / "docs" / "first-run.md", "Import from other tools")
    assert {name for row in rows for name in re.findall(r"[a-z][a-z0-9:-]+", row[0].replace("`", " "))} == set(MAPPED)


def test_the_index_names_every_page() -> None:
    index = ROOT / "docs" / "README.md"
    pages = {str(page.relative_to(index.parent)) for page in DOCS if page != index and page.parent == index.parent}
    assert pages <= set(links(index))


# Links and the picture


@pytest.mark.parametrize("page", [*PAGES, *(ROOT / file for file in ("CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md"))], ids=name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert ROOT in file.parents, target
        assert not anchor or anchor in anchors(file), target


def test_the_picture_is_a_png_of_a_sensible_size() -> None:
    content = (ROOT / "docs" / "images" / "comment.png").read_bytes()
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert len(content) < 250_000
    width, height = struct.unpack(">II", content[16:24])  # IHDR, PNG specification, section 11.2.1
    assert 800 < width < 2500
    assert height < width


def test_no_page_holds_what_is_left_over() -> None:
    for page in PAGES:
        assert not re.search(r"\b(TODO|FIXME|TBD|Lorem ipsum)\b", text(page)), name(page)


# The action, run as a runner runs it


def _run(folder: Path, repo: Repo, server: GitHubServer, event: str, **payload: object) -> tuple[subprocess.CompletedProcess[str], dict[str, str]]:
    """The container's entry on an event of the newest pull request, with every default of action.yml; and its outputs."""
    pull = server.pulls[max(server.pulls)]
    ours = {"full_name": server.name, "default_branch": "main"}
    pull_request = {
        "number": pull.number, "state": "open", "user": {"login": pull.author}, "base": {"ref": "main", "sha": pull.base_sha, "repo": ours},
        "head": {"ref": pull.head_ref, "sha": pull.head_sha, "repo": {"full_name": pull.head_repository}},
    }  # fmt: skip
    (folder / "event.json").write_text(json.dumps({"repository": ours, "pull_request": pull_request} | payload), encoding="utf-8")
    outputs = folder / "outputs"
    outputs.write_text("", encoding="utf-8")
    defaults = {f"INPUT_{key.upper()}": str(one.get("default", "")) for key, one in _action()["inputs"].items()}
    environment = {
        "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(folder / "event.json"), "GITHUB_OUTPUT": str(outputs),
        "GITHUB_WORKSPACE": str(repo.root), "GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.name, "GITHUB_RUN_ID": "1",
        "INPUT_GITHUB-TOKEN": server.token, "PATH": os.environ["PATH"], "HOME": str(folder), "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    done = subprocess.run(
        [sys.executable, str(ROOT / "entrypoint")], env=defaults | environment, cwd=repo.root, capture_output=True, text=True, check=False
    )
    written = re.findall(r"^([\w-]+)<<(\S+)\n(.*?)\n?^\2$", outputs.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    return done, {output: value for output, _, value in written}


def test_the_action_does_on_a_pull_request_what_its_page_says(tmp_path: Path) -> None:
    repo = shortened_prompt(tmp_path / "workspace")
    with GitHubServer(repo) as server:
        pull = server.open_pull("shorter-prompt")
        done, written = _run(tmp_path, repo, server, "pull_request", action="opened")

        assert done.returncode == 1, done.stderr
        assert "do not merge" in done.stdout
        assert [comment.author for comment in server.comments(pull.number)] == [server.identity]
        assert [(check.name, check.conclusion) for check in server.checks(pull.head_sha)] == [("evalbot", "failure")]
    assert {file.name for file in (repo.root / "evalbot-report").iterdir()} >= {"comment.md", "summary.json", "results.jsonl", "junit.xml"}
    assert tuple(written) == OUTPUTS
    said_empty = {row[0] for row in table(ACTION, "Outputs") if "Empty but for" in row[1]}
    assert {output for output, value in written.items() if not value} == said_empty


@pytest.mark.parametrize("event", ["star", "create"])  # less what the page says runs
def test_the_action_gives_a_notice_on_an_event_that_its_page_does_not_name(event: str, tmp_path: Path) -> None:
    repo = shortened_prompt(tmp_path / "workspace")
    pushed = {"ref": "refs/heads/main", "before": "b" * 40, "after": repo.sha("main"), "release": {"tag_name": "v1"}, "action": "published"}
    with GitHubServer(repo) as server:
        server.open_pull("shorter-prompt")
        done, written = _run(tmp_path, repo, server, event, **pushed)
        assert server.requests == []

    assert (done.returncode, written) == (0, {})
    assert "::notice" in done.stdout
    named = {row[0].partition("`")[0] for row in table(ACTION, "What happens") if "`base" not in row[0]}
    assert "pull_request" in named
    assert event not in named
