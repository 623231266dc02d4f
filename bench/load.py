"""Sizes that nobody should need: what a run takes in time and memory, and what it refuses.

    python -m bench.load [--scale 0.1] [--only blob]

Every scenario is a command of its own in a fresh repository: no model beyond the embedded one, no network; the monitor's has a
redis-server on loopback, which has to be installed.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tabulate import tabulate

from bench import workload
from bench.measure import Cost, measured

_CONFIG = """\
version: 1
metrics:
  rules: {type: checks, checks: [{name: said, not_contains_any: [TODO]}]}
suites:
  support: {prompts: ["prompts/**/*.md"], model: local/extractive, datasets: ["evals/*.jsonl"], metrics: [rules]}
run: {concurrency: 64, golden_seconds: 3000, total_seconds: 3600}
"""
_PROMPT = "You answer for a shop.{more}\n\n- Returns take 30 days.\n- Delivery takes two days.\n\n{{{{ user_input }}}}\n"
_HARVEST = """\
harvest:
  suite: support
  prompt: prompts/p0000
  dataset: evals/regression1.jsonl
  source: {type: jsonl, url: "log.jsonl"}
  map: {id: id, user_input: asked, output: answered, timestamp: at}
  since: 52w
  sample: {rate: 0.05, max: 500}
  propose: {reproduce: 0}
"""
_MONITOR = """\
monitor:
  suite: support
  stream: {type: redis, name: load}
  store: monitor/results.sqlite
"""
_LOAD = "import sys; from evalbot.cli import main; sys.argv[0] = 'evalbot'; main()"
CHECK = ("check", "--base", workload.BASE, "--head", workload.CHANGE, "--quiet")


_A_FILE = 20_000  # rows; a dataset file may have 5 MiB


@dataclass(frozen=True)
class Scenario:
    """What is made, what is run on it, how it may end, and what has to run beside it: that gives the command's variables."""

    name: str
    size: int
    make: Callable[[Path, int], None]
    command: tuple[str, ...]
    statuses: tuple[int, ...] = (0,)
    beside: Callable[[int], AbstractContextManager[Mapping[str, str]]] = lambda _: nullcontext({})


def repository(folder: Path, prompts: int, rows: int, more: str = "") -> None:
    """`main` with prompts and rows; fifty rows are golden."""
    workload.start(folder)
    workload.write(folder / "evalbot.yml", _CONFIG + more)
    for number in range(prompts):
        workload.write(folder / f"prompts/p{number:04}.md", _PROMPT.format(more=f" Number {number}."))
    golden = min(50, (rows + 1) // 2)
    files = [("golden", range(golden)), *(("regression", range(first, min(rows, first + _A_FILE))) for first in range(golden, rows, _A_FILE))]
    for number, (name, numbers) in enumerate(files):
        workload.write(folder / f"evals/{name}{number or ''}.jsonl", "".join(_row(name, n) for n in numbers))
    workload.commit(folder, "base")
    workload.branch(folder, workload.CHANGE)


def examples(folder: Path, size: int) -> None:
    """One prompt that changes, and so many rows."""
    repository(folder, 1, size)
    _change(folder, 1)


def prompts(folder: Path, size: int) -> None:
    """So many prompts that change, and twelve rows for each."""
    repository(folder, size, 12)
    _change(folder, size)


def changed_files(folder: Path, size: int) -> None:
    """So many files that are nobody's prompt, and one prompt."""
    repository(folder, 1, 12)
    for number in range(size):
        workload.write(folder / f"src/part{number % 50}/café {number}.txt", "changed\n" * 20)
    _change(folder, 1)


def blob(folder: Path, size: int) -> None:
    """A file of so many MiB among the prompts."""
    repository(folder, 1, 12)
    with (folder / "prompts/big.md").open("wb") as file:
        file.truncate(size * 2**20)
    workload.commit(folder, "a big one", "-c", "core.bigFileThreshold=1m", "-c", "core.compression=1")


def big_dataset(folder: Path, size: int) -> None:
    """A dataset of so many MiB."""
    repository(folder, 1, 12)
    with (folder / "evals/big.jsonl").open("wb") as file:
        file.truncate(size * 2**20)
    workload.commit(folder, "a big one", "-c", "core.bigFileThreshold=1m", "-c", "core.compression=1")


def production(folder: Path, size: int) -> None:
    """A log of so many samples, one every 6 milliseconds."""
    repository(folder, 1, 12, _HARVEST)
    with (folder / "log.jsonl").open("w") as file:
        for number in range(size):
            record = {"id": f"r{number}", "asked": f"How do returns of order {number} work?", "answered": "TODO" if number % 100 == 0 else "In 30 days. " * 20, "at": 1_790_000_000 + number * 0.006}
            file.write(json.dumps(record) + "\n")


def watched(folder: Path, size: int) -> None:  # noqa: ARG001 - the samples wait in the stream
    """A repository whose monitor has a stream; `waiting` fills it."""
    repository(folder, 1, 12, _MONITOR)


@contextmanager
def waiting(size: int) -> Iterator[Mapping[str, str]]:
    """A Redis on loopback in whose stream so many samples of one minute wait, one in a hundred of them bad."""
    from evalbot.adapters.streams.redis import RedisStream

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""], stdout=subprocess.DEVNULL) as server:
        try:
            url, now = f"redis://127.0.0.1:{port}/0", time.time() - 60
            while True:
                with suppress(OSError):
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
            stream = RedisStream(url, "load")
            for first in range(0, size, 1000):
                numbers = range(first, min(size, first + 1000))
                stream.publish([{"id": f"m{n}", "user_input": f"How do returns of order {n} work?", "output": "TODO" if n % 100 == 0 else "In 30 days. " * 20, "timestamp": now + n * 0.006} for n in numbers])
            yield {"REDIS_URL": url}
        finally:
            server.terminate()


SCENARIOS = (
    Scenario("rows in a dataset, validated", 100_000, examples, ("validate",)),
    Scenario("rows in a dataset, no prompt changed", 100_000, examples, ("check", "--base", workload.BASE, "--head", workload.BASE, "--quiet")),
    Scenario("rows in a dataset, measured on both sides", 100_000, examples, CHECK),
    Scenario("changed files", 5_000, changed_files, CHECK),
    Scenario("changed prompts", 500, prompts, CHECK),
    Scenario("MiB in one file among the prompts", 300, blob, CHECK, (2,)),
    Scenario("MiB in one dataset", 300, big_dataset, CHECK, (2,)),
    Scenario("samples of production, ten minutes of 10,000", 100_000, production, ("harvest", "--dry-run")),
    Scenario("samples through the monitor, a minute of 10,000", 10_000, watched, ("monitor", "--drain"), beside=waiting),
    Scenario("samples through the monitor, ten minutes of 10,000", 100_000, watched, ("monitor", "--drain"), beside=waiting),
)  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    options = _options(arguments)
    rows = [_line(scenario, size, cost) for scenario, size, cost in run(options.scale, options.only)]
    print(tabulate(rows, headers=("what", "size", "wall s", "CPU s", "peak MB", "ends with"), tablefmt="github", floatfmt=".1f"))


def run(scale: float, only: str = "") -> Iterator[tuple[Scenario, int, Cost]]:
    """Each scenario whose name holds a word, at a part of its size."""
    for scenario in SCENARIOS:
        if only in scenario.name:
            size = max(1, round(scenario.size * scale))
            with TemporaryDirectory(prefix="bench-load-") as folder, scenario.beside(size) as variables:
                scenario.make(Path(folder), size)
                command = [sys.executable, "-c", f"import os; os.chdir({folder!r}); {_LOAD}", *scenario.command]
                yield scenario, size, measured(command, {"PYTHONPATH": str(Path.cwd()), **variables}, fails=scenario.statuses)


def _line(scenario: Scenario, size: int, cost: Cost) -> list[object]:
    return [scenario.name, f"{size:,}", cost.wall_seconds, cost.cpu_seconds, round(cost.peak_mb), f"status {cost.status}"]


def _row(partition: str, number: int) -> str:
    row: dict[str, object] = {"id": f"{partition[0]}-{number:06}", "partition": partition, "input": {"user_input": f"How do returns of order {number} work?"}}
    if partition == "regression":
        row["source"] = {"root_cause": "the assistant named the wrong menu"}
    return json.dumps(row) + "\n"


def _change(folder: Path, prompts: int) -> None:
    for number in range(prompts):
        workload.write(folder / f"prompts/p{number:04}.md", _PROMPT.format(more=f" Number {number}. Be friendly."))
    workload.commit(folder, "changed prompts")


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", type=float, default=1.0, help="a part of the sizes (default 1)")
    parser.add_argument("--only", default="", help="scenarios whose name holds this")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
