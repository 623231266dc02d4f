"""Cases are run and counted: what was injected, and of each kind of complaint how many."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any

from tests.campaign.matrix import commits, events, harvests, interfaces, machine, monitors, provider
from tests.campaign.matrix.cases import Case, Seen
from tests.campaign.matrix.oracle import complaints

PROMISED = ("false passes", "false regressions", "keys leaked", "paid answers lost", "duplicate comments")
BESIDE = ("not injected", "other verdicts", "other statuses", "anything else")
FAMILIES: Mapping[str, Any] = {
    "provider": provider, "interfaces": interfaces, "github": events, "commits": commits, "harvest": harvests, "monitor": monitors, "machine": machine,
    **{name: SimpleNamespace(cases=partial(machine.cases, name), run=machine.run) for name in ("memory", "runner")},
}  # fmt: skip


@dataclass
class Tally:
    """What came of the cases so far. A case counts once under each kind of complaint."""

    cases: int = 0
    injected: set[tuple[str, ...]] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)

    def add(self, case: Case, found: list[tuple[str, str]], fired: int) -> None:
        self.cases += 1
        if fired:
            self.injected.add(case.distinct)
        self.counts.update({kind for kind, _ in found})
        self.lines += [f"{case}: {kind}: {what}" for kind, what in found]


def every_case() -> list[Case]:
    """All cases, family by family."""
    return [case for family in FAMILIES.values() for case in family.cases()]


def looked_at(case: Case) -> tuple[Case, list[tuple[str, str]], int]:
    """A case run in a folder of its own, and what is to be said against it."""
    with TemporaryDirectory(prefix="evalbot-case-", ignore_cleanup_errors=True) as folder:
        seen: Seen = FAMILIES[case.family].run(case, Path(folder))
    return case, list(complaints(case, seen)), seen.fired


def tallied(cases: Iterable[Case], jobs: int = 1) -> Tally:
    """The cases run, so many at once."""
    tally = Tally()
    for case, found, fired in _looked_at_all(list(cases), jobs):
        tally.add(case, found, fired)
    return tally


def _looked_at_all(cases: list[Case], jobs: int) -> Iterator[tuple[Case, list[tuple[str, str]], int]]:
    if jobs == 1:
        yield from map(looked_at, cases)
        return
    with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
        yield from pool.map(looked_at, cases, chunksize=8)
