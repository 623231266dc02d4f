"""Forks one run of evalbot for each line of JSON on its standard input, and says its pid and its exit status; see `Child`."""

from __future__ import annotations

import atexit
import errno
import io
import json
import os
import sqlite3
import sys
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

TROUBLES = {"no space": errno.ENOSPC, "read-only": errno.EROFS, "quota used up": errno.EDQUOT, "broken disk": errno.EIO}


def main() -> None:
    import anthropic  # noqa: F401 - so that no child has to
    import openai  # noqa: F401

    import evalbot.app.action
    import evalbot.app.bot
    import evalbot.app.review
    import evalbot.cli
    import evalbot.cli.check  # noqa: F401

    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if not child:
            _live(job)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _live(job: Mapping[str, Any]) -> None:
    status = 70
    try:
        log = os.open(job["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
        os.dup2(log, 1)
        os.dup2(log, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        os.chdir(job["at"])
        os.environ.clear()
        os.environ.update(job["environment"])
        folder = Path(job["folder"])
        if job["trouble"]:
            Trouble(folder, *job["trouble"]).begin()
        _jumping(folder / "clock")
        while not (folder / "gate").exists():
            time.sleep(0.001)
        status = _run(action=job["action"])
    except BaseException as error:
        os.write(2, f"the command let {type(error).__name__} through\n".encode())
        status = 1  # as Python itself would end
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
            atexit._run_exitfuncs()
        finally:
            os._exit(status)


def _run(*, action: bool) -> int:
    from evalbot import cli

    sys.argv = ["evalbot", "check", "--base", "main", "--head", "change", "--quiet"]
    try:
        cli.action() if action else cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    return 0


def _jumping(path: Path) -> None:
    """The run's clock is the machine's and what stands in a file, which the outside may write at any time."""
    from evalbot.app.wiring import World

    real, clock = World.real, time.monotonic
    read = partial(os.open, path, os.O_RDONLY)

    def jumped() -> float:
        try:
            file = read()
        except OSError:  # no descriptor left
            return clock()
        try:
            return clock() + float(os.read(file, 32) or 0)
        finally:
            os.close(file)

    def world(*args: Any, **named: Any) -> Any:
        from dataclasses import replace

        return replace(real(*args, **named), clock=jumped)

    World.real = world  # type: ignore[method-assign,assignment]


class Trouble:
    """A file that cannot be opened or written to, and a note of each time that this was said.

    Args:
        file: Its name; "cache" is the database; of "results.jsonl" only the line of that side, partition and row.
        phase: "opened" or "written".
    """

    def __init__(self, folder: Path, fault: str, file: str, phase: str, side: str, partition: str, row: int) -> None:
        self.number, self.file, self.phase, self.notes = TROUBLES[fault], file, phase, folder / "troubles"
        self.wanted = f'"side":"{side}","example":"{partition[0]}-{row:02}"'.encode()
        self._note = os.open(self.notes, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def begin(self) -> None:
        if self.file == "results.jsonl":
            self._journal()
        elif self.file == "cache":
            self._cache()
        else:
            self._report()

    def refuse(self, *_: object) -> Any:
        os.write(self._note, b"refused\n")
        raise OSError(self.number, os.strerror(self.number))

    def _journal(self) -> None:
        from evalbot.adapters.journal import FileJournal

        done: list[bytes] = []

        def write(file: int, data: bytes) -> int:
            if self.wanted in data and not done:
                done.append(data)
                self.refuse()
            return os.write(file, data)

        FileJournal.__init__.__kwdefaults__["write"] = write

    def _report(self) -> None:
        real = io.open

        def opened(file: Any, mode: str = "r", *args: Any, **named: Any) -> Any:
            if isinstance(file, int) or Path(file).name.removesuffix(".part") != self.file or not set(mode) & {"w", "a"}:
                return real(file, mode, *args, **named)
            if self.phase == "opened":
                self.refuse()
            stream = real(file, mode, *args, **named)
            stream.write = stream.writelines = self.refuse  # the kernel says so at the first write, or at the last
            return stream

        io.open = opened  # type: ignore[assignment]

    def _cache(self) -> None:
        real, trouble = sqlite3.connect, self

        class Full(sqlite3.Connection):
            def executemany(self, sql: str, rows: Any, /) -> Any:
                os.write(trouble._note, b"refused\n")
                raise sqlite3.OperationalError("database or disk is full" if trouble.number != errno.EROFS else "attempt to write a readonly database")

        def connect(path: Any, **named: Any) -> Any:
            if self.phase == "opened":
                os.write(self._note, b"refused\n")
                raise sqlite3.OperationalError("unable to open database file")
            return real(path, factory=Full, **named)

        sqlite3.connect = connect  # type: ignore[assignment]


if __name__ == "__main__":
    main()
