"""A repository, a model server and one call that runs the whole check on them, as a user's command would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from evalbot.app.publish import publish
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from evalbot.domain.record import RunRecord
from tests.loopback import Call, LoopbackModels, verdict
from tests.repository import Repo

GOLDEN = 12
REGRESSION = 40
CONFIG = """\
version: 1
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/*.jsonl
    judge: anthropic/claude-sonnet-5
"""
PROMPT = "You are the support assistant. quality={quality}\n"


def a_row(name: str, partition: str, **more: object) -> dict[str, object]:
    row: dict[str, object] = {"id": name, "partition": partition, "input": {"user_input": f"Question {name}?"}}
    if partition == "golden":
        row["reviewers"] = ["ada", "bob"]
    if partition == "regression":
        row["source"] = {"root_cause": "it was wrong once"}
    return row | more


def lines(rows: list[dict[str, object]]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def golden(count: int = GOLDEN) -> list[dict[str, object]]:
    return [a_row(f"g-{number:02}", "golden") for number in range(count)]


def regression(count: int = REGRESSION) -> list[dict[str, object]]:
    return [a_row(f"r-{number:02}", "regression") for number in range(count)]


def files(**changed: str | None) -> dict[str, str | None]:
    """The repository's files; a keyword replaces one: `config`, `prompt`, `golden`, `regression`."""
    named = {
        "config": ("evalbot.yml", CONFIG),
        "prompt": ("prompts/support.md", PROMPT.format(quality="good")),
        "golden": ("evals/golden.jsonl", lines(golden())),
        "regression": ("evals/regression.jsonl", lines(regression())),
    }
    return {path: changed.get(name, default) for name, (path, default) in named.items() if changed.get(name, default) is not None}


def few(**changed: str | None) -> dict[str, str | None]:
    """The files of a repository with six examples; keywords as of `files`."""
    return files(**({"golden": lines(golden(3)), "regression": lines(regression(3))} | changed))


@dataclass
class Result:
    """What a run left behind."""

    record: RunRecord
    folder: Path
    server: LoopbackModels

    @property
    def verdict(self) -> str:
        return str(self.record.decision.verdict)

    @property
    def exit_code(self) -> int:
        return self.record.decision.verdict.exit_code

    @property
    def summary(self) -> Any:
        return json.loads((self.folder / "summary.json").read_text())

    @property
    def comment(self) -> str:
        return (self.folder / "comment.md").read_text()

    @property
    def rows(self) -> list[Any]:
        path = self.folder / "results.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def findings(self) -> dict[str, list[str]]:
        """Rule → levels."""
        found: dict[str, list[str]] = {}
        for finding in self.summary["findings"]:
            found.setdefault(finding["rule"], []).append(finding["level"])
        return found

    def comparison(self, partition: str = "regression") -> Any:
        return next(row for row in self.summary["comparisons"] if row["partition"] == partition)


Script = Callable[[Call], Any]


@dataclass
class House:
    """A repository whose `main` holds the files; `head` commits a change on a branch and `check` compares."""

    root: Path
    start: Mapping[str, str | None] = field(default_factory=files)

    def __post_init__(self) -> None:
        self.repo = Repo(self.root / "repository")
        self.repo.write(dict(self.start)).commit("base")
        self.repo.branch("change")

    def head(self, changes: Mapping[str, str | None]) -> House:
        self.repo.write(dict(changes)).commit("head")
        return self

    def on_main(self, changes: Mapping[str, str | None]) -> House:
        """Main moves on after the branch was cut."""
        self.repo.switch("main").write(dict(changes)).commit("main moves on")
        self.repo.switch("change")
        return self

    def check(self, script: Script | None = None, *, env: Mapping[str, str] | None = None, clock: Callable[[], float] | None = None, **options: Any) -> Result:
        with LoopbackModels(script or by_quality()) as server:
            environment = server.env() if env is None else dict(env)
            folder = self.root / "report"
            world = World.real(environment, folder, quiet=True)
            world = world if clock is None else replace(world, clock=clock)
            chosen = {"base": "main", "head": "change"} | options
            record = review(self.repo.root, CheckOptions(**chosen), world)
            publish(record, folder, world.redact)
            return Result(record, folder, server)


def by_quality(scores: Mapping[str, Callable[[int], int]] | None = None) -> Script:
    """Answers name the prompt's quality and the question; the judge scores by that quality and the question's number."""
    rules = scores or {"good": lambda n: 5 if n % 3 else 4, "bad": lambda n: 5 if n % 4 else 1, "same": lambda n: 5 if n % 3 else 4}

    def answer(call: Call) -> Any:
        if call.schema is None:
            quality = call.system.split("quality=")[1].split()[0] if "quality=" in call.system else "good"
            return f"answer of quality={quality} to {call.user}"
        quality = call.text.split("answer of quality=")[1].split()[0]
        number = int(call.text.split("answer of quality=")[1].split("-")[1][:2])
        return verdict(call, score=rules[quality](number))

    return answer
