"""The port through which a harvest proposes: one branch and one pull request a suite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from evalbot.domain.ports import Snapshot

State = Literal["none", "open", "merged", "closed"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a proposal: the newest pull request from its branch, and where the branch stands ("" without one).

    `head` is the commit that the pull request ended or stands on.
    """

    state: State = "none"
    number: int = 0
    head: str = ""
    tip: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A pull request to be: one file changed in one commit on top of `onto`."""

    branch: str
    onto: str
    path: str
    text: str
    title: str
    body: str
    labels: tuple[str, ...] = ("evalbot", "regression-proposal")


class Proposals(Protocol):
    """Where proposals are made.

    Raises:
        Refused: There is no permission to write.
        CouldNotRun: It could not be reached.
    """

    def public(self) -> bool | None:
        """Whether anybody may read what is proposed; None where that cannot be known."""

    def default(self) -> tuple[str, Snapshot]:
        """The default branch's tip and its files."""

    def standing(self, branch: str) -> Standing:
        """What there is of a proposal."""

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit."""

    def propose(self, draft: Draft, standing: Standing) -> Standing:
        """Write the branch anew and open the pull request, or update the open one; never a second one."""

    def close(self, standing: Standing, comment: str) -> None:
        """Close the open pull request, saying why."""
