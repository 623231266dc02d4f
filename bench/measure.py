"""One command as a child process: how long it took, what CPU and memory, and what the server saw of it."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Cost:
    """What one run of a command took. `to_first_call` and `after_last_call` are 0 where nothing was called."""

    wall_seconds: float
    cpu_seconds: float  # user and system, with all processes that it started
    peak_mb: float  # resident, of the largest process
    calls: int = 0
    max_in_flight: int = 0
    to_first_call: float = 0.0
    after_last_call: float = 0.0
    status: int = 0

    @property
    def calling_seconds(self) -> float:
        """From the first call to the last answer."""
        return self.wall_seconds - self.to_first_call - self.after_last_call


@dataclass(frozen=True)
class ModelServer:
    """The server's address, and its controls."""

    port: int

    @property
    def environment(self) -> dict[str, str]:
        """What sends the SDK there; a key that is none."""
        return {"OPENAI_API_KEY": "sk-bench-0000000000000000", "OPENAI_BASE_URL": f"http://127.0.0.1:{self.port}/v1"}

    def reset(self, latency_ms: float) -> None:
        """Forget what came in, and answer after so many milliseconds from now on."""
        self._get(f"reset?latency_ms={latency_ms}")

    def counts(self) -> Mapping[str, float]:
        """See `bench.server.Seen`."""
        found: Mapping[str, float] = json.loads(self._get("counts"))
        return found

    def save_bodies(self, path: Path) -> None:
        """Write the bodies of all calls since the reset to a file, one a line."""
        with path.open("wb") as file, self._answer("bodies") as response:
            shutil.copyfileobj(response, file)  # in pieces: our own memory is the least that a child is charged with

    def _get(self, name: str) -> bytes:
        with self._answer(name) as response:
            return response.read()

    @contextmanager
    def _answer(self, name: str) -> Iterator[http.client.HTTPResponse]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request("GET", f"/control/{name}")
            yield connection.getresponse()
        finally:
            connection.close()


@contextmanager
def model_server(answer_chars: int) -> Iterator[ModelServer]:
    """The loopback server in a process of its own, ended with the block."""
    command = [sys.executable, "-m", "bench.server", "--answer-chars", str(answer_chars)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        yield ModelServer(int(process.stdout.readline()))
        process.communicate()


def measured(
    command: Sequence[str], environment: Mapping[str, str], server: ModelServer | None = None, *, fails: Sequence[int] = (0,)
) -> Cost:
    """Run a command to its end.

    Peak memory is the kernel's figure, which never falls below what this process itself holds (about 20 MB): it is taken
    over when a child starts.

    Raises:
        SystemExit: Its exit status is none of `fails`; says what it wrote to standard error.
    """
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
    started = time.monotonic()
    process = subprocess.Popen(
        command, cwd=ROOT, env={**kept, **environment}, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert process.stderr is not None
    said = process.stderr.read().decode(errors="replace")
    _, status, used = os.wait4(process.pid, 0)
    ended = time.monotonic()
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode not in fails:
        raise SystemExit(f"{' '.join(command)} ended with status {process.returncode}:\n{said}")
    cost = Cost(ended - started, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, status=process.returncode)
    return _with_calls(cost, server.counts(), started, ended) if server else cost


def _with_calls(cost: Cost, seen: Mapping[str, float], started: float, ended: float) -> Cost:
    calls = int(seen["answers"] + seen["gradings"])
    return Cost(
        cost.wall_seconds, cost.cpu_seconds, cost.peak_mb, calls, int(seen["max_in_flight"]),
        seen["first"] - started if calls else 0.0, ended - seen["last"] if calls else 0.0, cost.status,
    )  # fmt: skip
