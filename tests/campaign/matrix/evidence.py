"""What a run left, read for what must never be in it: blame without cause, pieces of keys, answers that were paid for twice."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from tests.campaign.keys import KEYS, fragments
from tests.campaign.matrix.pull import Models

BLAMES = frozenset({"regression", "new_failure", "unstable"})
GREEN = ("pass", "accepted", "not_applicable")
CONFIRMED = 5  # answers to one request at most: the first and four fresh ones


def blamed(path: Path) -> frozenset[str]:
    """Rules of findings that block and say that head is worse, and "conclusion" where a comparison says so."""
    try:
        summary = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # there is none, or the disk took a part of it
        return frozenset()
    found = {finding["rule"] for finding in summary["findings"] if finding["level"] == "blocks" and finding["rule"] in BLAMES}
    return frozenset(found | ({"conclusion"} if any(row["conclusion"] == "regression" for row in summary["comparisons"]) else set()))


@cache
def pieces(token: str = "") -> tuple[bytes, ...]:
    """Pieces of 12 characters, every sixth of each disguise of each key: whatever holds 18 characters of one holds a piece."""
    return tuple({piece.encode() for key in (*KEYS.values(), *filter(None, [token])) for piece in list(fragments(key))[::6]})


def leaks(folder: Path, log: str, token: str = "", written: Mapping[str, bytes] | None = None) -> tuple[str, ...]:
    """Where pieces of a key are: files below the folder (but git's own), the log without its masks, and what else was written."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts and path.suffix != ".log"}
    told = "\n".join(line for line in log.splitlines() if not line.startswith("::add-mask::"))
    found = files | {"log": told.encode()} | dict(written or {})
    return tuple(sorted(name for name, content in found.items() if any(piece in content for piece in pieces(token))))


def paid_twice(models: Models, most: int = 0) -> int:
    """Good answers beyond those that one run without faults needs, all runs of the case together; `most` may have been in flight."""
    return max(0, sum(max(0, _surplus(models, raw, count)) for raw, count in models.answered.items()) - most)


def _surplus(models: Models, raw: bytes, count: int) -> int:
    place = models.places[raw]
    at = place.partition, place.row
    confirmed = place.boundary in ("answer", "responses") and (at in models.bad or at == models.wavers or at in models.refused)
    return count - (CONFIRMED if confirmed else 1)

