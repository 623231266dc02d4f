"""The sticky comment against the loopback GitHub: found, created once, updated in place."""

from __future__ import annotations

import pytest

from evalbot.domain.pulls import Refused
from tests.adapters.github.asking import BODY, MARKER, Time, client
from tests.github_server import GitHubServer

BOT = "github-actions[bot]"


def test_a_comment_is_created_then_updated_in_place(server: GitHubServer) -> None:
    first = client(server).write_comment(7, MARKER, BODY)
    second = client(server).write_comment(7, MARKER, BODY + "\nagain")
    assert (first.id, first.author, first.bot) == (second.id, BOT, True)
    assert [comment.body for comment in server.comments(7)] == [BODY + "\nagain"]


def test_an_unchanged_body_is_not_written_again(server: GitHubServer) -> None:
    client(server).write_comment(7, MARKER, BODY + "\n")
    server.comments(7)[0].body = BODY.replace("\n", "\r\n")
    client(server).write_comment(7, MARKER, BODY + "\n")
    assert server.asked("PATCH", "") == []


def test_a_comment_that_was_written_once_is_not_looked_for_again(server: GitHubServer) -> None:
    github = client(server)
    github.write_comment(7, MARKER, BODY)
    asked = len(server.requests)
    github.write_comment(7, MARKER, BODY + " and worse")
    assert [request.method for request in server.requests[asked:]] == ["PATCH"]
    server.said.clear()
    github.write_comment(7, MARKER, BODY)
    assert [comment.body for comment in server.comments(7)] == [BODY]


def test_ours_is_found_behind_four_hundred_others(server: GitHubServer) -> None:
    for n in range(400):
        server.say(7, "bob", f"comment {n}")
    ours = server.say(7, BOT, BODY)
    github = client(server)
    assert github.write_comment(7, MARKER, f"{MARKER}\nnew").id == ours.id
    assert github.calls == 7  # five pages, who we are, the change


def test_only_our_own_comment_with_exactly_this_first_line_is_ours(server: GitHubServer) -> None:
    server.say(7, "mallory", BODY)
    server.say(7, BOT, f"quoted:\n{BODY}")
    server.say(7, BOT, f"{MARKER} and more\n")
    server.say(7, BOT, BODY.replace("default", "other"))
    ours = server.say(7, BOT, BODY)
    server.say(7, BOT, BODY)
    assert client(server).own_comment(7, MARKER).id == ours.id


def test_nothing_is_ours_where_there_are_no_comments(server: GitHubServer) -> None:
    assert client(server).own_comment(7, MARKER) is None
    assert list(client(server).comments(7)) == []
    assert server.asked("GET", "^/user$") == []


def test_a_user_s_token_writes_in_the_user_s_name(server: GitHubServer) -> None:
    server.identity = "acme-bot"
    server.say(7, BOT, BODY)
    mine = server.say(7, "acme-bot", BODY)
    assert client(server).own_comment(7, MARKER).id == mine.id


def test_another_app_s_token_is_known_by_the_check_that_it_wrote(server: GitHubServer) -> None:
    from evalbot.domain.pulls import CheckPage

    server.identity, server.app = "gatekeeper[bot]", "gatekeeper"
    mine = server.say(7, "gatekeeper[bot]", BODY)
    github = client(server)
    github.start_check(server.repo.sha("feature"), "evalbot", CheckPage("t", "s"), "evalbot:1:1")
    assert github.own_comment(7, MARKER).id == mine.id
    assert server.asked("GET", "^/user$") == []


def test_edited_comments_and_bots_are_told_apart(server: GitHubServer) -> None:
    server.edit(server.say(7, "bob", "/evalbot accept 12345678").id, "/evalbot accept 87654321")
    server.say(7, BOT, "hello")
    assert [(c.author, c.edited, c.bot) for c in client(server).comments(7)] == [("bob", True, False), (BOT, False, True)]


def test_a_reaction_twice_is_one(server: GitHubServer) -> None:
    comment = server.say(7, "bob", "/evalbot help")
    github = client(server)
    github.react(comment.id, "eyes")
    github.react(comment.id, "eyes")
    github.react(comment.id, "rocket")
    assert comment.reactions == [(BOT, "eyes"), (BOT, "rocket")]


def test_half_a_surrogate_pair_is_sent_as_a_question_mark(server: GitHubServer) -> None:
    client(server).write_comment(7, MARKER, f"{BODY} \ud800!")
    assert server.comments(7)[0].body == f"{BODY} ?!"


def test_a_body_without_its_marker_gets_it(server: GitHubServer) -> None:
    client(server).write_comment(7, MARKER, "hello")
    assert server.comments(7)[0].body == f"{MARKER}\nhello"


# GH-01, GH-02: lost answers


@pytest.mark.parametrize("how", ["lost response", "lost connection"])
def test_gh_01_a_comment_that_was_stored_but_answered_502_is_not_posted_again(server: GitHubServer, how: str, time: Time) -> None:
    server.fail("POST", "/comments$", how)
    written = client(server, time).write_comment(7, MARKER, BODY)
    assert [comment.id for comment in server.comments(7)] == [written.id]
    assert len(server.asked("POST", "/comments$")) == 1


def test_gh_01_a_comment_that_was_not_stored_is_posted_again(server: GitHubServer, time: Time) -> None:
    server.fail("POST", "/comments$", 502, times=2)
    client(server, time).write_comment(7, MARKER, BODY)
    assert len(server.comments(7)) == 1
    assert len(server.asked("POST", "/comments$")) == 3


def test_gh_02_an_update_that_failed_twice_is_repeated(server: GitHubServer, time: Time) -> None:
    ours = server.say(7, BOT, f"{MARKER}\nold")
    server.fail("PATCH", "/comments/", 502, times=2)
    client(server, time).write_comment(7, MARKER, BODY)
    assert (ours.body, ours.edits) == (BODY, 1)
    assert time.waits == [1.0, 2.0]


def test_two_runs_that_create_at_once_leave_one_comment(server: GitHubServer) -> None:
    server.on("POST", "/comments$", lambda: server.say(7, BOT, f"{MARKER}\nthe other run's"))
    written = client(server).write_comment(7, MARKER, BODY)
    assert [(c.id, c.body) for c in server.comments(7)] == [(written.id, BODY)]


# GH-13: each no


@pytest.mark.parametrize("status", [403, 410, 422, 451])
def test_gh_13_a_no_is_one_line_and_never_asked_again(server: GitHubServer, status: int, time: Time) -> None:
    server.fail("POST", "/comments$", status, body={"message": "Not\r\n now"})
    with pytest.raises(Refused) as caught:
        client(server, time).write_comment(7, MARKER, BODY)
    assert str(caught.value) == f"GitHub refused to write the comment: Not now ({status})."
    assert (caught.value.status, caught.value.too_long) == (status, False)
    assert (len(server.writes), time.waits) == (1, [])


def test_gh_13_a_pull_request_that_is_gone_is_a_no(server: GitHubServer) -> None:
    with pytest.raises(Refused, match=r"Not Found \(404\)"):
        client(server).write_comment(99, MARKER, BODY)


@pytest.mark.parametrize("body", ["x" * 65_537, "💥" * 65_535], ids=["characters", "bytes"])
def test_gh_13_a_body_that_is_too_long_says_so(server: GitHubServer, body: str) -> None:
    server.comment_bytes = 200_000
    with pytest.raises(Refused, match=r"Validation Failed: Body is too long \(maximum is 65536 characters\) \(422\)") as caught:
        client(server).write_comment(7, MARKER, body)
    assert caught.value.too_long
    assert len(server.writes) == 1


# MD-13, MD-14: what others do to it


def test_md_13_another_workflow_s_comment_with_our_marker_is_at_worst_overwritten(server: GitHubServer) -> None:
    forged = server.say(7, BOT, f"{MARKER}\n<!-- evalbot:state verdict=pass -->")
    client(server).write_comment(7, MARKER, BODY)
    assert forged.body == BODY


def test_md_14_a_deleted_comment_is_written_anew_also_when_it_goes_meanwhile(server: GitHubServer) -> None:
    ours = server.say(7, BOT, f"{MARKER}\nold")
    server.on("PATCH", "", lambda: server.said.pop(ours.id))
    written = client(server).write_comment(7, MARKER, BODY)
    assert [comment.id for comment in server.comments(7)] == [written.id]


def test_md_14_a_minimised_comment_is_left_alone(server: GitHubServer) -> None:
    folded = server.say(7, BOT, f"{MARKER}\nold")
    folded.minimized = "outdated"
    written = client(server).write_comment(7, MARKER, BODY)
    assert written.id != folded.id
    assert folded.body == f"{MARKER}\nold"


def test_md_14_a_locked_conversation_refuses(server: GitHubServer) -> None:
    server.pulls[7].locked = True
    with pytest.raises(Refused, match="because issue is locked"):
        client(server).write_comment(7, MARKER, BODY)
    server.say(7, BOT, f"{MARKER}\nold")
    with pytest.raises(Refused, match="because issue is locked"):
        client(server).write_comment(7, MARKER, BODY)


def test_md_14_an_edited_comment_is_overwritten(server: GitHubServer) -> None:
    ours = server.say(7, BOT, BODY)
    server.edit(ours.id, f"{MARKER}\nAll is well!")
    client(server).write_comment(7, MARKER, BODY)
    assert ours.body == BODY


def test_a_comment_that_is_there_and_not_to_be_edited_gets_no_second_one_beside_it(server: GitHubServer) -> None:
    client(server).write_comment(7, MARKER, BODY)
    server.fail("PATCH", "/issues/comments/", 404, times=9)
    with pytest.raises(Refused, match="404"):
        client(server).write_comment(7, MARKER, BODY + " and worse")
    assert len(server.comments(7)) == 1
