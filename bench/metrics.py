"""Every metric that asks no model, on ten thousand answers: CPU seconds on one core.

    python -m bench.metrics [--n 10000]

Run from the repository's root. Exit status 1 where a metric left an answer without a score.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalbot.domain.examples import Example, Partition
from evalbot.domain.models import Reply
from evalbot.domain.ports import Metric
from evalbot.domain.scores import Answered, ScoreStatus
from evalbot.metrics import METRICS

WORDS = [
    "refund", "order", "five", "days", "parcel", "the", "a", "is", "returned", "card", "within", "free", "of", "charge", "please", "ask",
    "account", "settings", "price", "naïve", "café", "don't", "4.90", "2026", "over", "open", "closed", "customer", "help", "and",
]  # fmt: skip
SCHEMA = {
    "type": "object", "required": ["text", "days"], "additionalProperties": False,
    "properties": {"text": {"type": "string", "minLength": 1}, "days": {"type": "integer", "minimum": 0}},
}  # fmt: skip
CHECKS = (
    {"name": "length", "words": {"min": 5, "max": 200}},
    {"name": "no_rivals", "not_contains_any": ["RivalA", "RivalB"], "ignore_case": True},
    {"name": "no_price_promise", "not_regex": r"(?:only|just) \d+ (?:euros|dollars)"},
    {"name": "says_when", "contains_any": ["days", "hours", "weeks"]},
)
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "checks": {"checks": CHECKS}, "json_schema": {"schema": SCHEMA}, "length": {"min": 5, "max": 200}, "latency": {"max_ms": 900},
    "cost": {"max_usd": 0.01},
}  # fmt: skip


def answers(n: int) -> list[Answered]:
    """Answers of about 80 words, of which a third are the expected ones with a few words changed."""
    luck = random.Random(7)
    found = []
    for number in range(n):
        expected = " ".join(luck.choices(WORDS, k=80))
        said = " ".join(word if luck.random() > 0.1 else luck.choice(WORDS) for word in expected.split()) if number % 3 else expected
        call = {"name": "refund", "arguments": {"order": f"A{number}", "days": 5}}
        example = Example(
            f"e-{number}", Partition.GOLDEN, {"user_input": "How long do refunds take?"}, expected_output=expected,
            references=(json.dumps({"tool_calls": [call]}), " ".join(luck.choices(WORDS, k=60))),
        )  # fmt: skip
        found.append(Answered(example, said, latency_ms=300.0 + number % 700, cost_usd=0.002, tool_calls=(call,)))
    return found


def as_json(answer: Answered) -> Answered:
    """The same answer as the JSON that the schema asks for."""
    return replace(answer, output=json.dumps({"text": answer.output, "days": 5}))


async def nobody(*_: object) -> Reply:
    raise AssertionError("a deterministic metric asks no model")


def deterministic() -> dict[str, Metric]:
    """Every built-in metric that asks no model."""
    found = {}
    for name in METRICS.names():
        part = METRICS.get(name)
        try:
            metric = part(**OPTIONS.get(name, {}))  # type: ignore[call-arg]
        except TypeError:
            continue  # it needs a model
        if not metric.models and metric.scale is not None:
            found[name] = metric
    return found


def measured(metric: Metric, answered: Sequence[Answered]) -> tuple[float, int]:
    """CPU seconds, and how many answers got a score."""

    async def run() -> int:
        return sum([(await metric.measure(answer, nobody)).status is ScoreStatus.SCORED for answer in answered])  # type: ignore[arg-type]

    started = time.process_time()
    scored = asyncio.run(run())
    return time.process_time() - started, scored


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--n", type=int, default=10_000, help="answers")
    n = parser.parse_args(arguments).n
    prose = answers(n)
    structured = [as_json(answer) for answer in prose]
    print(f"{n:,} answers of about 80 words, one core\n\n| metric | CPU s | µs an answer | scored |\n|---|---|---|---|")
    total, complete = 0.0, True
    for name, metric in deterministic().items():
        seconds, scored = measured(metric, structured if name == "json_schema" else prose)
        total, complete = total + seconds, complete and scored == n
        print(f"| {name} | {seconds:.2f} | {seconds / n * 1e6:.0f} | {scored:,} |")
    print(f"| **all** | **{total:.2f}** | {total / n * 1e6:.0f} | |")
    sys.exit(0 if complete else 1)


if __name__ == "__main__":
    main()
