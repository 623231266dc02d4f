"""Faults of a provider: at an answer, a grade or an embedding, once, for one row for ever, for all rows, in a confirmation or in a resumed run.

| phase | what is struck |
|:--|:--|
| first, middle, last | the call of that row of the partition, once |
| re-ask | the call of the middle row when it is asked again after its connection was reset |
| lasting | every call of the middle row |
| throughout | every call of the side and partition |
| confirmation | one of the fresh answers (or its grade) after a first failure; "confirmations": all of them |
| resume | the middle row's call in a second run, after a first one that lost it |
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from evalbot.app.publish import publish
from evalbot.app.review import CheckOptions, review
from evalbot.app.wiring import World
from evalbot.domain.record import RunRecord
from evalbot.engine import gateway
from tests.campaign.matrix.cases import Case, Seen
from tests.campaign.matrix.evidence import blamed, leaks, paid_twice
from tests.campaign.matrix.provider_faults import OF, SLOW, Kind, kind_of
from tests.campaign.matrix.pull import MORE, Models, Place, copied, row_at
from tests.loopback import Call, LoopbackModels, reset, status

ONCE = ("first", "middle", "last")
PHASES = {
    "answer": (*ONCE, "re-ask", "lasting", "throughout", "confirmation", "confirmations", "resume"),
    "judge": (*ONCE, "re-ask", "lasting", "throughout", "confirmation", "confirmations", "resume"),
    "embedding": ("first", "last", "lasting", "throughout", "resume"),
}
CORE = ("429", "500", "529", "reset", "{}", "page", "quota", "401", "refusal", "wrong model", "truncated", "off the scale")
"""Faults that strike in all phases, and in the partitions that are not run by default too; of the others a few phases are enough."""
SOME, RARE = ("first", "throughout"), ("lasting", "throughout")
CALL_SECONDS = 0.6  # where a fault never ends by itself


def cases() -> Iterator[Case]:
    """Every fault at every boundary, on either side, golden and regression; a part of them in the other partitions."""
    return crossed("provider", PHASES)


def crossed(family: str, phases: Mapping[str, Sequence[str]]) -> Iterator[Case]:
    """The cases of some boundaries, in these phases."""
    for number, (boundary, fault, side, partition, phase) in enumerate(_crossed(phases)):
        kind = OF[boundary][fault][0]
        # A model that refuses is no outage: where that is all there is, only a head as good as its base has one right verdict.
        alike = kind is Kind.SAID and (side == "base" or phase not in (*ONCE, "re-ask", "resume"))
        yield Case(family, fault, boundary, side, partition, phase, planted=not alike and number % 2 == 0)


def _crossed(phases_of: Mapping[str, Sequence[str]]) -> Iterator[tuple[str, str, str, str, str]]:
    for boundary, phases in phases_of.items():
        for fault in OF[boundary]:
            for side in ("base", "head"):
                for partition in ("golden", "regression", "adversarial", "distribution"):
                    for phase in phases:
                        if _runs(boundary, fault, partition, phase):
                            yield boundary, fault, side, partition, phase


def _runs(boundary: str, fault: str, partition: str, phase: str) -> bool:
    usual = partition in ("golden", "regression")
    if fault in SLOW:
        return (usual and phase in ("first", "last", "re-ask", "resume")) or (partition, phase) == ("golden", "lasting")
    if usual and fault not in CORE and phase not in SOME:
        return False
    if not usual and (boundary in MORE or phase not in RARE or fault not in CORE):
        return False
    if OF[boundary][fault][0] is Kind.SAID and phase.startswith("confirmation"):
        return False  # then what the confirmation says is the model's word, and right either way
    return not (partition == "distribution" and phase.startswith("confirmation"))


@dataclass
class Strike:
    """Injects a case's fault where the case says, and counts."""

    case: Case
    run: int = 1
    fired: int = 0
    reset: bool = False

    def __call__(self, call: Call, place: Place) -> Any:
        case = self.case
        if (place.boundary, place.side, place.partition) != (case.boundary, case.side, case.partition):
            return None
        if case.phase != "throughout" and place.row != row_at(case.partition, case.phase):
            return None
        if case.phase == "resume" and self.run == 1:
            return status(500)
        if not self._now(place):
            return reset() if case.phase == "re-ask" and self._resets() else None
        self.fired += 1
        return OF[case.boundary][case.fault][1](call)

    def _now(self, place: Place) -> bool:
        phase, once = self.case.phase, self.fired == 0
        if phase in ("lasting", "throughout"):
            return self.run == 1
        if phase.startswith("confirmation"):
            return self.run == 1 and place.take > 1 and (once or phase == "confirmations")
        if phase == "re-ask":
            return once and self.reset
        return once and self.run == (2 if phase == "resume" else 1)

    def _resets(self) -> bool:
        first, self.reset = not self.reset, True
        return first


def run(case: Case, folder: Path) -> Seen:
    """The run with the fault, and then again without it, as a re-run of the job would be."""
    strike = Strike(case)
    at = case.partition, row_at(case.partition, case.phase)
    every = frozenset((case.partition, row) for row in range(6))
    models = Models(
        (frozenset([at]) if case.partition == "golden" and case.phase != "throughout" else every) if case.planted else frozenset(),
        None if case.planted or not case.phase.startswith("confirmation") else at, strike,
        every if case.boundary in ("answer", "responses") and kind_of(case.boundary, case.fault) is Kind.SAID else frozenset(),
    )  # fmt: skip
    other = "regression" if case.partition == "golden" else case.partition
    repo = copied(folder / "repository", other, planted=case.planted, boundary=case.boundary)
    log, records, complete = io.StringIO(), [], False
    leaked: set[str] = set()
    with LoopbackModels(models) as server, without_waiting(CALL_SECONDS if case.fault in SLOW else None), contextlib.redirect_stdout(log), contextlib.redirect_stderr(log):
        for strike.run in range(1, 4 if case.phase == "resume" else 3):
            records.append(measured(repo.root, folder, server.env()))
            leaked.update(leaks(folder, log.getvalue()))  # now: the next run writes over it
            if len(records) == (2 if case.phase == "resume" else 1):
                complete = models.complete(case.boundary, other)
    faulty, healed = records[-2], records[-1]
    verdict = faulty.decision.verdict
    return Seen(
        strike.fired, str(verdict), verdict.exit_code, complete, blamed(folder / "first.json" if len(records) == 2 else folder / "second.json"),
        verdict.exit_code == 0, str(healed.decision.verdict), paid_twice(models), tuple(sorted(leaked)),
        wrong=("a traceback",) if "Traceback" in log.getvalue() else (),
    )  # fmt: skip


def measured(root: Path, folder: Path, environment: dict[str, str]) -> RunRecord:
    """One `evalbot check`; its summary is kept beside those of the others."""
    report = folder / "report"
    world = World.real(environment, report, quiet=True, cache_dir=folder / "cache")
    record = review(root, CheckOptions("main", "change"), world)
    publish(record, report, world.redact)
    names = ("first.json", "second.json", "third.json")
    kept = next(folder / name for name in names if not (folder / name).exists())
    kept.write_bytes((report / "summary.json").read_bytes())
    return record


@contextlib.contextmanager
def without_waiting(call_seconds: float | None = None) -> Iterator[None]:
    """Retries wait no time; a call takes no longer than so many seconds."""
    import asyncio

    real = asyncio.sleep
    changed: dict[str, Any] = {"sleep": lambda seconds: real(0)} | ({} if call_seconds is None else {"call_seconds": call_seconds})
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gateway.Gateway.__init__, "__kwdefaults__", dict(gateway.Gateway.__init__.__kwdefaults__) | changed)
        yield
