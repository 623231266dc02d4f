"""Pull requests, their comments, reviews and checks, as far as evalbot reads and writes them; and the port behind them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, Protocol

from evalbot.domain.history import History
from evalbot.domain.ports import Snapshot

CheckStatus = Literal["queued", "in_progress", "completed"]
CheckConclusion = Literal["success", "failure", "cancelled"]  # neutral and skipped pass a required check: never used


class Permission(StrEnum):
    """What a person may do in the repository, by the permission API."""

    ADMIN = "admin"
    MAINTAIN = "maintain"
    WRITE = "write"
    TRIAGE = "triage"
    READ = "read"
    NONE = "none"

    @property
    def writes(self) -> bool:
        """Whether it is write access or more."""
        return self in (Permission.ADMIN, Permission.MAINTAIN, Permission.WRITE)


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository that evalbot works for. `owned_by_user` is False for an organisation's."""

    name: str
    default_branch: str
    private: bool
    owned_by_user: bool
    owner: str


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request as it stands now. `head_repository` is None where the fork is gone."""

    number: int
    author: str
    base_ref: str
    base_sha: str
    head_ref: str
    head_sha: str
    head_repository: str | None
    repository: str
    open: bool = True

    @property
    def fork(self) -> bool:
        """Whether head lives in another repository: its author has no say over ours."""
        return self.head_repository != self.repository


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment on a pull request. Times are ISO 8601; `edited` comments say what their author did not say at first.

    `minimized` ones were folded away by a person; False where the server does not say.
    """

    id: int
    author: str
    body: str
    created_at: str
    edited: bool = False
    bot: bool = False
    url: str = ""
    minimized: bool = False


@dataclass(frozen=True, slots=True)
class Review:
    """A review: `state` is APPROVED, CHANGES_REQUESTED, COMMENTED or DISMISSED, on the commit `sha`."""

    author: str
    state: str
    sha: str
    submitted_at: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue of ours; `body` begins with the marker by which it is found again."""

    number: int
    author: str
    title: str
    body: str
    url: str = ""
    open: bool = True


@dataclass(frozen=True, slots=True)
class Annotation:
    """A note on lines of a file of the head commit."""

    path: str
    start_line: int
    end_line: int
    level: Literal["notice", "warning", "failure"]
    title: str
    message: str


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check on a commit. `external_id` names the workflow run that wrote it, `evalbot:<run>:<attempt>` first of all.

    `annotations` counts those it has already: GitHub can add to them and never takes one away. `pulls` are open pull
    requests of this head as far as GitHub says them with the check (never a fork's): number and base branch.
    """

    id: int
    name: str
    sha: str
    status: CheckStatus
    conclusion: str | None = None
    external_id: str = ""
    url: str = ""
    annotations: int = 0
    title: str = ""
    summary: str = ""
    text: str = ""
    started_at: str = ""
    pulls: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class CheckPage:
    """What a check shows: title, Markdown summary and text (at most 65,535 characters each) and any number of annotations."""

    title: str
    summary: str
    annotations: tuple[Annotation, ...] = ()
    text: str = ""


class Refused(Exception):  # noqa: N818 - reads as what happened
    """GitHub answered no (403, 404, 410, 422 …) to one write; the run goes on, and its verdict does not change.

    Args:
        message: One line for a person: what was refused, why, and which permission would help.
        status: The HTTP status, where there was one.
        too_long: The text was over a limit; a shorter one may be accepted.
    """

    def __init__(self, message: str, status: int | None = None, *, too_long: bool = False) -> None:
        self.status, self.too_long = status, too_long
        super().__init__(message)


class GitHub(Protocol):
    """One repository on GitHub. Every call is bounded in time and retries; writes are read back before they are repeated.

    Raises:
        Refused: A write was answered with no.
        CouldNotRun: GitHub did not answer at all, or a read failed for good.
    """

    def repository(self) -> Repository:
        """The repository."""

    def pull(self, number: int) -> PullRequest:
        """A pull request, fresh."""

    def pulls_with_head(self, sha: str) -> Sequence[PullRequest]:
        """Open pull requests whose head is this commit."""

    def head_sha(self, number: int, *, watch: bool = False) -> str:
        """The head commit of a pull request, fresh. `watch`: one of the many looks during a long run, counted apart."""

    def comments(self, number: int) -> Iterator[Comment]:
        """All comments, oldest first, over all pages."""

    def write_comment(self, number: int, marker: str, body: str) -> Comment:
        """Create or update our own comment whose first line is `marker`; exactly one exists afterwards."""

    def own_comment(self, number: int, marker: str) -> Comment | None:
        """Our own comment with this first line, the oldest if there are several."""

    def edit_comment(self, comment: Comment, body: str) -> Comment:
        """Put another text in place of a comment of ours."""

    def react(self, comment: int, content: Literal["eyes", "rocket", "-1", "+1"]) -> None:
        """A reaction on a comment."""

    def reviews(self, number: int) -> Sequence[Review]:
        """All reviews, oldest first."""

    def permission(self, login: str) -> Permission:
        """What a person may do here."""

    def checks(self, sha: str, name: str) -> Sequence[CheckRun]:
        """Checks of this name on a commit that this token's app wrote, newest first."""

    def start_check(self, sha: str, name: str, page: CheckPage, external_id: str) -> CheckRun:
        """A check `in_progress`."""

    def conclude_check(self, check: CheckRun, conclusion: CheckConclusion, page: CheckPage, external_id: str = "") -> CheckRun:
        """Conclude a check (again); an `external_id` replaces its own."""

    def hurry(self, seconds: float) -> None:
        """The job is being stopped: from now on every request is tried once, and none begins after so many seconds."""

    def own_issue(self, marker: str, labels: Sequence[str]) -> Issue | None:
        """Our open issue whose first line is `marker`, the oldest if there are several."""

    def own_issues(self, begins: str, labels: Sequence[str]) -> Sequence[Issue]:
        """Our open issues whose first line begins so."""

    def write_issue(self, marker: str, title: str, body: str, labels: Sequence[str]) -> Issue:
        """Open or update our issue with this marker; exactly one is open afterwards."""

    def close_issue(self, issue: Issue, body: str) -> Issue:
        """Close an issue of ours, with these last words."""

    def history(self) -> History:
        """What evalbot remembers between runs."""

    def run_is_active(self, run: str) -> bool:
        """Whether the workflow run with this id has not completed yet."""

    def tip(self, branch: str, head: str = "") -> str:
        """The commit that a branch stands on now; with `head`, their merge base is known afterwards without another request."""

    def merge_base(self, base: str, head: str) -> str:
        """The merge base of two commits."""

    def changed_paths(self, base: str, head: str) -> Sequence[str] | None:
        """Paths that differ between two commits; None where the list is not complete."""

    def tree(self, sha: str) -> Snapshot:
        """The files of a commit by the API, without a checkout."""

    def artifact(self, name: str, workflow: str) -> bytes | None:
        """The newest unexpired artifact of this name (a zip) that a run of our own repository and workflow left."""
