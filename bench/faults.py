"""`evalbot check` where one call in twenty fails once, beside the same run without faults: what is lost, and what it costs.

    python -m bench.faults [--n 200] [--latency-ms 500] [--in-flight 20] [--rate 0.05] [--runs 1]

Run from the repository's root. Half of the faults are HTTP 429 with `retry-after: 1`, half HTTP 500; which bodies fail depends
on nothing but the body, and the second try of a body goes through. Exit status 1 where an answer is lost or counted as failed.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zlib import crc32

from bench import server, workload
from bench.check import EVALBOT
from bench.measure import ROOT, Cost, ModelServer, measured


class _Failing(server._Connection):
    """Fails the first try of some bodies."""

    rate = 0.0
    tried: set[bytes] = set()  # noqa: RUF012 - of the process, for all of its connections

    def _call(self, body: bytes) -> None:
        number = crc32(body)
        if number % 1000 >= self.rate * 1000 or body in self.tried:
            super()._call(body)
            return
        self.tried.add(body)
        asyncio.get_running_loop().call_later(self._server.seconds, self._fail, 429 if number & 1024 else 500)

    def _fail(self, status: int) -> None:
        kind = "rate_limit_error" if status == 429 else "server_error"
        payload = json.dumps({"error": {"message": "scripted", "type": kind, "code": str(status)}}).encode()
        wait = b"retry-after: 1\r\n" if status == 429 else b""
        head = b"HTTP/1.1 %d Scripted\r\ncontent-type: application/json\r\n%scontent-length: %d\r\n\r\n" % (status, wait, len(payload))
        self._transport.write(head + payload)


async def _serve(models: server.Server, rate: float) -> None:
    _Failing.rate = rate
    loop = asyncio.get_running_loop()
    listening = await loop.create_server(lambda: _Failing(models), "127.0.0.1", 0, backlog=1024)
    print(listening.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def _server(latency_ms: float, rate: float) -> Iterator[ModelServer]:
    command = [sys.executable, "-m", "bench.faults", "--serve", "--latency-ms", str(latency_ms), "--rate", str(rate)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield ModelServer(int(process.stdout.readline()))
        process.communicate()


def _run(folder: Path, latency_ms: float, rate: float) -> tuple[Cost, dict[str, Any]]:
    for kept in ("evalbot-report", ".evalbot-cache"):
        shutil.rmtree(folder / kept, ignore_errors=True)
    command = (*EVALBOT, "check", "-C", str(folder), "--base", workload.BASE, "--head", workload.CHANGE, "--quiet")
    with _server(latency_ms, rate) as models:
        cost = measured(command, models.environment, models)
    return cost, json.loads((folder / "evalbot-report/summary.json").read_text(encoding="utf-8"))


def _row(name: str, cost: Cost, summary: dict[str, Any], calm: Cost) -> list[str]:
    lost = summary["coverage"]["planned"] - summary["coverage"]["scored"]
    failed = sum(part["failed"] for part in summary["partitions"])
    return [
        name, f"{cost.wall_seconds:.2f}", f"{cost.wall_seconds / calm.wall_seconds:.2f} ×", f"{cost.cpu_seconds:.2f}",
        str(summary["calls"]["retried"]), str(lost), str(failed), summary["verdict"],
    ]  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    options = _options(arguments)
    if options.serve:
        asyncio.run(_serve(server.Server(options.latency_ms / 1000, 400), options.rate))
        return
    with tempfile.TemporaryDirectory(prefix="evalbot-bench-") as name:
        folder = Path(name) / "repository"
        folder.mkdir()
        workload.build(folder, options.n, options.in_flight)
        pairs = [(_run(folder, options.latency_ms, 0), _run(folder, options.latency_ms, options.rate)) for _ in range(options.runs)]
    calm, rough = (min((pair[side] for pair in pairs), key=lambda found: found[0].wall_seconds) for side in (0, 1))
    print(f"{4 * options.n:,} calls, {options.latency_ms:g} ms each, {options.in_flight} in flight, {options.rate:.0%} of them fail once\n")
    from tabulate import tabulate

    headers = ["", "wall s", "× without faults", "CPU s", "retried", "lost", "failed", "verdict"]
    rows = [_row("without faults", *calm, calm[0]), _row("with faults", *rough, calm[0])]
    print(tabulate(rows, headers, tablefmt="github", disable_numparse=True))
    if any(int(row[5]) or int(row[6]) for row in rows):
        raise SystemExit(1)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description="evalbot check with and without faults.")
    parser.add_argument("--n", type=int, default=200, help="examples (default 200)")
    parser.add_argument("--latency-ms", type=float, default=500.0, help="of every call (default 500)")
    parser.add_argument("--in-flight", type=int, default=20, help="calls at once (default 20)")
    parser.add_argument("--rate", type=float, default=0.05, help="share of bodies that fail once (default 0.05)")
    parser.add_argument("--runs", type=int, default=1, help="pairs of runs; of each kind the fastest counts (default 1)")
    parser.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
