"""The pull request that all cases share: few examples, a head that is as good as its base or is known to be worse, and models that say so."""

from __future__ import annotations

import atexit
import re
import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from tests.app.checking import PROMPT, House, a_row, lines
from tests.loopback import Call, verdict
from tests.repository import Repo

IN_FLIGHT = 4
ROWS = {"golden": 3, "regression": 6, "adversarial": 6, "distribution": 6}
"""Examples a partition. Of six on two sides one that is missing is below every reading of 95 % coverage."""
LETTERS = {name[0]: name for name in ROWS}
CONFIG = """\
version: 1
metrics:
  quality: {{type: judge, model: anthropic/claude-sonnet-5}}
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-5-mini
    dataset: evals/*.jsonl
    metrics: [{metrics}]
    gates: {{scores: {{metric: quality, min_examples: 6}}}}
run: {{concurrency: {in_flight}, partitions: [golden, {partition}]}}
"""
MORE = {  # boundary → a metric beside `quality`, and what of the configuration is replaced by what
    "embedding": ("similar", {"metrics:\n": "metrics:\n  similar: {type: semantic_similarity, model: openai/text-embedding-3-small, threshold: 0.1}\n"}),
    "pair": ("duel", {"metrics:\n": "metrics:\n  duel: {type: pairwise, model: anthropic/claude-sonnet-5, criteria: [more helpful]}\n"}),
    "juror": ("", {"model: anthropic/claude-sonnet-5": "jury: [anthropic/claude-sonnet-5, openai/gpt-5.4-mini]"}),
    "responses": ("", {"openai/gpt-5-mini": "app", "suites:": "models:\n  app: {provider: openai, model: gpt-5-mini, api: responses}\nsuites:"}),
}
SAID = re.compile(r"answer of quality=(\w+) to Question ([grad])-(\d\d)\? \(take (\d+)\)")


@dataclass(frozen=True)
class Place:
    """Where a call stands in the run. `take` counts the answers to one request from 1; the second is a confirmation."""

    boundary: str
    side: str
    partition: str
    row: int
    take: int


def row_at(partition: str, phase: str) -> int:
    """The row that a phase is about: the first, the last, else the one in the middle."""
    count = ROWS.get(partition, 1)
    return {"first": 0, "last": count - 1}.get(phase, count // 2)


@cache
def template(partition: str, boundary: str) -> Path:
    """A repository whose branches `same` and `worse` have changed the prompt; made once a process, to be copied."""
    root = Path(mkdtemp(prefix="evalbot-matrix-"))
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    metric, changes = MORE.get(boundary, ("", {}))
    metrics = f"quality, {metric}" if metric else "quality"
    config = CONFIG.format(metrics=metrics, partition=partition, in_flight=1 if boundary == "embedding" else IN_FLIGHT)
    for old, new in changes.items():
        config = config.replace(old, new, 1)
    parts = {part: [a_row(f"{part[0]}-{n:02}", part, expected_output=f"An answer to Question {part[0]}-{n:02}?") for n in range(ROWS[part])] for part in ("golden", partition)}
    files = {f"evals/{part}.jsonl": lines(rows) for part, rows in parts.items()}
    house = House(root, {"evalbot.yml": config, "prompts/support.md": PROMPT.format(quality="good"), **files})
    for name in ("same", "worse"):
        house.repo.git("checkout", "--quiet", "-B", name, "main")
        house.repo.write({"prompts/support.md": PROMPT.format(quality=name)}).commit(name)
    return house.repo.root


def copied(folder: Path, partition: str, *, planted: bool, boundary: str = "") -> Repo:
    """A copy of the template in a folder, with what a boundary needs; its branch `change` is the head."""
    shutil.copytree(template(partition, boundary if boundary in MORE else ""), folder)
    repo = Repo(folder)
    repo.git("checkout", "--quiet", "-B", "change", "worse" if planted else "same")
    return repo


class Models:
    """What the models say without a fault, by the content of a call, and how often each call was answered well.

    Args:
        bad: Rows (partition, number) whose answers of head `worse` are graded 2; all others get 4 or 5.
        wavers: A row whose first answer of head is graded 2 and all others well.
        strike: What is done to a call instead; None lets it be answered.
        refused: Rows whose fault is an answer of the model, which may have to be confirmed.
    """

    def __init__(
        self, bad: frozenset[tuple[str, int]], wavers: tuple[str, int] | None = None,
        strike: Callable[[Call, Place], Any] = lambda call, place: None, refused: frozenset[tuple[str, int]] = frozenset(),
    ) -> None:  # fmt: skip
        self.bad, self.wavers, self.strike, self.refused = bad, wavers, strike, refused
        self.answered: Counter[bytes] = Counter()
        self.asked: list[Place] = []
        self.places: dict[bytes, Place] = {}
        self.heard: set[tuple[str, str, str, int]] = set()

    def __call__(self, call: Call) -> Any:
        place = self.place(call)
        self.asked.append(place)
        self.places[call.raw] = place
        struck = self.strike(call, place)
        if struck is not None:
            return struck
        self.answered[call.raw] += 1
        self.heard.add(("answer" if place.boundary == "responses" else place.boundary, place.side, place.partition, place.row))
        if place.boundary == "pair":
            return verdict(call)
        if call.wire == "embeddings":
            return ""
        return self.say(place) if call.schema is None else verdict(call, score=self.grade(call, place))

    def complete(self, boundary: str, partition: str) -> bool:
        """Whether every row of both sides was answered and graded, at a boundary and those before it."""
        boundaries = ("answer", "judge", *([boundary] if boundary in ("embedding", "juror") else []))
        wanted = {(at, side, part, row) for at in boundaries for side in ("base", "head") for part in ("golden", partition) for row in range(ROWS[part])}
        return wanted <= self.heard

    def place(self, call: Call) -> Place:
        """Where a call stands."""
        if call.schema is None and call.wire != "embeddings":
            quality = call.system.split("quality=")[1].split()[0]
            found = re.search(r"Question ([grad])-(\d\d)\?", call.user)
            assert found, call.user
            at = "responses" if call.wire == "responses" else "answer"
            return Place(at, side_of(quality), LETTERS[found[1]], int(found[2]), self.answered[call.raw] + 1)
        boundary = ("judge" if call.wire == "anthropic" else "juror") if call.schema is not None else "embedding"
        text = call.text if call.schema is not None else "\n".join(call.body["input"])
        if len(set(SAID.findall(text))) == 2:
            boundary = "pair"
        said = SAID.search(text)
        if said:
            return Place(boundary, side_of(said[1]), LETTERS[said[2]], int(said[3]), int(said[4]))
        found = re.search(r"Question ([grad])-(\d\d)\?", text)
        return Place(boundary, "-", LETTERS[found[1]] if found else "-", int(found[2]) if found else -1, 1)

    def say(self, place: Place) -> str:
        """A model's answer."""
        quality = "good" if place.side == "base" else "head"
        return f"answer of quality={quality} to Question {place.partition[0]}-{place.row:02}? (take {place.take})"

    def grade(self, call: Call, place: Place) -> int:
        """A judge's grade; what is no answer of the model under test is worth least."""
        at = place.partition, place.row
        if place.side == "-":
            return 1
        poor = place.side == "head" and (at in self.bad or (at == self.wavers and place.take == 1))
        return 2 if poor else 5 if place.row % 3 else 4


def side_of(quality: str) -> str:
    return "base" if quality == "good" else "head"
