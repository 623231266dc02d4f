"""The work: a git repository whose `change` branch changes one prompt, and N examples with a check and a judge."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

BASE, CHANGE, ELSEWHERE = "main", "change", "elsewhere"
"""Branches: base, a changed prompt, and a change that touches no prompt."""

_CONFIG = """\
version: 1
metrics:
  rules:
    type: checks
    checks:
      - {{name: length, words: {{min: 3, max: 2000}}}}
      - {{name: no_leftovers, not_contains_any: ["{{{{", TODO]}}
  quality:
    type: judge
    model: openai/gpt-5
    task: Support assistant of a shop
    criteria: [answers the question, agrees with the reference]
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/support.jsonl
    metrics: [rules, quality]
run: {{concurrency: {in_flight}, budget_usd: 1000}}
"""

_PROMPT = """\
You are the support assistant of a shop. Answer in at most three sentences, in the language of the question, and only
from what you know about orders, invoices and refunds.{more}

Question: {{{{ user_input }}}}
"""


def build(folder: Path, examples: int, in_flight: int) -> None:
    """Write the repository into a new folder; `change` leads to 4 × `examples` calls, `elsewhere` to none."""
    start(folder)
    write(folder / "evalbot.yml", _CONFIG.format(in_flight=in_flight))
    write(folder / "prompts" / "support.md", _PROMPT.format(more=""))
    write(folder / "evals" / "support.jsonl", "".join(_row(n, examples) for n in range(examples)))
    commit(folder, "base")
    branch(folder, ELSEWHERE)
    write(folder / "README.md", "Nothing that a model is asked.\n")
    commit(folder, "a change elsewhere")
    branch(folder, CHANGE, BASE)
    write(folder / "prompts" / "support.md", _PROMPT.format(more=" Be friendly."))
    commit(folder, "a changed prompt")


def _row(n: int, examples: int) -> str:
    golden = n < min(50, (examples + 1) // 2)
    row = {
        "id": f"{'g' if golden else 'r'}-{n:05}",
        "partition": "golden" if golden else "regression",
        "input": {"user_input": f"Order {n:05} was paid twice and the receipt shows only one payment. How do I get the other one?"},
        "expected_output": "Under Billing, Invoices, every payment has its own receipt, which can be sent again by email.",
    }  # fmt: skip
    if not golden:
        row["source"] = {"root_cause": "the assistant sent people to the wrong menu"}
    return json.dumps(row) + "\n"


def start(folder: Path) -> None:
    """An empty repository on `main`."""
    _git(folder, "init", "--quiet", f"--initial-branch={BASE}")


def branch(folder: Path, name: str, at: str = "HEAD") -> None:
    """Go on on a new branch."""
    _git(folder, "checkout", "--quiet", "-b", name, at)


def write(path: Path, text: str) -> None:
    """A file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def commit(folder: Path, title: str, *settings: str) -> None:
    """Everything that there is."""
    _git(folder, *settings, "add", "--all")
    _git(folder, "commit", "--quiet", "-m", title)


def _git(folder: Path, *arguments: str) -> None:
    settings = ["-c", "user.name=bench", "-c", "user.email=bench@example.com", "-c", "commit.gpgSign=false"]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", *settings, *arguments], cwd=folder, env=clean, check=True)
