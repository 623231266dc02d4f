"""What one event asks evalbot to do: a frozen value for each kind of work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

DEPENDABOT = "dependabot[bot]"


@dataclass(frozen=True, slots=True)
class CheckPull:
    """Compare a pull request's head with its merge base.

    Shas are the event's own and pin what is measured; both are empty where the event names only the number (a comment under
    an explicit `command: check`): ask GitHub. `fork` is also True for what gets a fork's token: Dependabot. `target` is
    True for `pull_request_target`, where the workspace is base's and head must not be checked out. `before` is the head that
    a push replaced.
    """

    number: int
    author: str
    base_ref: str = ""
    base_sha: str = ""
    head_sha: str = ""
    head_repository: str | None = None
    fork: bool = True
    target: bool = False
    before: str = ""

    @property
    def dependabot(self) -> bool:
        """Whether Dependabot wrote it: its runs see Dependabot secrets only."""
        return self.author == DEPENDABOT


@dataclass(frozen=True, slots=True)
class Recompute:
    """A review came or went: the verdict anew from stored results; no model call."""

    number: int
    head_sha: str


@dataclass(frozen=True, slots=True)
class CheckMergeGroup:
    """Compare what a merge queue built with what it stands on. `number` is of the group's last pull request, where known."""

    base_sha: str
    head_sha: str
    number: int | None
    base_ref: str = ""


@dataclass(frozen=True, slots=True)
class RunCommand:
    """A new comment on a pull request; whether it is a command at all is for its grammar to say."""

    number: int
    comment_id: int
    author: str
    bot: bool
    body: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Another workflow's run has ended: write what it could not. Everything but these fields is asked of GitHub.

    `event` is what had started that run, `workflow` its file (empty where the event does not say), `conclusion` one of
    GitHub's words, `head_repository` None where the fork is gone, `actor` who set it off.
    """

    run_id: int
    head_sha: str
    head_repository: str | None
    conclusion: str | None
    event: str
    workflow: str = ""
    actor: str = ""


@dataclass(frozen=True, slots=True)
class RunSuite:
    """Evaluate one commit. `sha` is empty where the event names only `ref`; both empty: the commit of GITHUB_SHA.

    `always`: also where nothing changed since the baseline, with fresh answers. `stores`: a pass becomes the baseline.
    `by_default_branch`: the default branch's tip rules, else the commit itself.
    """

    sha: str
    ref: str
    always: bool = False
    stores: bool = False
    by_default_branch: bool = False


@dataclass(frozen=True, slots=True)
class CheckRefs:
    """Compare two revisions that a person named. `head` is empty for the commit of GITHUB_SHA."""

    base: str
    head: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """Turn production failures into a proposal."""


@dataclass(frozen=True, slots=True)
class Monitor:
    """Look at production quality over time."""


@dataclass(frozen=True, slots=True)
class Nothing:
    """Exit 0 with a notice: one line of plain text, without words of others."""

    notice: str


Activity: TypeAlias = (
    CheckPull | Recompute | CheckMergeGroup | RunCommand | Publish | RunSuite | CheckRefs | Harvest | Monitor | Nothing
)
