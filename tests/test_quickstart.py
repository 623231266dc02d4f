"""The quickstart is followed to the letter: its files are written, its commands run, its outputs and exit statuses compared."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.quickstart import Commands, File, steps
from tests.repository import PERSON


def _environment(tmp_path: Path) -> dict[str, str]:
    """A shell that knows `evalbot` and git, and has no keys."""
    programs = tmp_path / "bin"
    programs.mkdir()
    evalbot = programs / "evalbot"
    evalbot.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m evalbot "$@"\n', encoding="utf-8")
    evalbot.chmod(0o755)
    return PERSON | {"PATH": f"{programs}{os.pathsep}{os.environ['PATH']}", "HOME": str(tmp_path), "LANG": "C.UTF-8"}


def test_the_quickstart_works_as_written(tmp_path: Path) -> None:
    environment, root = _environment(tmp_path), tmp_path / "repository"
    root.mkdir()
    for step in steps():
        if isinstance(step, File):
            path = root / step.path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(step.content, encoding="utf-8")
            continue
        done = subprocess.run(
            ["sh", "-e", "-c", "\n".join(step.lines)], cwd=root, env=environment, capture_output=True, text=True, check=False
        )
        output = f"{done.stdout}{done.stderr}"
        assert done.returncode == step.status, f"{step.lines}\n{output}"
        plain = output.replace("<code>", "`").replace("</code>", "`")
        for line in step.shown:
            assert line in plain, f"{step.lines} does not say {line!r}:\n{output}"


def test_the_quickstart_is_not_empty() -> None:
    found = steps()
    files = [step.path for step in found if isinstance(step, File)]
    assert files == [
        "prompts/support.md", "evals/support.jsonl", "evalbot.yml", ".gitignore", "prompts/support.md", "prompts/support.md", "evalbot.yml",
    ]  # fmt: skip
    checks = [step.status for step in found if isinstance(step, Commands) and step.lines[-1].startswith("evalbot check")]
    assert checks == [1, 0, 2]
