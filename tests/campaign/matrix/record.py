"""What the matrix counted when it was last run, family by family, and the line that is published of all of them."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.campaign.matrix.tally import BESIDE, PROMISED, Tally

RECORD = Path(__file__).with_name("record.json")
COMMAND = "python -m tests.campaign.matrix"


@dataclass(frozen=True)
class Told:
    """All families together; `since` is the day of the oldest figures."""

    cases: int
    injected: int
    counts: Counter[str]
    families: dict[str, int]
    since: str

    @property
    def sentence(self) -> str:
        """The line that is published."""
        return f"{self.cases:,} cases, {self.injected:,} distinct faults injected, {_listed(self.counts, PROMISED)}"

    @property
    def beside(self) -> str:
        """What else was counted."""
        return _listed(self.counts, BESIDE)


def kept(tallies: dict[str, Tally], date: str, path: Path = RECORD) -> None:
    """Put what these families counted in place of what they had counted before."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    for name, tally in tallies.items():
        found[name] = {"date": date, "cases": tally.cases, "injected": len(tally.injected), "counts": {kind: tally.counts[kind] for kind in (*PROMISED, *BESIDE)}}
    path.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")


def told(path: Path = RECORD) -> Told | None:
    """The sum of all families; None before any was recorded."""
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    counts: Counter[str] = Counter()
    for one in found.values():
        counts.update(one["counts"])
    families = {name: one["cases"] for name, one in found.items()}
    return Told(sum(families.values()), sum(one["injected"] for one in found.values()), counts, families, min(one["date"] for one in found.values()))


def _listed(counts: Counter[str], kinds: tuple[str, ...]) -> str:
    return ", ".join(f"{counts[kind]} {kind}" for kind in kinds)
