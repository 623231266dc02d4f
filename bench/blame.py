"""How often the blame is right: seeded pull requests of four hunks, one of them guilty, on the example repository.

    python -m bench.blame [--pulls 30] [--seed 1]

Each pull request rewrites four facts of the support prompt, in a bullet each. Three rewrites keep every fact (one adds a polite
phrase, one turns the sentence round, one adds a sentence that no example asks about); one blurs a fact that examples ask about. The
`local` provider answers, so a run costs nothing and repeats exactly. A pull request counts where the guilty hunk is named first
with at least half of the blame; one on which nothing got worse is drawn again.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from evalbot.app.example import PLANTED, example_files
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from evalbot.domain.hunks import Suspect

PROMPT = "prompts/support.md"
CLEAR = 0.5


def polite(bullet: str) -> str:
    return bullet.rstrip(".") + ", as always."


def extended(bullet: str) -> str:
    return bullet + " Our team is happy to explain the details."


def marked(bullet: str) -> str:
    return bullet.replace("- ", "- Note: ", 1)


def blurred(bullet: str) -> str:
    """Without its numbers and names: the first four words stay, the fact is gone."""
    return " ".join(bullet.split()[:5]) + " depends on your contract."


HARMLESS: tuple[Callable[[str], str], ...] = (polite, extended, marked)


@dataclass(frozen=True)
class Drawn:
    """A pull request's text, and the line (from 1) that is guilty."""

    text: str
    guilty: int


def drawn(base: str, rng: random.Random) -> Drawn:
    """Four bullets that do not touch each other, one of them blurred."""
    lines = base.splitlines()
    bullets = [number for number, line in enumerate(lines) if line.startswith("- ") and not re.search(r"\bsay\b|End every", line)]
    while True:
        chosen = sorted(rng.sample(bullets, 4))
        if all(later - earlier > 1 for earlier, later in pairwise(chosen)):
            break
    guilty = rng.choice(chosen)
    rewrites = iter(rng.sample(HARMLESS, 3))
    for number in chosen:
        lines[number] = blurred(lines[number]) if number == guilty else next(rewrites)(lines[number])
    return Drawn("\n".join(lines) + "\n", guilty + 1)


def _repository(root: Path, text: str) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=b", "-c", "user.email=b@example.invalid", *arguments], cwd=root, check=True, capture_output=True)

    for name, content in example_files().items():
        if name != PLANTED:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    git("init", "--quiet", "--initial-branch=main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "base")
    (root / PROMPT).write_text(text)
    git("commit", "--quiet", "--all", "--message", "head")


def _suspects(pull: Drawn, *, by_hunk: bool) -> tuple[Suspect, ...]:
    with TemporaryDirectory(prefix="bench-blame-") as folder:
        root = Path(folder)
        _repository(root, pull.text)
        options = CheckOptions("HEAD~1", "HEAD", by_hunk=by_hunk)
        return review(root, options, World.real(dict(os.environ), root / "evalbot-report", quiet=True)).suspects


def right(pull: Drawn, found: tuple[Suspect, ...]) -> bool:
    """Whether the guilty hunk is named, and no other."""
    first = found[0]
    return first.share >= CLEAR and first.hunk.lines == (pull.guilty, pull.guilty)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--pulls", type=int, default=30)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    rng = random.Random(asked.seed)
    base = example_files()[PROMPT].decode()
    by_words = by_replay = counted = redrawn = 0
    while counted < asked.pulls:
        pull = drawn(base, rng)
        found = _suspects(pull, by_hunk=False)
        if not found:
            redrawn += 1
            continue
        counted += 1
        by_words += right(pull, found)
        by_replay += right(pull, _suspects(pull, by_hunk=True))
    rows = [["from words alone", by_words, counted, f"{by_words / counted:.0%}"], ["evalbot check --by-hunk", by_replay, counted, f"{by_replay / counted:.0%}"]]
    print(tabulate(rows, headers=["blame", "right", "pull requests", "share"], tablefmt="github"))
    print(f"\nDrawn again because nothing got worse: {redrawn}. Seed {asked.seed}.")


if __name__ == "__main__":
    main()
