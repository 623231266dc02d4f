"""Every block of code on a page is tried: fragments of a configuration in a whole one, Python by running it, data by its own reader."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from evalbot.adapters.datasets.read import read_datasets
from evalbot.app.setup.distribution import read_templates
from evalbot.config import load_policy
from tests.adapters.datasets.test_documentation import OneFile
from tests.pages import PAGES, Block, blocks, command_lines, name

SUITE = "suites:\n  support:\n    dataset: evals/*.jsonl\n    judge: anthropic/claude-sonnet-5\n"
PROMPT = "    prompt: prompts/support.md\n    model: openai/gpt-6-luna\n"
# What a page leaves to its reader: the names that a block takes for granted.
GIVEN = {
    "docs/monitoring.md": """
import asyncio
from pathlib import Path
from tests.app.monitor.workers import CONFIG
Path("evalbot.yml").write_text(CONFIG)
request_id, question, answer, passages = "r-1", "Q?", "A.", ["P."]
class broker:
    subscriber = staticmethod(lambda topic: lambda handler: asyncio.run(handler({"id": "r-2", "output": "A."})))
""",
    "docs/providers.md": "from evalbot.domain.models import Model, Reply, Request\n",
}
# What is not here when the tests run, and what stands in for it.
INSTEAD = {"docs/monitoring.md": ('{"type": "redis"}', '{"type": "memory"}')}
# What shows that a block does what its page says.
SHOWN = {
    "docs/extending.md": """
import asyncio
from tests.metrics.asking import answered
assert METRICS.get("max_words") is MaxWords
assert asyncio.run(MaxWords(limit=2).measure(answered("one two three"), None)).passed is False
""",
}


def _whole(config: str) -> None:
    assert load_policy(f"version: 1\n{config}".encode(), "page").suites


def _beside(block: str) -> None:
    _whole(f"{SUITE}{PROMPT}{block}")


def _of_a_suite(block: str) -> None:
    inner = "".join(f"    {line}\n" for line in block.splitlines())
    _whole(SUITE + ("" if block.startswith("target:") else PROMPT) + inner)


def _steps(block: str) -> None:
    workflow = f"on: [pull_request]\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n{block}"
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        file.write(workflow)
        file.flush()
        command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-workflows", file.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def _rows(block: str) -> None:
    assert read_datasets(OneFile(block), ["page.yaml"])


FRAGMENTS: dict[str, Callable[[str], object]] = {
    r"^(models|harvest|monitor|run|report|approvals):": _beside,
    r"^(gates|target|epochs):": _of_a_suite,
    r"^ *- uses: ": _steps,
    r"^- id: ": _rows,
    r"^slots:": lambda block: read_templates(block.encode(), "page"),
}


def _all(*languages: str) -> list[tuple[str, Block]]:
    return [(name(page), block) for page in PAGES for block in blocks(page, *languages)]


def _fragments() -> list[tuple[str, str]]:
    return [(page, block.text) for page, block in _all("yaml", "yml") if not re.search(r"^(version: 1$|on:)", block.text, re.MULTILINE)]


@pytest.mark.parametrize(("page", "block"), _fragments())
def test_a_fragment_fits_into_a_whole(page: str, block: str) -> None:
    (check,) = (check for mark, check in FRAGMENTS.items() if re.match(mark, block))  # one that nobody can check has no place on a page
    check(block)


@pytest.mark.parametrize(("page", "block"), [(page, block.text) for page, block in _all("python")])
def test_python_runs(page: str, block: str, tmp_path: Path) -> None:
    block = block.replace(*INSTEAD.get(page, ("", "")))
    code = f"from __future__ import annotations\n{GIVEN.get(page, '')}{block}{SHOWN.get(page, '')}"
    environment = {"PYTHONPATH": str(Path(__file__).parents[1])}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("page", "block"), [(page, block.text) for page, block in _all("toml")])
def test_toml_is_read(page: str, block: str) -> None:
    assert tomllib.loads(block)


@pytest.mark.parametrize(("page", "block"), [(page, block.text) for page, block in _all("json", "jsonl")])
def test_json_is_read(page: str, block: str) -> None:
    if '"partition": "' in block and page != "docs/one-result.md":
        rows = block if block.count('{"id"') > 1 else json.dumps(json.loads(block))
        assert read_datasets(OneFile(rows), ["page.jsonl"])
    else:
        assert json.loads(block)


def test_no_block_is_of_a_language_that_nobody_reads() -> None:
    read = {"yaml", "yml", "python", "toml", "json", "jsonl", "csv", "bash", "sh", "console", "markdown", "text"}
    assert {block.language for _, block in _all()} <= read


def test_commands_stand_in_blocks_that_are_read() -> None:
    """A command in an indented block would be seen by no test."""
    indented = [f"{name(page)}: {line}" for page in PAGES for line in page.read_text(encoding="utf-8").splitlines() if line.startswith("    evalbot ")]
    assert indented == []
    assert any("merge" in line for page in PAGES for line in command_lines(page))
