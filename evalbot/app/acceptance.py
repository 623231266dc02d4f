"""Who let what through: approvals, acceptances and approved forks, read anew each run from reviews and comments."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from evalbot.app.commands import Accept, Command, Malformed, NotForUs, Run, parse
from evalbot.domain.policy import Approvals
from evalbot.domain.pulls import Comment, Permission, Repository, Review

Permissions = Callable[[str], Permission]
"""What a person (by login) may do in the repository; asked of the permission API, at most once each."""

# A comment beside an approval leaves it standing; a pending review is not given yet.
_DECIDES = frozenset({"APPROVED", "CHANGES_REQUESTED", "DISMISSED"})


@dataclass(frozen=True, slots=True)
class Accepted:
    """An acceptance that counts.

    `clears_approvals`: it also stands for the approvals of edits and policy (the "self-accepted" of a repository that
    belongs to one person).
    """

    by: str
    reason: str
    comment: int
    url: str
    at: str
    clears_approvals: bool = False


def approvals_of_head(
    reviews: Iterable[Review], head_sha: str, author: str, permission: Permissions, *, enough: int | None = None
) -> int:
    """How many people with write access, other than the author and bots, approve exactly this head.

    Of each person's reviews the latest counts that approves, requests changes or was dismissed.

    Args:
        enough: Stop counting here, so that no more permissions are asked for than matter.
    """
    latest: dict[str, Review] = {}
    for review in sorted(reviews, key=lambda review: review.submitted_at):
        if review.state.upper() in _DECIDES:
            latest[_same(review.author)] = review
    approving = [
        review for review in latest.values()
        if review.state.upper() == "APPROVED" and head_sha and review.sha == head_sha and _a_person(review.author)
        and _same(review.author) != _same(author)
    ]  # fmt: skip
    count = 0
    for review in approving:
        if enough is not None and count >= enough:
            break
        count += permission(review.author).writes
    return count


def acceptance(
    comments: Iterable[Comment], findings_id: str | None, author: str, approvals: Approvals, repository: Repository,
    permission: Permissions,
) -> Accepted | None:  # fmt: skip
    """The first acceptance of exactly these findings, if somebody who may has given one.

    Everything else is passed over in silence: other ids (stale, or another key's), edited comments, bots, people without
    write access, the author (unless the policy lets the author accept, or the author is the owner and there is no policy).

    Args:
        findings_id: What the run's comment prints (`evalbot.report.accepting.findings_id`); None accepts nothing.
    """
    if not findings_id:
        return None
    may, own = cache(permission), self_accepting(author, approvals, repository)
    for comment, command in _commands(comments):
        if not isinstance(command, Accept) or command.id != findings_id:
            continue
        by_author = _same(comment.author) == _same(author)
        if (not by_author or approvals.accept_by_author or own) and may(comment.author).writes:
            return Accepted(comment.author, command.reason, comment.id, comment.url, comment.created_at, own and by_author)
    return None


def self_accepting(author: str, approvals: Approvals, repository: Repository) -> bool:
    """Whether the author of a pull request answers for it alone: a person's own repository without an `approvals` policy."""
    return not approvals.given and repository.owned_by_user and _same(author) == _same(repository.owner)


def fork_approved(comments: Iterable[Comment], head_sha: str, permission: Permissions) -> bool:
    """Whether somebody with write access has said `/evalbot run` of exactly this head, in a comment never edited since.

    A maintainer may do so on a fork of their own: with write access they could push the same commit as a branch.
    """
    may = cache(permission)
    return bool(head_sha) and any(
        isinstance(command, Run) and command.sha == head_sha and may(comment.author).writes
        for comment, command in _commands(comments)
    )


def _commands(comments: Iterable[Comment]) -> Iterator[tuple[Comment, Command]]:
    """The commands among comments that still say what a person said at first, oldest first."""
    for comment in comments:
        if comment.edited or comment.bot or not _a_person(comment.author):
            continue
        command = parse(comment.body)
        if not isinstance(command, NotForUs | Malformed):
            yield comment, command


def _a_person(login: str) -> bool:
    return bool(login) and not login.casefold().endswith("[bot]")


def _same(login: str) -> str:
    """Logins differ by more than case."""
    return login.casefold()
