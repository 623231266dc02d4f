"""What a request of a small asyncio service feels of the hand-over: latencies without it, with it, and with its stream stalled, taken in turns.

    python -m bench.handover [--rounds 150] [--turn 0.2] [--rate 1000]

The service is a process of its own on loopback; so is Redis, which nobody reads: the evaluator is stalled. In the last variant the stream itself
takes nothing, so the queue fills and samples are dropped. Each round gives each variant a turn, in an order that changes, so that what else the
machine does meets all of them; the intervals are 95 % of differences of quantiles over rounds that are drawn again (bootstrap).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from tabulate import tabulate

from evalbot.adapters.handover import Handover
from evalbot.adapters.streams import MemoryStream, RedisStream
from tests.redis_server import free_port, redis_at

VARIANTS = {"n": "without", "r": "with, into a Redis that nobody reads", "s": "with, the stream stalled"}
SETTLE = 0.1  # of each turn is not counted: what the variant before left behind is still going on
CONNECTIONS = 8
DRAWS = 500
FIGURES = {"median": 0.5, "90 %": 0.9, "99 %": 0.99}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print the table."""
    options = _options(arguments)
    if options.serve:
        asyncio.run(_serve(options.serve))
        return
    with tempfile.TemporaryDirectory() as folder, redis_at(port := free_port(), Path(folder)), _service(f"redis://127.0.0.1:{port}/0") as service:
        rounds = asyncio.run(_measured(service, options))
    print(f"{options.rounds} rounds of {options.rate:,} requests a second, {options.turn:g} s for each variant in turn; microseconds\n")
    print(tabulate(list(_rows(rounds)), ["a request", *FIGURES, *(f"{name}: more than without" for name in FIGURES)]))


def _rows(rounds: Sequence[dict[str, list[float]]]) -> Iterator[list[str]]:
    taken = {variant: np.array([one[variant] for one in rounds]) for variant in VARIANTS}
    shares, dice = list(FIGURES.values()), np.random.default_rng(1)
    drawn = [dice.integers(len(rounds), size=len(rounds)) for _ in range(DRAWS)]
    again = {variant: np.array([np.quantile(some[rows], shares) for rows in drawn]) for variant, some in taken.items()}
    for variant, name in VARIANTS.items():
        found, without = np.quantile(taken[variant], shares), np.quantile(taken["n"], shares)
        low, high = np.quantile(again[variant] - again["n"], [0.025, 0.975], axis=0)
        more = [f"{more:+.0f} ({a:+.0f} to {b:+.0f})" for more, a, b in zip(found - without, low, high, strict=True)]
        yield [name, *(f"{figure:,.0f}" for figure in found), *(more if variant != "n" else [""] * len(more))]


async def _measured(port: int, options: argparse.Namespace) -> list[dict[str, list[float]]]:
    clients = [(await asyncio.get_running_loop().create_connection(_Client, "127.0.0.1", port))[1] for _ in range(CONNECTIONS)]
    order, found = random.Random(1), []
    for _ in range(options.rounds + 1):
        one = {variant: await _turn(clients, variant, options.rate, round(options.rate * options.turn)) for variant in order.sample(list(VARIANTS), len(VARIANTS))}
        found.append({variant: taken[int(SETTLE * len(taken)) :] for variant, taken in one.items()})
    return found[1:]  # the first warms up


async def _turn(clients: Sequence[_Client], variant: str, rate: int, count: int) -> list[float]:
    """So many requests, each sent when it is due, whatever became of those before."""
    begun, taken = time.perf_counter(), list[float]()
    for number in range(count):
        await asyncio.sleep(max(0.0, begun + number / rate - time.perf_counter()))
        clients[number % len(clients)].ask(variant, taken)
    while len(taken) < count:
        await asyncio.sleep(0.001)
    return taken


class _Client(asyncio.Protocol):
    def __init__(self) -> None:
        self.sent: deque[tuple[float, list[float]]] = deque()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def ask(self, variant: str, taken: list[float]) -> None:
        self.sent.append((time.perf_counter(), taken))
        self.transport.write(f"{variant}\n".encode())

    def data_received(self, data: bytes) -> None:
        now = time.perf_counter()
        for _ in range(data.count(b"\n")):
            at, taken = self.sent.popleft()
            taken.append((now - at) * 1e6)


@contextmanager
def _service(redis_url: str) -> Iterator[int]:
    command = [sys.executable, "-m", "bench.handover", "--serve", redis_url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def _serve(redis_url: str) -> None:
    handovers = {"n": None, "r": Handover(RedisStream(redis_url)), "s": Handover(_Stalled())}
    number = 0

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal number
        while line := await reader.readline():
            number += 1
            output = "Open Billing and choose Invoices. " * 8
            handover = handovers[line.decode().strip()]
            if handover is not None:
                handover.give({"id": str(number), "user_input": "Where is my bill?", "output": output, "timestamp": time.time()})
            writer.write(json.dumps({"answer": output, "number": number}).encode() + b"\n")

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


class _Stalled(MemoryStream):
    def publish(self, values: object) -> None:  # noqa: ARG002 - the port's signature
        threading.Event().wait()


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=150, help="turns of each variant (default 150)")
    parser.add_argument("--turn", type=float, default=0.2, help="seconds of one turn (default 0.2)")
    parser.add_argument("--rate", type=int, default=1000, help="requests a second (default 1000)")
    parser.add_argument("--serve", metavar="URL", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
