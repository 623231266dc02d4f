"""`evalbot check` beside the bare SDK loop on the same calls, and what evalbot costs where no model is called.

    python -m bench.check [--n 1000] [--latency-ms 50] [--in-flight 20] [--runs 1]      # --help says what else

Run from the repository's root. Every ratio is of runs that followed each other; of several runs the one that took the
least CPU counts. Exit status 1 where anything but 4 × N calls was made.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import peers, workload
from bench.measure import ROOT, Cost, ModelServer, measured, model_server

EVALBOT = (sys.executable, "-m", "evalbot")
_CACHE_ALONE = "evalbot check, the same again without its report folder"


@dataclass(frozen=True)
class Pair:
    """The bare loop and evalbot on the same calls."""

    examples: int
    latency_ms: float
    bare: Cost
    evalbot: Cost


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    subprocess.run([sys.executable, "-m", "compileall", "-q", "evalbot"], cwd=ROOT, check=True)  # or the first run pays
    with tempfile.TemporaryDirectory(prefix="evalbot-bench-") as name, model_server(options.answer_chars) as server:
        folder = Path(name)
        pair = compared(folder / "main", options.n, options.latency_ms, options.in_flight, options.runs, server)
        print(f"{options.n:,} examples × 2 sides × (answer + grading) = {pair.evalbot.calls:,} calls, "
              f"{options.latency_ms:g} ms each, {options.in_flight} in flight\n")  # fmt: skip
        print(_table(*calls_table(pair, options.in_flight)))
        if not options.no_slope:
            small = compared(folder / "small", max(1, options.n // 5), 0, options.in_flight, options.runs, server)
            large = compared(folder / "large", options.n, 0, options.in_flight, options.runs, server)
            print(f"\nPer call, as the slope from {small.examples:,} to {large.examples:,} examples without latency "
                  "(start-up removed)\n")  # fmt: skip
            others = list(peers.slopes(small.examples, large.examples, options.in_flight, server)) if options.peers else []
            print(_table(*slope_table(small, large, others)))
            print("".join(f"\n{line}" for line in peers.missing()) if options.peers else "", end="")
        print(f"\nWhere nothing is left to ask a model (least of {options.start_runs} runs)\n")
        print(_table(*start_table(folder / "main", options.start_runs, server)))


def compared(folder: Path, examples: int, latency_ms: float, in_flight: int, runs: int, server: ModelServer) -> Pair:
    """Evalbot and the bare loop, alternating `runs` times."""
    folder.mkdir()
    workload.build(folder, examples, in_flight)
    bodies = folder.with_suffix(".bodies.jsonl")
    check = _check(folder, workload.CHANGE)
    floor = (sys.executable, "-m", "bench.floor", str(bodies), "--in-flight", str(in_flight))
    bare, evalbot = [], []
    for _ in range(runs):
        for kept in ("evalbot-report", ".evalbot-cache"):  # or the next run has its answers already
            shutil.rmtree(folder / kept, ignore_errors=True)
        evalbot.append(_called(check, latency_ms, 4 * examples, server))
        server.save_bodies(bodies)
        bare.append(_called(floor, latency_ms, 4 * examples, server))
    return Pair(examples, latency_ms, min(bare, key=_cpu), min(evalbot, key=_cpu))


def calls_table(pair: Pair, in_flight: int) -> tuple[list[str], list[list[str]]]:
    """Headers and rows: the ideal, both runs, and evalbot compared with the bare loop."""
    ideal = 4 * pair.examples * pair.latency_ms / 1000 / in_flight
    headers = [
        "", "wall s", "× ideal", "calling s", "× ideal", "CPU s", "CPU ms/call", "peak MB", "first call after s", "last answer to exit s", "in flight",
    ]  # fmt: skip

    def row(name: str, cost: Cost) -> list[str]:
        return [
            name, f"{cost.wall_seconds:.2f}", _over(cost.wall_seconds, ideal), f"{cost.calling_seconds:.2f}", _over(cost.calling_seconds, ideal),
            f"{cost.cpu_seconds:.2f}", f"{cost.cpu_seconds / cost.calls * 1000:.2f}", f"{cost.peak_mb:.0f}",
            f"{cost.to_first_call:.2f}", f"{cost.after_last_call:.2f}", str(cost.max_in_flight),
        ]  # fmt: skip

    bare, ours = pair.bare, pair.evalbot
    more = (ours.cpu_seconds - bare.cpu_seconds) / ours.calls * 1000
    difference = [
        "evalbot / bare", _over(ours.wall_seconds, bare.wall_seconds), "", _over(ours.calling_seconds, bare.calling_seconds), "",
        _over(ours.cpu_seconds, bare.cpu_seconds), f"{more:+.2f}", f"{ours.peak_mb - bare.peak_mb:+.0f}", "", "", "",
    ]  # fmt: skip
    best = ["ideal", f"{ideal:.2f}", "1.00 ×", f"{ideal:.2f}", "1.00 ×", *[""] * 5, str(in_flight)]
    return headers, [best, row("bare SDK loop", bare), row("evalbot check", ours), difference]


def slope_table(small: Pair, large: Pair, others: Sequence[tuple[str, Cost, Cost]] = ()) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of what one more call, and a thousand more examples, take."""
    calls = 4 * (large.examples - small.examples) or 1
    thousands = (large.examples - small.examples) / 1000 or 1
    rows, cpu = [], []
    ours = [("bare SDK loop", small.bare, large.bare), ("evalbot check", small.evalbot, large.evalbot)]
    for name, few, many in [*ours, *others]:
        cpu.append((many.cpu_seconds - few.cpu_seconds) / calls * 1000)
        wall = (many.wall_seconds - few.wall_seconds) / calls * 1000
        rows.append([name, f"{cpu[-1]:.2f}", f"{wall:.2f}", f"{(many.peak_mb - few.peak_mb) / thousands:.1f}", f"{many.peak_mb:.0f}"])
    rows.append(["evalbot − bare", f"{cpu[1] - cpu[0]:+.2f}", "", "", ""])
    rows += [[f"{name} / evalbot", f"{taken / cpu[1]:.1f} ×", "", "", ""] for (name, _, _), taken in zip(others, cpu[2:], strict=True)]
    return ["", "CPU ms/call", "wall ms/call", "MB per 1,000 examples", "peak MB"], rows


def start_table(folder: Path, runs: int, server: ModelServer) -> tuple[list[str], list[list[str]]]:
    """Headers and rows: the help page, a pull request that changes no prompt, and one that was measured before."""
    commands: dict[str, Sequence[str]] = {
        "python -c pass": (sys.executable, "-c", "pass"),
        "evalbot --help": (*EVALBOT, "--help"),
        "evalbot check, no prompt changed": _check(folder, workload.ELSEWHERE),
        "evalbot check, the same again": _check(folder, workload.CHANGE),
        _CACHE_ALONE: _check(folder, workload.CHANGE),
    }
    rows = []
    for name, command in commands.items():
        server.reset(0)
        costs = []
        for _ in range(runs):
            if name == _CACHE_ALONE:
                shutil.rmtree(folder / "evalbot-report")
            costs.append(measured(command, server.environment, server))
        cost, wall = min(costs, key=_cpu), min(cost.wall_seconds for cost in costs)
        rows.append([name, f"{cost.cpu_seconds:.2f}", f"{wall:.2f}", f"{cost.peak_mb:.0f}", str(costs[-1].calls)])
    return ["", "CPU s", "wall s", "peak MB", "calls"], rows


def _check(folder: Path, head: str) -> tuple[str, ...]:
    return (*EVALBOT, "check", "-C", str(folder), "--base", workload.BASE, "--head", head, "--quiet")


def _called(command: Sequence[str], latency_ms: float, expected: int, server: ModelServer) -> Cost:
    server.reset(latency_ms)
    cost = measured(command, server.environment, server)
    distinct = server.counts()["distinct"]
    if cost.calls != expected or distinct != expected:
        raise SystemExit(f"{' '.join(command)} made {cost.calls} calls, {distinct:g} of them different, instead of {expected}")
    return cost


def _cpu(cost: Cost) -> float:
    return cost.cpu_seconds


def _over(seconds: float, ideal: float) -> str:
    return f"{seconds / ideal:.2f} ×" if ideal else ""


def _table(headers: list[str], rows: list[list[str]]) -> str:
    from tabulate import tabulate

    aligned = ("left", *["right"] * (len(headers) - 1))
    return str(tabulate(rows, headers, tablefmt="github", colalign=aligned, disable_numparse=True))


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.check", description="evalbot check beside the bare SDK loop.")
    parser.add_argument("--n", type=int, default=1000, help="examples (default 1000)")
    parser.add_argument("--latency-ms", type=float, default=50.0, help="of every call (default 50)")
    parser.add_argument("--in-flight", type=int, default=20, help="calls at once (default 20)")
    parser.add_argument("--runs", type=int, default=1, help="of each command; the one with the least CPU counts (default 1)")
    parser.add_argument("--start-runs", type=int, default=5, help="of each command that calls no model (default 5)")
    parser.add_argument("--answer-chars", type=int, default=400, help="length of an answer (default 400)")
    parser.add_argument("--peers", action="store_true", help="promptfoo and inspect-ai beside it in the slope, where bench/peers.py finds them")
    parser.add_argument("--no-slope", action="store_true", help="leave out the runs without latency")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
