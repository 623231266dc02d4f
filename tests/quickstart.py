"""docs/quickstart.md as steps that can be taken: files to write, commands to run, and what the page says comes of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.pages import ROOT, Block, blocks
from tests.repository import Repo

PAGE = ROOT / "docs" / "quickstart.md"
_NAMED = re.compile(r"`([\w./-]*\.\w+)`[^`]*:$")
_STATUS = re.compile(r"\AExit status (\d+)")
_FENCE_AFTER = re.compile(r"\A```text\n(.*?)^```\n+", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class File:
    """A block below a line that ends with its path: write it."""

    path: str
    content: str


@dataclass(frozen=True)
class Commands:
    """A `bash` block: run its lines. `shown` are lines of output, `status` the exit status of the last line."""

    lines: tuple[str, ...]
    shown: tuple[str, ...]
    status: int


def steps() -> list[File | Commands]:
    """The page from top to bottom. `sh` blocks are for readers only: they need a network or a key."""
    found: list[File | Commands] = []
    for block in blocks(PAGE):
        path = _NAMED.search(block.before)
        if block.language == "bash":
            found.append(_commands(block))
        elif path:
            found.append(File(path[1], block.text))
    return found


def _commands(block: Block) -> Commands:
    shown = _FENCE_AFTER.match(block.after)
    rest = block.after[shown.end() :] if shown else block.after
    status = _STATUS.match(rest)
    return Commands(
        tuple(block.text.splitlines()), tuple(shown[1].splitlines()) if shown else (), int(status[1]) if status else 0
    )


def shortened_prompt(root: Path) -> Repo:
    """The page's repository after its step 4, committed: `main` with the good prompt, and a branch with the shortened one."""
    repo, worse = Repo(root), False
    for step in steps():
        if isinstance(step, File):
            worse = (root / step.path).exists()
            repo.write({step.path: step.content})
        if worse:
            break
        if isinstance(step, Commands) and any("git switch" in line for line in step.lines):
            repo.branch("shorter-prompt")
        elif isinstance(step, Commands) and any("git commit" in line for line in step.lines):
            repo.commit()
    repo.commit()
    return repo
