"""A case of the fault matrix: what breaks, where, on which side, in which partition, in which phase of the run."""

from __future__ import annotations

from dataclasses import dataclass

NOWHERE = "-"  # a fault that has no side or no partition: GitHub's routes, files of the report


@dataclass(frozen=True)
class Case:
    """One fault that is injected into one run.

    Args:
        family: "provider", "github" or "machine".
        boundary: Where it strikes: "answer", "judge", "embedding", a route of GitHub's API, or a file that is written.
        side: "base" or "head", as far as the boundary has sides; `partition` likewise.
        phase: When it strikes. What is said of a phase stands beside the family's axes.
        planted: Whether head really is worse.
    """

    family: str
    fault: str
    boundary: str
    side: str
    partition: str
    phase: str
    planted: bool

    @property
    def distinct(self) -> tuple[str, ...]:
        """What makes it another fault than the others; whether head is worse does not."""
        return self.family, self.fault, self.boundary, self.side, self.partition, self.phase

    @property
    def truth(self) -> str:
        """The verdict of the same run without the fault."""
        return "fail" if self.planted else "pass"

    def __str__(self) -> str:
        return " × ".join(self.distinct) + (" × worse" if self.planted else " × same")


@dataclass(frozen=True)
class Seen:
    """What a case left behind.

    Args:
        fired: How often the fault was injected, as the loopback server or the wrapper counted it.
        verdict: Of the run with the fault; "" where it ended without one.
        status: Its exit status, negative where a signal ended it.
        complete: Whether the servers gave an answer and a grade to every row of both sides before the faulty run had ended.
        blamed: Rules of its findings that block and speak of head's quality, and "conclusion" for a concluded regression.
        green: Whether anything that it left says success.
        healed: The verdict of the same run afterwards, without the fault.
        lost: Answers that were paid for and had to be asked for again, beyond what was in flight.
        leaks: Where pieces of a key were found.
        duplicates: Comments of the bot on the pull request beyond the first.
        wrong: What else is not as it must be, a line each.
    """

    fired: int
    verdict: str
    status: int
    complete: bool = True
    blamed: frozenset[str] = frozenset()
    green: bool = False
    healed: str = ""
    lost: int = 0
    leaks: tuple[str, ...] = ()
    duplicates: int = 0
    wrong: tuple[str, ...] = ()
