"""What the demo promises: by its own rules the example's prompt passes every row, and the planted one does not."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import cache
from statistics import mean
from typing import Any

import pytest
from scipy.stats import ttest_ind

from evalbot.adapters.datasets import read_datasets, warnings
from evalbot.adapters.providers.local import Local
from evalbot.adapters.strict_yaml import read_yaml
from evalbot.app.example import PLANTED, example_files
from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Message, Model, Reply, Request
from evalbot.domain.scores import Answered, Score
from evalbot.engine.exam import leakage
from evalbot.metrics import METRICS

FILES = example_files()
CONFIG: dict[str, Any] = read_yaml(FILES["evalbot.yml"], "evalbot.yml").value
PROMPT = CONFIG["suites"]["support"]["prompt"]


class InMemory:
    name = "work tree"

    def paths(self) -> list[str]:
        return list(FILES)

    def exists(self, path: str) -> bool:
        return path in FILES

    def read(self, path: str) -> bytes:
        return FILES[path]


EXAMPLES = read_datasets(InMemory(), CONFIG["suites"]["support"]["datasets"])


async def ask(model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None) -> Reply:
    provider, _, name = model.partition("/")
    assert provider == "local"
    local = Model(provider, name)
    return await Local(local).complete(Request(local, tuple(messages), schema), seconds=1.0)


ask.samples = lambda wanted: wanted  # type: ignore[attr-defined]  # there is time for all of them


def metric(name: str) -> Any:
    options = {
        key: tuple(value) if isinstance(value, list) else value for key, value in CONFIG["metrics"][name].items()
    }
    return METRICS.get(options.pop("type"))(**options)


async def measured(prompt: str, example: Example) -> tuple[str, dict[str, Score]]:
    question = Message("user", str(example.input["user_input"]))
    reply = await ask(CONFIG["suites"]["support"]["model"], [Message("system", FILES[prompt].decode()), question], None)
    answered = Answered(example, reply.text, reply.outcome)
    scores = {name: await metric(name).measure(answered, ask) for name in CONFIG["suites"]["support"]["metrics"]}
    return reply.text, scores


@cache
def scores(prompt: str, partition: Partition) -> dict[str, tuple[str, dict[str, Score]]]:
    return {
        example.id: asyncio.run(measured(prompt, example)) for example in EXAMPLES if example.partition is partition
    }


def failed(prompt: str, partition: Partition) -> list[str]:
    found = scores(prompt, partition)
    return [name for name, (_, by_metric) in found.items() if not all(score.passed for score in by_metric.values())]


def grades(prompt: str, partition: Partition) -> list[float]:
    values = [by_metric["judge"].value for _, by_metric in scores(prompt, partition).values()]
    return [value for value in values if value is not None]


def test_the_metrics_have_at_least_five_checks_and_no_problems() -> None:
    assert len(CONFIG["metrics"]["rules"]["checks"]) >= 5
    assert all(metric(name).problems() == [] for name in CONFIG["metrics"])
    assert all(metric("rules").example_problems(example) == [] for example in EXAMPLES)


@pytest.mark.parametrize("partition", [Partition.GOLDEN, Partition.REGRESSION, Partition.ADVERSARIAL])
def test_the_examples_prompt_passes_every_row(partition: Partition) -> None:
    assert scores(PROMPT, partition)
    assert failed(PROMPT, partition) == []


def test_the_planted_prompt_is_clearly_worse_on_the_regression_rows() -> None:
    base, head = grades(PROMPT, Partition.REGRESSION), grades(PLANTED, Partition.REGRESSION)
    assert (len(base), len(head)) == (40, 40)
    assert ttest_ind(base, head, equal_var=False).pvalue < 0.05
    assert mean(base) - mean(head) >= 0.3


def test_the_planted_prompt_breaks_golden_rows() -> None:
    assert failed(PLANTED, Partition.GOLDEN) == ["g-features-attachments", "g-billing-failed-payment", "g-cancel-data"]


def test_the_planted_prompt_promises_the_api_to_every_plan() -> None:
    assert (
        "API access is part of the Enterprise plan only" in scores(PROMPT, Partition.REGRESSION)["r-api-enterprise"][0]
    )
    assert "included in every paid plan" in scores(PLANTED, Partition.REGRESSION)["r-api-enterprise"][0]
    assert "r-api-enterprise" in failed(PLANTED, Partition.REGRESSION)


def test_no_row_stands_in_the_prompt() -> None:
    assert leakage(EXAMPLES, FILES[PROMPT].decode()) == ()


def test_the_only_warning_is_that_the_golden_set_is_small() -> None:
    assert warnings(EXAMPLES) == ("golden has 14 examples; 50 to 200 are advised.",)
