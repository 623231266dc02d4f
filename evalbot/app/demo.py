"""The main job on the embedded default: the example repository with a planted regression, no key and no network."""

from __future__ import annotations

import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

from evalbot.app.example import PLANTED, example_files
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from evalbot.domain.record import RunRecord

PROMPT = "prompts/support.md"


def demo(world: World) -> RunRecord:
    """Build the example as a git repository whose head carries the planted regression, and review it."""
    with TemporaryDirectory(prefix="evalbot-demo-") as folder:
        root = Path(folder)
        _build(root)
        return review(root, CheckOptions(base="main", head="shorter-prompt"), world)


def _build(root: Path) -> None:
    files = example_files()
    planted = files.pop(PLANTED)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    _git(root, "init", "--quiet", "--initial-branch=main")
    _commit(root, "The support assistant and its examples")
    _git(root, "switch", "--quiet", "--create", "shorter-prompt")
    (root / PROMPT).write_bytes(planted)
    _commit(root, "Shorten the prompt")


def _commit(root: Path, message: str) -> None:
    _git(root, "add", "--all")
    _git(root, "commit", "--quiet", "--message", message)


def _git(root: Path, *arguments: str) -> None:
    """Git that heeds nobody's configuration: the demo is the same everywhere."""
    identity = ["-c", "user.name=evalbot demo", "-c", "user.email=demo@example.invalid", "-c", "commit.gpgsign=false"]
    subprocess.run(  # noqa: S603 - fixed arguments, no shell
        ["git", *identity, *arguments], cwd=root, check=True, capture_output=True,  # noqa: S607 - git is found on PATH
        env={"PATH": _path(), "HOME": str(root), "GIT_CONFIG_NOSYSTEM": "1"},
    )  # fmt: skip


def _path() -> str:
    import os

    return os.environ.get("PATH", os.defpath)
