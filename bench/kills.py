"""`evalbot check` killed at random moments and run again: what was paid for twice, what was lost, and whether the end is the same.

    python -m bench.kills [--kills 25] [--n 100] [--latency-ms 20] [--in-flight 20]

Run from the repository's root. Each round is one SIGKILL while calls are in flight and one run to the end, with report folder and
cache as the killed process left them. Exit status 1 where an answer is lost, more calls are repeated than may be in flight, or
the summary is not that of its rows, or not that of a run that nobody killed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import workload
from bench.check import _check, _table
from bench.measure import ROOT, ModelServer, measured, model_server


@dataclass(frozen=True)
class Round:
    """One kill. `answered` calls had their answer when it came; `repeated` were asked twice in all."""

    answered: int
    repeated: int
    missing: int
    honest: bool
    same: bool


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    dice, planned = random.Random(options.seed), 4 * options.n
    with tempfile.TemporaryDirectory(prefix="evalbot-bench-") as name, model_server(400) as server:
        folder = Path(name) / "repository"
        folder.mkdir()
        workload.build(folder, options.n, options.in_flight)
        calm = _finished(folder, server, options.latency_ms)
        rounds = [_round(folder, server, options.latency_ms, dice.uniform(0.02, 0.98), planned, calm) for _ in range(options.kills)]
    print(f"{options.kills} kills of {planned:,} calls, {options.latency_ms:g} ms each, {options.in_flight} in flight\n")
    most, all_ = max(one.repeated for one in rounds), sum(one.repeated for one in rounds)
    rows = [
        ["answered at the kill", f"{min(one.answered for one in rounds)} to {max(one.answered for one in rounds)} of {planned}"],
        ["paid answers lost (asked again beyond those in flight)", str(sum(max(0, one.repeated - options.in_flight) for one in rounds))],
        ["calls repeated a kill, most and mean", f"{most} and {all_ / len(rounds):.1f}"],
        ["calls missing in the end", str(sum(one.missing for one in rounds))],
        ["summaries that are not those of their rows", str(sum(not one.honest for one in rounds))],
        ["verdicts or comparisons that a calm run does not have", str(sum(not one.same for one in rounds))],
    ]
    print(_table(["", ""], rows))
    if most > options.in_flight or any(one.missing or not one.honest or not one.same for one in rounds):
        raise SystemExit(1)


def _round(folder: Path, server: ModelServer, latency_ms: float, part: float, planned: int, calm: dict[str, Any]) -> Round:
    _forget(folder)
    server.reset(latency_ms)
    child = subprocess.Popen(
        _check(folder, workload.CHANGE), cwd=ROOT, env={"PATH": os.environ["PATH"], **server.environment},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while _calls(server) < part * planned and child.poll() is None:
        time.sleep(0.005)
    child.send_signal(signal.SIGKILL)
    if child.wait() != -signal.SIGKILL:
        raise SystemExit("the run ended before it was killed: take a longer latency")
    answered = _calls(server) - int(server.counts()["in_flight"])
    time.sleep(2 * latency_ms / 1000)
    measured(_check(folder, workload.CHANGE), server.environment)
    counts = server.counts()
    summary = _summary(folder)
    return Round(
        answered, _calls(server) - int(counts["distinct"]), planned - int(counts["distinct"]), _honest(folder, summary),
        _facts(summary) == _facts(calm),
    )  # fmt: skip


def _finished(folder: Path, server: ModelServer, latency_ms: float) -> dict[str, Any]:
    _forget(folder)
    server.reset(latency_ms)
    measured(_check(folder, workload.CHANGE), server.environment)
    return _summary(folder)


def _honest(folder: Path, summary: dict[str, Any]) -> bool:
    """Whether the counts of the summary are those of the rows, each of which stands there once."""
    rows = [json.loads(line) for line in (folder / "evalbot-report/results.jsonl").read_text(encoding="utf-8").splitlines()]
    once = Counter((row["side"], row["example"]) for row in rows)
    counted = Counter((row["partition"], row["side"], row["passed"]) for row in rows)
    return max(once.values()) == 1 and summary["coverage"]["scored"] == len(rows) and all(
        (part["passed"], part["failed"]) == tuple(counted[part["partition"], part["side"], passed] for passed in (True, False))
        for part in summary["partitions"]
    )  # fmt: skip


def _facts(summary: dict[str, Any]) -> list[Any]:
    return [summary[name] for name in ("verdict", "comparisons", "golden", "findings", "coverage")]


def _summary(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / "evalbot-report/summary.json").read_text(encoding="utf-8"))
    return found


def _calls(server: ModelServer) -> int:
    counts = server.counts()
    return int(counts["answers"] + counts["gradings"])


def _forget(folder: Path) -> None:
    for kept in ("evalbot-report", ".evalbot-cache"):
        shutil.rmtree(folder / kept, ignore_errors=True)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.kills", description="evalbot check killed at random moments.")
    parser.add_argument("--kills", type=int, default=25, help="rounds (default 25)")
    parser.add_argument("--n", type=int, default=100, help="examples (default 100)")
    parser.add_argument("--latency-ms", type=float, default=20.0, help="of every call (default 20)")
    parser.add_argument("--in-flight", type=int, default=20, help="calls at once (default 20)")
    parser.add_argument("--seed", type=int, default=1, help="of the moments (default 1)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
