"""What evalbot remembers between runs: files on the orphan branch `evalbot-history`, and the port behind them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Protocol

BRANCH = "evalbot-history"

Change = Callable[[str], str]
"""A file's new text from its present one ("" where there is none). It is asked again after a conflict, so it has no effect
but its result; "" removes the file."""


_KEPT = re.compile(r"[A-Za-z0-9_-]")


def history_file(folder: str, key: str, suite: str) -> str:
    """`<folder>/<key>/<suite>.jsonl`, with what a path cannot hold in the suite's name as %XX of its UTF-8 bytes."""
    name = "".join(char if _KEPT.match(char) else "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "replace")) for char in suite)
    return f"{folder}/{key}/{name}.jsonl"


class History(Protocol):
    """The branch's files: UTF-8 text, mostly JSON Lines."""

    def read(self, path: str) -> str:
        """A file's text as it stands now; "" where there is no such file or no such branch.

        Raises:
            CouldNotRun: The branch cannot be read.
        """

    def update(self, changes: Mapping[str, Change], message: str) -> bool:
        """Change files together, in one commit on top of whatever others have written meanwhile; True where it was needed.

        Raises:
            Refused: There is no permission to write.
            CouldNotRun: It could not be written, also not when tried again.
        """
