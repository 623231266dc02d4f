"""What the contract lets a run say when something broke: written from its words alone, without a line of the product.

The words it stands on (contract 7 and 8): no error is ever a number; a golden row, or a deciding confirmation, that could not be
scored makes the verdict inconclusive; elsewhere coverage (95 % here) decides; a comparison below its coverage concludes nothing,
so it cannot make `fail`; a confirmed failure can; a refusal, a length stop, a context overflow and an empty text are answers of
the model; what is written never changes a verdict; a cancelled run says `cancelled`.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator

from tests.campaign.matrix.cases import Case, Seen
from tests.campaign.matrix.provider_faults import Kind, kind_of

PASS, FAIL, OPEN, CANCELLED = "pass", "fail", "inconclusive", "cancelled"
STATUS = {PASS: 0, "not_applicable": 0, "accepted": 0, FAIL: 1, "config_error": 2, OPEN: 3, "needs_approval": 4, CANCELLED: 130}
SUCCESS = frozenset(name for name, status in STATUS.items() if status == 0)


def allowed(case: Case) -> frozenset[str]:
    """The verdicts that the run with the fault may end with."""
    return {"provider": _provider, "interfaces": _provider, "github": _github, "commits": _github, "machine": _machine, "memory": _machine, "runner": _machine, "harvest": _harvest, "monitor": _monitor}[case.family](case)


def _provider(case: Case) -> frozenset[str]:
    if case.boundary == "pair":
        return frozenset({case.truth})  # answers side by side never decide
    kind = kind_of(case.boundary, case.fault)
    once = case.phase in ("first", "middle", "last", "re-ask", "resume")
    if kind is Kind.SAID:
        # Once, the failure is confirmed and found to be none; for ever, head fails where base does not, and base never blames head.
        # No single example of the distribution blocks, but all of them are a score that fell.
        blames = not once and case.side == "head" and (case.partition != "distribution" or case.phase == "throughout")
        return frozenset({FAIL} if blames else {case.truth})
    if kind is Kind.TRANSIENT and once:
        return frozenset({case.truth})
    return _incomplete(case) | ({case.truth} if once else set())


def _incomplete(case: Case) -> frozenset[str]:
    """Something of the evidence is missing: never `pass`, and `fail` only where head is worse and enough is left to say so."""
    if case.planted:
        return frozenset({FAIL, OPEN})
    if case.phase == "confirmation" or (case.phase == "confirmations" and case.side == "base"):
        return frozenset({PASS, OPEN})  # without the lost ones there are not three failures of five, and base's blame nobody
    return frozenset({OPEN})


def _need_not_be_complete(case: Case) -> bool:
    """Where the model itself said something else: then that is the evidence, and an empty answer fails without a judge."""
    return case.family in ("provider", "interfaces") and kind_of(case.boundary, case.fault) is Kind.SAID


TRANSIENT = ("429", "500", "502", "503", "html", "empty", "reset", "lost response", "lost connection", "secondary limit")


def _github(case: Case) -> frozenset[str]:
    writes = not case.boundary.startswith("GET")
    if writes or (case.fault in TRANSIENT and case.phase.startswith("once")):
        return frozenset({case.truth})
    return frozenset({case.truth, OPEN})


def _harvest(case: Case) -> frozenset[str]:
    """It gates nothing: it has looked at everything, or it says that it has not; what GitHub refuses once it is asked for again."""
    return frozenset({PASS} if case.boundary != "source" and case.phase.startswith("once") and case.fault in TRANSIENT else {PASS, OPEN})


def _monitor(_: Case) -> frozenset[str]:
    """It gates nothing, so it passes nothing; where stream or store fail it says so."""
    return frozenset({"not_applicable", OPEN})


def _machine(case: Case) -> frozenset[str]:
    if case.fault in ("interrupt", "terminate"):
        return frozenset({CANCELLED})
    if case.fault == "kill":
        return frozenset({""})
    if case.boundary in REPORTS:
        return frozenset({case.truth})
    # No space, no memory, no time: it may have had what it needed, and else it says so, or ends without a word but not with 0.
    return frozenset({case.truth, OPEN, ""})


REPORTS = ("summary.json", "comment.md", "junit.xml", "report.html", "examples.jsonl", "step summary", "outputs")


def statuses(case: Case, seen: Seen) -> frozenset[int]:
    """The exit statuses that go with what it said."""
    if seen.verdict:
        return frozenset({STATUS[seen.verdict]})
    if case.fault == "memory":  # the interpreter or a library may not survive it: an end by a signal, like a kill
        return frozenset({STATUS[OPEN], -signal.SIGABRT, -signal.SIGSEGV, -signal.SIGKILL})
    return frozenset({-signal.SIGKILL}) if case.fault == "kill" else frozenset({STATUS[OPEN]})


def complaints(case: Case, seen: Seen) -> Iterator[tuple[str, str]]:
    """What is not as the contract wants it: which count it belongs to, and what was seen."""
    may = allowed(case)
    if not seen.fired:
        yield "not injected", "the fault was never injected"
    # A machine that died just after the check was concluded leaves a check that says what is true.
    told_in_time = case.family in ("machine", "memory", "runner") and case.truth == PASS and seen.complete
    success = seen.verdict in SUCCESS or seen.status == 0 or (seen.green and not told_in_time)
    if success and not seen.complete and not _need_not_be_complete(case):
        yield "false passes", f"{seen.verdict or 'nothing'}, status {seen.status}, and not every row was answered and graded"
    elif success and not may & SUCCESS:
        yield "false passes", f"{seen.verdict or 'nothing'}, status {seen.status}, where only {_words(may)} is right"
    if FAIL not in may and (seen.verdict == FAIL or seen.status == 1 or seen.blamed):
        yield "false regressions", f"{seen.verdict or 'nothing'}, status {seen.status}, {_words(seen.blamed)}, where only {_words(may)} is right"
    if seen.verdict not in may and not (success and not may & SUCCESS) and seen.verdict != FAIL:
        yield "other verdicts", f"{seen.verdict or 'nothing'} where only {_words(may)} is right"
    if seen.status not in statuses(case, seen):
        yield "other statuses", f"status {seen.status} with {seen.verdict or 'no verdict'}"
    if seen.verdict != FAIL and "".join(may) == FAIL:
        yield "false passes" if success else "other verdicts", "a failure was not seen"
    if seen.healed not in (after := _after(case)):
        counts = "false passes" if seen.healed in SUCCESS else "false regressions" if seen.healed == FAIL else "other verdicts"
        yield counts, f"{seen.healed or 'nothing'} afterwards, without the fault, where only {_words(after)} is right"
    yield from (("keys leaked", place) for place in seen.leaks)
    if seen.lost:
        yield "paid answers lost", f"{seen.lost} answers were paid for again"
    if seen.duplicates:
        yield "duplicate comments", f"{seen.duplicates} comments too many"
    yield from (("anything else", what) for what in seen.wrong)


def _after(case: Case) -> frozenset[str]:
    """The verdict of the same run without the fault; what a model said stays said, and a commit that is the baseline by now is not measured again."""
    if case.family in ("provider", "interfaces") and kind_of(case.boundary, case.fault) is Kind.SAID:
        return _provider(case)
    if case.family in ("harvest", "monitor"):
        return frozenset({PASS if case.family == "harvest" else "not_applicable"})
    unchanged = case.phase.endswith("at a push") and case.truth == PASS
    return frozenset({case.truth, "not_applicable"} if unchanged else {case.truth})


def _words(some: frozenset[str]) -> str:
    return " or ".join(sorted(word or "no word" for word in some)) or "no blame"
