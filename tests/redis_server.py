"""A real Redis on loopback for as long as a test needs it."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.needs import need


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def redis_at(port: int, folder: Path) -> Iterator[None]:
    """A real server, without a file of its own."""
    server = shutil.which("redis-server")
    need("redis", server, "apt install redis-server")
    command = [str(server), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: answers(port))
            yield
        finally:
            process.send_signal(signal.SIGTERM)


def answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_until(happened: Callable[[], bool]) -> None:
    ended = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < ended, "nothing happened for a minute"
        time.sleep(0.02)
