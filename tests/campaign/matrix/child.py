"""One run of evalbot in a child that was forked from a process which has it imported already: a tenth of a start, and a pid of its own."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[3]


class Child:
    """A forked run of `evalbot check`, or of the action; it has begun as soon as this is made.

    Args:
        folder: Where its log `NAME.log`, its clock and its troubles are.
        environment: All variables that it has.
        at: Where it works.
        trouble: Fault, file, phase, side, partition and row for `tests.campaign.matrix.nursery.Trouble`.
        before: Told of the child before it begins; it waits until then.
    """

    def __init__(
        self, folder: Path, name: str, environment: Mapping[str, str], at: Path, trouble: Any, *, action: bool = False, before: Callable[[Child], None] | None = None
    ) -> None:
        self._folder, self._nursery = folder, nursery()
        (folder / "gate").unlink(missing_ok=True)
        (folder / "clock").write_text("0", encoding="utf-8")
        job = {"environment": dict(environment), "at": str(at), "log": str(folder / f"{name}.log"), "folder": str(folder), "trouble": trouble, "action": action}
        assert self._nursery.stdin is not None
        self._nursery.stdin.write(json.dumps(job) + "\n")
        self._nursery.stdin.flush()
        self.pid = self._said()
        if before is not None:
            before(self)
        (folder / "gate").touch()

    def _said(self) -> int:
        assert self._nursery.stdout is not None
        return int(self._nursery.stdout.readline())

    def ended(self) -> int:
        """Its exit status, negative where a signal ended it."""
        return self._said()

    def forward(self, seconds: float) -> None:
        """Its clock jumps."""
        (self._folder / "clock").write_text(str(seconds), encoding="utf-8")

    def troubles(self) -> int:
        """How often a file was in trouble."""
        path = self._folder / "troubles"
        return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


@cache
def nursery() -> subprocess.Popen[str]:
    """The process that forks children, one after the other; it ends with this one."""
    process = subprocess.Popen([sys.executable, "-m", "tests.campaign.matrix.nursery"], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def end() -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        process.wait()
        process.stdout.close()

    atexit.register(end)
    return process
