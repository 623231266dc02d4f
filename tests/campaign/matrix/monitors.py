"""Faults of the monitor: its stream, its store, GitHub's routes, the webhook and the file for Prometheus. No sample is lost, no alert untold or told twice.

The monitor gates nothing: a job of it is `not_applicable`, or says that it could not work. A false pass is a sample or an alert that is
gone after the next job, a false regression an alert about answers that were right.

| phase | what is struck |
|:--|:--|
| once, throughout | the first command, statement, request or write of that kind, or all of them, of one job |
"""

from __future__ import annotations

import atexit
import contextlib
import errno
import io
import os
import shutil
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from evalbot.adapters.monitor_store import MonitorStore
from evalbot.adapters.streams.redis import RedisStream
from evalbot.app.action import act
from tests.adapters.sources.api import JsonApi
from tests.app.monitor.workers import CONFIG
from tests.campaign.matrix.cases import NOWHERE, Case, Seen
from tests.campaign.matrix.events import COMMON, TOKEN, no_github_waiting, struck, written
from tests.campaign.matrix.evidence import leaks
from tests.github_server import GitHubServer
from tests.repository import Repo

RULES = CONFIG.replace("{type: memory}", "{name: NAME}") + "  alerts: {issue: true, openmetrics: monitor/metrics.txt, webhook_env: HOOK}\n"
ROUTES = {"GET repository": "/repos/acme/shop$", "GET rules": "/git/trees/|/git/blobs/", "GET issues": "/issues$", "POST issue": "/issues$"}
COMMANDS = {"stream opened": b"XGROUP", "stream read": b"XREADGROUP", "stream looked at": b"XPENDING", "stream acknowledged": b"XACK", "stream counted": b"XLEN"}
STATEMENTS = {
    "store: samples": "insert or ignore into seen", "store: alerts": "insert into alerts", "store: counters": "insert into counters", "store: drift": "insert or replace into drift",
    "store: marks": "insert or replace into marks", "store: forgetting": "delete from seen", "store: known": "select 1 from seen where id", "store: tallies": "insert or replace into tallies",
    "store: windows": "insert or replace into windows", "store: commit": "commit",
}  # fmt: skip
FILES = {"no space": errno.ENOSPC, "read-only": errno.EROFS, "broken disk": errno.EIO}
WEBHOOK = (401, 403, 404, 429, 500, 502, "html", "redirect")
SECRET = "hooks-8Kq2vXzL0pT4"


def cases() -> Iterator[Case]:
    """Every fault of each of its neighbours."""
    places = [(name, fault) for name in COMMANDS for fault in ("lost", "lost answer")]
    places += [(name, "refused") for name in STATEMENTS]
    places += [(route, str(fault)) for route in ROUTES for fault in COMMON]
    places += [("webhook", str(fault)) for fault in WEBHOOK] + [("metrics file", fault) for fault in FILES]
    for number, (boundary, fault) in enumerate(places):
        for often in ("once", "throughout"):
            always = boundary in ("webhook", "store: alerts", "GET issues", "POST issue")  # nothing is told where nothing is wrong
            yield Case("monitor", fault, boundary, NOWHERE, NOWHERE, often, planted=always or number % 3 != 0)


def run(case: Case, folder: Path) -> Seen:
    """A job with the fault, and the next one without it."""
    name, log, strike = f"s{time.monotonic_ns()}-{os.getpid()}", io.StringIO(), _Strike(case)
    repo = Repo(folder / "repository").write({"evalbot.yml": RULES.replace("NAME", name)})
    repo.commit("rules")
    samples = [{"id": f"m-{n}", "user_input": "Where?", "output": "two words", "timestamp": time.time() - 60} for n in range(4)]
    samples += [{"id": "m-9", "user_input": "Where?", "output": "these are more than three words" if case.planted else "fine", "timestamp": time.time() - 60}, "no sample"]  # type: ignore[list-item]
    RedisStream(f"redis://127.0.0.1:{redis_port()}/0", name).publish(samples)  # type: ignore[arg-type]
    with (
        GitHubServer(repo) as server, JsonApi(strike.webhook) as hook, _proxy(strike) as port, contextlib.redirect_stdout(log), contextlib.redirect_stderr(log),
        no_github_waiting(), strike.patched(),
    ):  # fmt: skip
        server.token = TOKEN
        server.scopes["issues"] = "write"

        def job() -> tuple[str, int]:
            output = folder / "output"
            output.write_text("")
            status = act({
                "GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "schedule", "GITHUB_API_URL": server.url, "GITHUB_REPOSITORY": server.name, "GITHUB_TOKEN": TOKEN,
                "GITHUB_WORKSPACE": str(folder / "work"), "GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(folder / "summary.md"), "INPUT_COMMAND": "monitor",
                "REDIS_URL": f"redis://127.0.0.1:{port}/0", "HOOK": f"{hook.url}/{SECRET}",
            })  # fmt: skip
            lines = output.read_text().splitlines()
            return next((lines[at + 1] for at, line in enumerate(lines) if line.startswith("verdict<<")), ""), status

        counting = struck(server, *_route(case), case) if case.boundary in ROUTES else contextlib.nullcontext(lambda: strike.fired)
        strike.armed = True
        with counting as fired:
            verdict, status = job()
        strike.armed = False
        time.sleep(0.03)  # what the broken job left counts as left by then; see `patched`
        healed, _ = job()
    store = MonitorStore(folder / "work/monitor/results.sqlite")
    kept, told, said = store.count(), len(store.told()), log.getvalue()
    store.close()
    issues = len(server.issues)
    wrong = ["a traceback"] if "Traceback" in said else []
    wrong += [] if (folder / "work/monitor/metrics.txt").exists() else ["there is no file for Prometheus in the end"]
    wrong += ["the webhook's address is told"] if SECRET in said else []
    return Seen(
        fired(), verdict or {3: "inconclusive"}.get(status, ""), status, complete=kept == 5 and (told, issues) >= ((1, 1) if case.planted else (0, 0)),
        blamed=frozenset({"an alert"} if told and not case.planted else ()), healed=healed, leaks=leaks(folder, said, TOKEN, written(server)),
        duplicates=max(0, issues - 1) + max(0, told - 1), wrong=tuple(wrong),
    )  # fmt: skip


def _route(case: Case) -> tuple[str, str]:
    return case.boundary.partition(" ")[0], ROUTES[case.boundary]


class _Strike:
    """Injects the fault while it is armed, and counts."""

    def __init__(self, case: Case) -> None:
        self.case, self.armed, self.fired = case, False, 0

    def now(self, boundary: str) -> bool:
        """Whether this one is struck."""
        if not self.armed or boundary != self.case.boundary or (self.fired and self.case.phase == "once"):
            return False
        self.fired += 1
        return True

    def webhook(self, asked: object) -> Any:
        if not self.now("webhook"):
            return {}
        fault = self.case.fault
        return (int(fault), {}) if fault.isdigit() else {"html": (502, b"<html>"), "redirect": (302, {}, {"location": "https://evil.example/"})}[fault]

    @contextlib.contextmanager
    def patched(self) -> Iterator[None]:
        """The store's statements and the metrics file fail; what a worker left is taken over at once."""
        strike, real_open = self, io.open

        def failing(base: type[sqlite3.Connection]) -> type[sqlite3.Connection]:
            def sql_of(sql: str) -> str:
                for boundary, start in STATEMENTS.items():
                    if sql.startswith(start) and strike.now(boundary):
                        return "select fails(?)"
                return sql

            class Failing(base):  # type: ignore[misc,valid-type]
                def execute(self, sql: str, *more: Any) -> Any:
                    found = sql_of(sql)
                    return super().execute(sql, *more) if found == sql else super().execute(found, (sql,))

                def executemany(self, sql: str, *more: Any) -> Any:
                    found = sql_of(sql)
                    return super().executemany(sql, *more) if found == sql else super().execute(found, (sql,))

            return Failing

        def fails(sql: str) -> None:
            raise sqlite3.OperationalError(sql)

        def connected(path: Any, **named: Any) -> Any:
            made = connect(path, **named | {"factory": failing(named.get("factory", sqlite3.Connection))})
            made.create_function("fails", 1, fails)
            return made

        def opened(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
            if not isinstance(file, int) and "w" in mode and Path(file).name.startswith(".metrics.txt") and strike.now("metrics file"):
                raise OSError(FILES[strike.case.fault], os.strerror(FILES[strike.case.fault]), str(file))
            return real_open(file, mode, *args, **named)

        connect = sqlite3.connect
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(sqlite3, "connect", connected)
            patched.setattr(io, "open", opened)
            patched.setattr(RedisStream.__init__, "__defaults__", (*(RedisStream.__init__.__defaults__ or ())[:-1], 0.02))
            yield


@contextlib.contextmanager
def _proxy(strike: _Strike) -> Iterator[int]:
    """Between a worker and a real Redis: a connection is torn down at a command, before Redis has it or before the worker has the answer."""

    def between(client: socket.socket) -> None:
        with client, socket.create_connection(("127.0.0.1", redis_port())) as redis:
            back = threading.Thread(target=_pumped, args=(redis, client, lambda data: False), daemon=True)
            back.start()
            _pumped(client, redis, struck_in)
            for end in (client, redis):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            back.join()

    def struck_in(data: bytes) -> bool:
        return any(word in data and strike.now(boundary) for boundary, word in COMMANDS.items())

    def _pumped(source: socket.socket, target: socket.socket, stops: Callable[[bytes], bool]) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                stop = stops(data)
                if stop and strike.case.fault == "lost answer":
                    with socket.create_connection(("127.0.0.1", redis_port())) as quiet:
                        quiet.sendall(data)
                        quiet.recv(65536)
                if stop:
                    return
                target.sendall(data)

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=between, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield int(listening.getsockname()[1])


@cache
def redis_port() -> int:
    """The port of this process's Redis."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = int(free.getsockname()[1])
    folder = mkdtemp(prefix="evalbot-redis-")
    process = subprocess.Popen(["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder], stdout=subprocess.DEVNULL)

    def end() -> None:
        process.terminate()
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)

    atexit.register(end)
    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return port
        time.sleep(0.05)
    raise RuntimeError("redis-server did not start")
