"""The same work done by promptfoo and inspect-ai, where they are installed: no part of the project, and nothing it depends on.

    EVALBOT_BENCH_NODE=/path/to/node EVALBOT_BENCH_PROMPTFOO=/path/to/promptfoo/dist/src/main.js   # npm install promptfoo
    EVALBOT_BENCH_INSPECT=/path/to/venv/bin/python                                                 # pip install inspect-ai openai
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.measure import ROOT, Cost, ModelServer, measured

_PROMPT = "You are the support assistant of a shop. Answer in at most three sentences.{more}\n\nQuestion: {{{{question}}}}\n"
_RUBRIC = "The answer answers the question and agrees with this reference: {{expected}}"


_WHERE = {"promptfoo": "EVALBOT_BENCH_PROMPTFOO", "inspect-ai": "EVALBOT_BENCH_INSPECT"}


def missing() -> list[str]:
    """A line for each peer that is not installed here."""
    return [f"{name}: not measured ({variable} is not set; see bench/peers.py)" for name, variable in _WHERE.items() if variable not in os.environ]


def slopes(few: int, many: int, in_flight: int, server: ModelServer) -> Iterator[tuple[str, Cost, Cost]]:
    """Each peer that is there, with what few and many examples took it without latency.

    Raises:
        SystemExit: A peer made another number of calls than 4 × the examples.
    """
    for name, variable in _WHERE.items():
        if variable in os.environ:
            yield name, _run(name, few, in_flight, server), _run(name, many, in_flight, server)


def _run(name: str, examples: int, in_flight: int, server: ModelServer) -> Cost:
    with tempfile.TemporaryDirectory(prefix="evalbot-peer-") as folder:
        work, url = Path(folder), server.environment["OPENAI_BASE_URL"]
        _build(work, examples, url)
        command, environment = _promptfoo(work, in_flight) if name == "promptfoo" else _inspect(work, in_flight, url)
        server.reset(0)
        cost = measured(command, environment, server, fails=(0, 100))  # 100: promptfoo, some test failed
        if cost.calls != 4 * examples:
            raise SystemExit(f"{name} made {cost.calls} calls instead of {4 * examples}")
        return cost


def _promptfoo(work: Path, in_flight: int) -> tuple[list[str], dict[str, str]]:
    command = [
        os.environ.get("EVALBOT_BENCH_NODE", "node"), os.environ[_WHERE["promptfoo"]], "eval", "-c", str(work / "promptfooconfig.json"),
        "--max-concurrency", str(in_flight), "--no-cache", "--no-progress-bar", "--no-table", "--no-share", "-o", str(work / "out.json"),
    ]  # fmt: skip
    quiet = ("PROMPTFOO_DISABLE_TELEMETRY", "PROMPTFOO_DISABLE_UPDATE", "PROMPTFOO_SELF_HOSTED", "PROMPTFOO_DISABLE_SHARING", "CI")
    return command, dict.fromkeys(quiet, "1") | {"PROMPTFOO_CONFIG_DIR": str(work / "home")}


def _inspect(work: Path, in_flight: int, url: str) -> tuple[list[str], dict[str, str]]:
    command = [os.environ[_WHERE["inspect-ai"]], str(ROOT / "bench" / "inspect_task.py"), str(work), str(in_flight)]
    return command, {"BENCH_API_KEY": "x", "BENCH_BASE_URL": url}


def _build(work: Path, examples: int, url: str) -> None:
    for side, more in (("base", ""), ("head", " Be friendly.")):
        (work / f"{side}.txt").write_text(_PROMPT.format(more=more))
    rows = (
        {"vars": {
            "question": f"Order {n:05} was paid twice and the receipt shows only one payment. How do I get the other one?",
            "expected": f"Under Billing, Invoices, every payment of order {n:05} has its own receipt.",
        }}
        for n in range(examples)
    )  # fmt: skip
    (work / "tests.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    model, judge = (
        {"id": f"openai:chat:{name}", "config": {"apiBaseUrl": url, "apiKey": "x"}}
        for name in ("bench-model", "bench-judge")
    )
    config = {
        "prompts": [f"file://{work}/base.txt", f"file://{work}/head.txt"], "providers": [model], "tests": f"file://{work}/tests.jsonl",
        "defaultTest": {"options": {"provider": judge}, "assert": [{"type": "llm-rubric", "value": _RUBRIC}]},
    }  # fmt: skip
    (work / "promptfooconfig.json").write_text(json.dumps(config))
