"""What is loaded where nothing has to be measured: told by `sys.modules`, since a clock would tell more of the machine."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from evalbot.cli.commands import MODULES
from tests.app.checking import House, by_quality
from tests.app.on_github import Scene
from tests.github_server import GitHubServer
from tests.loopback import LoopbackModels

PROVIDERS = {"openai", "anthropic", "httpx", "httpx2", "genai_prices"}
NUMBERS = {"numpy", "scipy", "tabulate"}
WORK = {"jinja2", "jsonschema", "regex", "json_repair", "rich", "sqlite3"}
GITHUB = {"github", "requests", "jwt", "cryptography"}
COMMANDS = {f"evalbot.cli.{module}" for module in MODULES.values()}


def loaded(code: str, arguments: Sequence[str], environment: Mapping[str, str] | None = None) -> set[str]:
    """The modules of a process that runs the code, which ends as a command does."""
    report = "import atexit, sys; atexit.register(lambda: print('LOADED', *sys.modules, file=sys.stderr)); "
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    done = subprocess.run(
        [sys.executable, "-c", report + code, *arguments], env={**kept, **(environment or {})}, capture_output=True, text=True, check=False
    )
    lines = [line for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    assert done.returncode == 0, done.stdout + done.stderr
    return set(lines[-1].split())


COMMAND = "from evalbot.cli import main; main()"


def test_the_help_page_loads_neither_rich_nor_what_the_commands_do() -> None:
    found = loaded(COMMAND, ["--help"])
    assert found & (PROVIDERS | NUMBERS | WORK | GITHUB | {"pydantic", "asyncio", "evalbot.app.review", "evalbot.config"}) == set()


def test_a_command_loads_no_other_command() -> None:
    assert loaded(COMMAND, ["validate", "--help"]) & COMMANDS == {"evalbot.cli.validate"}
    assert loaded(COMMAND, ["--version"]) & COMMANDS == set()


def test_a_check_without_a_changed_prompt_loads_no_sdk_no_numbers_and_no_template_engine(tmp_path: Path) -> None:
    house = House(tmp_path).head({"README.md": "words\n"})
    found = loaded(COMMAND, ["check", "-C", str(house.repo.root), "--base", "main", "--head", "change"])
    assert found & (PROVIDERS | NUMBERS | WORK | GITHUB) == set()
    assert json.loads((house.repo.root / "evalbot-report/summary.json").read_text())["verdict"] == "not_applicable"


def test_what_was_measured_before_is_compared_again_without_an_sdk_and_without_scipy(tmp_path: Path) -> None:
    house = House(tmp_path).head({"prompts/support.md": "Answer in one sentence: {{ user_input }}\n"})
    again = ["check", "-C", str(house.repo.root), "--base", "main", "--head", "change"]
    with LoopbackModels(by_quality()) as models:
        loaded(COMMAND, again, models.env())
        asked = len(models.calls)
        assert asked
        found = loaded(COMMAND, again, models.env())
        assert len(models.calls) == asked
    assert found & (PROVIDERS | NUMBERS) == {"tabulate"}  # of the comment


def test_the_action_without_a_changed_prompt_loads_no_sdk_no_numbers_and_no_template_engine(tmp_path: Path) -> None:
    house = House(tmp_path).head({"README.md": "words\n"})
    with GitHubServer(house.repo) as server, LoopbackModels(lambda call: "never asked") as models:
        folder, environment = Scene(tmp_path, house, server).job("pull_request", action="synchronize", sender={"login": "ada"})
        found = loaded("from evalbot.cli import action; action()", [], environment | models.env())
        assert models.calls == []
    assert "not_applicable" in (folder / "output").read_text()
    assert found & (PROVIDERS | NUMBERS | WORK | {"typer"}) == set()


def test_every_command_s_module_is_in_the_table() -> None:
    folder = Path("evalbot/cli")
    defining = {path.stem for path in folder.glob("*.py") if "app.command(" in path.read_text() or "app.add_typer(" in path.read_text()}
    assert defining == set(MODULES.values())


@pytest.mark.parametrize("module", sorted(set(MODULES.values())))
def test_the_table_names_what_a_module_defines(module: str) -> None:
    tree = ast.parse(Path(f"evalbot/cli/{module}.py").read_text())
    said = {name for name, where in MODULES.items() if where == module}
    assert said
    assert said <= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)} | {
        node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
