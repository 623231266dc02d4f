"""What a suite's harvest remembers on the branch `evalbot-history`: how far it has read, and what was decided."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from evalbot.domain.history import history_file

FOLDER = "harvest"
OPEN, MERGED, REJECTED = "open", "merged", "rejected"


@dataclass(frozen=True)
class Ledger:
    """One file `harvest/<key>/<suite>.jsonl`.

    Args:
        watermark: Everything before it has been looked at; 0 before the first run.
        decided: Keyed hash of a proposed example's id → "open", "merged" or "rejected".
        runs: What each run counted, oldest first.
        pull: The number of the pull request that is or was open, 0 for none.
    """

    watermark: float = 0.0
    decided: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[Mapping[str, Any], ...] = ()
    pull: int = 0

    def with_state(self, names: Iterable[str], state: str) -> Ledger:
        """The ledger with these (hashed) ids decided."""
        return replace(self, decided={**self.decided, **dict.fromkeys(names, state)})

    def of_state(self, state: str) -> frozenset[str]:
        """The hashed ids of one state."""
        return frozenset(name for name, known in self.decided.items() if known == state)


def ledger_path(key: str, suite: str) -> str:
    """Where it lies on the branch."""
    return history_file(FOLDER, key, suite)


def read_ledger(text: str) -> Ledger:
    """The ledger of a file's text; lines that are not understood are passed over, so that a newer version's survive."""
    ledger = Ledger()
    for line in text.splitlines():
        try:
            found = json.loads(line)
        except ValueError:
            continue
        if not isinstance(found, dict):
            continue
        if isinstance(found.get("watermark"), int | float):
            ledger = replace(ledger, watermark=float(found["watermark"]), pull=int(found.get("pull") or 0))
        elif isinstance(found.get("id"), str) and found.get("state") in (OPEN, MERGED, REJECTED):
            ledger = ledger.with_state([found["id"]], found["state"])
        elif isinstance(found.get("run"), dict):
            ledger = replace(ledger, runs=(*ledger.runs, found["run"]))
    return ledger


def write_ledger(ledger: Ledger, most_runs: int = 400) -> str:
    """The file's text: the watermark, the runs, the decisions, in a fixed order."""
    lines: list[Mapping[str, Any]] = [{"watermark": ledger.watermark, "pull": ledger.pull}]
    lines += [{"run": run} for run in ledger.runs[-most_runs:]]
    lines += [{"id": name, "state": state} for name, state in sorted(ledger.decided.items())]
    return "".join(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)


def hashed(key: bytes, name: str) -> str:
    """16 hex digits that stand for an id; without the key they tell nothing of it."""
    return hmac.new(key, name.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()[:16]
