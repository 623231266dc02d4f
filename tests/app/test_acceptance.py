from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from evalbot.app.acceptance import Accepted, acceptance, approvals_of_head, fork_approved, self_accepting
from evalbot.domain.policy import Approvals
from evalbot.domain.pulls import Comment, Permission, Repository, Review

HEAD, OLD = "7be03f1" + "1" * 33, "a41c9e2" + "0" * 33
AUTHOR = "ada"
POLICY = Approvals(given=True)
ORG = Repository("org/bot", "main", private=False, owned_by_user=False, owner="org")
SOLO = Repository("ada/bot", "main", private=False, owned_by_user=True, owner="ada")
WRITERS = {"ada", "ben", "cleo", "dan", "eve", "helper[bot]", ""}


def permission(login: str) -> Permission:
    return Permission.WRITE if login.casefold() in WRITERS else Permission.READ


def reviews(*given: tuple[str, str, str]) -> list[Review]:
    """Author, state and sha of each, one a minute."""
    return [Review(author, state, sha, f"2026-11-23T10:{minute:02}:00Z") for minute, (author, state, sha) in enumerate(given)]


def comments(*given: tuple[str, str]) -> list[Comment]:
    """Author and body of each."""
    return [Comment(10 + i, author, body, f"2026-11-23T11:{i:02}:00Z", url=f"https://github.com/c/{10 + i}") for i, (author, body) in enumerate(given)]


def accepted(
    given: list[Comment], findings: str | None = "0a1b2c3d", approvals: Approvals = POLICY, repository: Repository = ORG,
    may: Callable[[str], Permission] = permission,
) -> Accepted | None:  # fmt: skip
    return acceptance(given, findings, AUTHOR, approvals, repository, may)


def by(author: str, findings: str = "0a1b2c3d") -> tuple[str, str]:
    return author, f'/evalbot accept {findings} "known, see the notes"'


# ---- approvals


@pytest.mark.parametrize(
    ("given", "count"),
    [
        ([], 0),
        ([("ben", "APPROVED", HEAD)], 1),
        ([("ben", "APPROVED", HEAD), ("cleo", "APPROVED", HEAD)], 2),
        ([("ben", "APPROVED", HEAD), ("BEN", "APPROVED", HEAD)], 1),
        ([("ben", "approved", HEAD)], 1),
        ([("ben", "APPROVED", OLD)], 0),
        ([("ben", "APPROVED", HEAD[:7])], 0),
        ([("ben", "APPROVED", "")], 0),
        ([("ben", "APPROVED", OLD), ("ben", "APPROVED", HEAD)], 1),
        ([("ben", "APPROVED", HEAD), ("ben", "CHANGES_REQUESTED", HEAD)], 0),
        ([("ben", "CHANGES_REQUESTED", OLD), ("ben", "APPROVED", HEAD)], 1),
        ([("ben", "APPROVED", HEAD), ("ben", "COMMENTED", HEAD)], 1),
        ([("ben", "APPROVED", HEAD), ("ben", "PENDING", HEAD)], 1),
        ([("ben", "DISMISSED", HEAD)], 0),
        ([("ben", "APPROVED", HEAD), ("ben", "DISMISSED", HEAD)], 0),
        ([("ben", "COMMENTED", HEAD)], 0),
        ([("ada", "APPROVED", HEAD), ("Ada", "APPROVED", HEAD)], 0),
        ([("reader", "APPROVED", HEAD)], 0),
        ([("helper[bot]", "APPROVED", HEAD)], 0),
        ([("", "APPROVED", HEAD)], 0),
    ],
)
def test_an_approval_is_the_latest_word_of_a_writer_on_exactly_this_head(given: list[tuple[str, str, str]], count: int) -> None:
    assert approvals_of_head(reviews(*given), HEAD, AUTHOR, permission) == count


def test_the_latest_review_is_the_one_given_last_in_whatever_order_they_come() -> None:
    given = reviews(("ben", "APPROVED", HEAD), ("ben", "CHANGES_REQUESTED", HEAD))
    assert approvals_of_head(reversed(given), HEAD, AUTHOR, permission) == 0


def test_without_a_head_nothing_is_approved() -> None:
    assert approvals_of_head(reviews(("ben", "APPROVED", "")), "", AUTHOR, permission) == 0


def test_no_permission_is_asked_for_that_does_not_matter() -> None:
    asked: list[str] = []

    def asking(login: str) -> Permission:
        asked.append(login)
        return permission(login)

    given = reviews(("reader", "COMMENTED", HEAD), ("cleo", "APPROVED", OLD), ("ben", "APPROVED", HEAD), ("dan", "APPROVED", HEAD), ("eve", "APPROVED", HEAD))
    assert approvals_of_head(given, HEAD, AUTHOR, asking, enough=2) == 2
    assert asked == ["ben", "dan"]


# ---- acceptances


def test_a_writer_accepts_exactly_these_findings() -> None:
    found = accepted(comments(("reader", "nice"), by("ben")))
    assert found == Accepted("ben", "known, see the notes", 11, "https://github.com/c/11", "2026-11-23T11:01:00Z")


@pytest.mark.parametrize(
    "given",
    [
        [],
        [by("reader")],
        [by("helper[bot]")],
        [by("")],
        [by("ada")],
        [by("Ada")],
        [by("ben", "ffffffff")],
        [("ben", '> /evalbot accept 0a1b2c3d "quoted"')],
        [("ben", '```\n/evalbot accept 0a1b2c3d "fenced"\n```')],
        [("ben", "/evalbot accept 0a1b2c3d")],
        [("ben", "/evalbot rerun")],
    ],
)
def test_CMD_01_everything_else_accepts_nothing(given: list[tuple[str, str]]) -> None:
    assert accepted(comments(*given)) is None


def test_CMD_02_an_id_of_another_head_or_key_is_passed_over_in_silence() -> None:
    assert accepted(comments(by("ben", "11111111"), by("cleo"))) is not None
    assert accepted(comments(by("ben", "11111111"))) is None


def test_CMD_04_an_edited_comment_accepts_nothing() -> None:
    assert accepted([replace(comments(by("ben"))[0], edited=True)]) is None


def test_CMD_05_a_bot_with_write_access_accepts_nothing() -> None:
    assert accepted([replace(comments(by("ben"))[0], bot=True)]) is None


def test_CMD_08_nothing_is_accepted_where_nothing_acceptable_blocks() -> None:
    assert accepted(comments(by("ben")), None) is None
    assert accepted(comments(by("ben")), "") is None


@pytest.mark.parametrize("level", list(Permission))
def test_CMD_01_permission_comes_from_the_api(level: Permission) -> None:
    found = accepted(comments(by("zoe")), may=lambda _: level)
    assert (found is not None) is (level in (Permission.ADMIN, Permission.MAINTAIN, Permission.WRITE))


def test_each_person_s_permission_is_asked_once_and_only_for_these_findings() -> None:
    asked: list[str] = []

    def asking(login: str) -> Permission:
        asked.append(login)
        return Permission.READ

    given = [by("reader"), by("reader"), by("ben", "ffffffff"), ("cleo", "hello"), by("ada")]
    assert accepted(comments(*given), may=asking) is None
    assert asked == ["reader"]


def test_the_author_accepts_where_policy_lets_the_author() -> None:
    found = accepted(comments(by("ada")), approvals=Approvals(accept_by_author=True, given=True))
    assert found is not None
    assert not found.clears_approvals


# ---- a person's own repository


def test_an_owner_alone_accepts_their_own_and_clears_approvals_too() -> None:
    found = accepted(comments(by("Ada")), approvals=Approvals(), repository=SOLO)
    assert found is not None
    assert found.clears_approvals


@pytest.mark.parametrize(
    ("approvals", "repository", "author"),
    [
        (POLICY, SOLO, "ada"),
        (Approvals(), ORG, "ada"),
        (Approvals(), replace(ORG, owner="ada"), "ada"),
        (Approvals(), SOLO, "ben"),
    ],
)
def test_nobody_else_answers_alone(approvals: Approvals, repository: Repository, author: str) -> None:
    assert not self_accepting(author, approvals, repository)
    assert acceptance(comments(by(author)), "0a1b2c3d", author, approvals, repository, permission) is None


def test_another_writer_s_acceptance_in_a_person_s_repository_clears_no_approvals() -> None:
    found = accepted(comments(by("ben")), approvals=Approvals(), repository=SOLO)
    assert found is not None
    assert not found.clears_approvals


def test_in_a_person_s_repository_too_the_owner_needs_write_access_by_the_api() -> None:
    assert accepted(comments(by("ada")), approvals=Approvals(), repository=SOLO, may=lambda _: Permission.NONE) is None


# ---- forks


def test_a_fork_s_head_is_let_in_by_a_writer_s_word() -> None:
    assert fork_approved(comments(("reader", "please"), ("ben", f"/evalbot run {HEAD}")), HEAD, permission)


@pytest.mark.parametrize(
    ("author", "body"),
    [
        ("ben", f"/evalbot run {OLD}"),
        ("ben", f"/evalbot run {HEAD[:7]}"),
        ("ben", f"> /evalbot run {HEAD}"),
        ("ben", "/evalbot rerun"),
        ("reader", f"/evalbot run {HEAD}"),
        ("helper[bot]", f"/evalbot run {HEAD}"),
    ],
)
def test_TOC_01_a_fork_s_head_stays_out_without_it(author: str, body: str) -> None:
    assert not fork_approved(comments((author, body)), HEAD, permission)


def test_a_fork_without_comments_or_without_a_head_stays_out() -> None:
    assert not fork_approved([], HEAD, permission)
    assert not fork_approved(comments(("ben", "/evalbot run ")), "", permission)


def test_CMD_04_an_edited_or_a_bot_s_comment_lets_no_fork_in() -> None:
    said = comments(("ben", f"/evalbot run {HEAD}"))[0]
    assert not fork_approved([replace(said, edited=True), replace(said, bot=True)], HEAD, permission)
