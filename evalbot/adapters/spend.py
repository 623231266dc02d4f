"""What runs have spent within a day: amounts in a file beside the cache, so that pushes in a row share one budget."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import CouldNotRun

NAME = "spend.jsonl"
DAY_SECONDS = 24 * 3600.0
_LEAST_USD = 0.01  # written at once: a run that is killed forgets no more than that
_LARGEST_BYTES = 1 << 20  # above it lines older than a day go
_CLOCKS_DIFFER_SECONDS = 300.0


class NoSpend:
    """Nothing is known of other runs, and nothing noted."""

    def last_day(self) -> float:
        """Nothing."""
        return 0.0

    def add(self, usd: float) -> None:
        """Not noted."""

    def close(self) -> None:
        """Nothing to do."""


class FileSpend:
    """The port `evalbot.domain.ports.Spend`, in a folder that runs share.

    Args:
        folder: The cache's folder; it is created with the first amount.
        now: Seconds since the epoch.
    """

    def __init__(self, folder: Path, *, now: Callable[[], float] = time.time) -> None:
        self.path = folder / NAME
        self._now, self._owed = now, 0.0

    def last_day(self) -> float:
        """US dollars of the last 24 hours; 0 where no run has noted any.

        Raises:
            CouldNotRun: There is a file that cannot be read: what was spent is not known then, and not nothing.
        """
        try:
            text = self._text()
            kept = list(_of_late(text, self._now()))
            if len(text) > _LARGEST_BYTES:
                part = self.path.with_suffix(".part")
                part.write_text("".join(line for line, _ in kept), encoding="utf-8")
                part.replace(self.path)
        except OSError as error:
            raise CouldNotRun(f"what was spent today cannot be read from {self.path}: {error.strerror or error}") from error
        return math.fsum(usd for _, usd in kept)

    def add(self, usd: float) -> None:
        """Note an amount; raises OSError where the disk does not take it."""
        self._owed += usd
        if self._owed >= _LEAST_USD:
            self._write()

    def close(self) -> None:
        """Write what is left to be written; raises OSError as `add`."""
        if self._owed > 0:
            self._write()

    def _text(self) -> str:
        try:
            file = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            return ""
        with os.fdopen(file, encoding="utf-8", errors="replace") as lines:
            return lines.read()

    def _write(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        line = json.dumps({"at": round(self._now(), 3), "usd": round(self._owed, 9)}) + "\n"
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            os.write(file, line.encode())  # one write: several runs may append
        finally:
            os.close(file)
        self._owed = 0.0


def _of_late(text: str, now: float) -> Iterator[tuple[str, float]]:
    """The lines of the last day, each with its amount; what is torn is passed over."""
    for line in text.splitlines(keepends=True):
        try:
            found = parse_json(line)
        except (ValueError, RecursionError):
            continue
        at, usd = (found.get("at"), found.get("usd")) if isinstance(found, dict) else (None, None)
        if isinstance(at, int | float) and isinstance(usd, int | float) and usd >= 0 and -_CLOCKS_DIFFER_SECONDS <= now - at <= DAY_SECONDS:
            yield line, float(usd)
