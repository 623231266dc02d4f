"""Real servers that are too heavy for the project's environment: started from a virtual environment beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import requests

from tests.needs import need

START_SECONDS = 180.0


def beside(part: str, program: str, programs: str = "bin") -> Path:
    """The folder of programs in what EVALBOT_<PART> names; skips where it is not there."""
    variable = f"EVALBOT_{part.upper()}"
    folder = Path(os.environ.get(variable, "/nowhere")) / programs
    need(part, (folder / program).is_file(), f"set {variable} to a folder in which it is installed")
    return folder


@contextmanager
def served(argv: Sequence[str | Path], environment: Mapping[str, str], work: Path, ready: Callable[[], bool]) -> Iterator[None]:
    """A server, from when it is ready; it ends with the block."""
    own = {"PATH": os.environ["PATH"], "HOME": str(work), **environment}
    with (work / "log").open("w") as log, subprocess.Popen(argv, env=own, stdout=log, stderr=log) as server:
        try:
            until(ready)
            yield
        finally:
            server.terminate()


def until(ready: Callable[[], bool]) -> None:
    """Wait; a server that does not answer yet, or not in JSON, is not ready."""
    end = time.monotonic() + START_SECONDS
    while True:
        try:
            if ready():
                return
        except (requests.RequestException, KeyError) as error:
            last = type(error).__name__
        else:
            last = "no"
        assert time.monotonic() < end, f"the server did not get ready ({last})"
        time.sleep(0.5)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])
