"""Check runs against the loopback GitHub."""

from __future__ import annotations

import pytest

from evalbot.domain.pulls import Annotation, CheckPage, Refused
from tests.adapters.github.asking import Time, client
from tests.github_server import GitHubServer

RUN = "evalbot:42:1"
PAGE = CheckPage("Evaluating", "3 prompts")


def notes(count: int) -> tuple[Annotation, ...]:
    return tuple(Annotation("prompts/a.md", n + 1, n + 1, "warning", "Worse", f"note {n}") for n in range(count))


def head(server: GitHubServer) -> str:
    return server.repo.sha("feature")


def test_a_check_starts_in_progress_and_is_concluded(server: GitHubServer) -> None:
    github = client(server)
    started = github.start_check(head(server), "evalbot", PAGE, RUN)
    assert (started.status, started.conclusion, started.external_id) == ("in_progress", None, RUN)
    ended = github.conclude_check(started, "failure", CheckPage("Worse", "One regression"))
    assert (ended.id, ended.status, ended.conclusion) == (started.id, "completed", "failure")
    again = github.conclude_check(ended, "success", CheckPage("Accepted", "by bob"))
    assert again.conclusion == "success"
    assert [(check.title, check.summary) for check in server.checks(head(server))] == [("Accepted", "by bob")]


def test_ours_are_read_newest_first_and_no_one_elses(server: GitHubServer) -> None:
    sha, github = head(server), client(server)
    assert github.checks(sha, "evalbot") == []
    first = github.start_check(sha, "evalbot", PAGE, "evalbot:1:1")
    second = github.start_check(sha, "evalbot", PAGE, "evalbot:2:1")
    github.start_check(sha, "evalbot / other", PAGE, "evalbot:2:1")
    server.add_check(sha, "evalbot", external_id="a job of this name")
    server.add_check(sha, "evalbot", external_id="evalbot:3:1", app="forger")
    assert [check.id for check in github.checks(sha, "evalbot")] == [second.id, first.id]


def test_many_annotations_go_fifty_a_request_each_once_after_the_conclusion(server: GitHubServer) -> None:
    github = client(server)
    check = github.start_check(head(server), "evalbot", PAGE, RUN)
    github.conclude_check(check, "failure", CheckPage("Worse", "much", notes(120)))
    assert [item["message"] for item in server.checks(head(server))[0].annotations] == [f"note {n}" for n in range(120)]
    assert [(r.body.get("conclusion"), len(r.body["output"]["annotations"])) for r in server.asked("PATCH", "")] == [
        ("failure", 50), (None, 50), (None, 20),
    ]  # fmt: skip


def test_a_check_that_is_concluded_again_does_not_repeat_its_annotations(server: GitHubServer) -> None:
    github, page = client(server), CheckPage("Worse", "much", notes(3))
    check = github.conclude_check(github.start_check(head(server), "evalbot", PAGE, RUN), "failure", page)
    github.conclude_check(check, "failure", page)
    [known] = client(server).checks(head(server), "evalbot")
    client(server).conclude_check(known, "success", page)
    assert len(server.checks(head(server))[0].annotations) == 3


@pytest.mark.parametrize("how", ["lost response", "lost connection"])
def test_gh_01_a_check_that_was_created_but_answered_502_is_not_created_again(server: GitHubServer, how: str, time: Time) -> None:
    server.fail("POST", "/check-runs$", how)
    check = client(server, time).start_check(head(server), "evalbot", PAGE, RUN)
    assert [known.id for known in server.checks(head(server))] == [check.id]


def test_gh_01_another_run_s_check_is_not_taken_for_ours(server: GitHubServer, time: Time) -> None:
    other = server.add_check(head(server), "evalbot", external_id="evalbot:41:1")
    server.fail("POST", "/check-runs$", 502)
    check = client(server, time).start_check(head(server), "evalbot", PAGE, RUN)
    assert check.id != other.id
    assert len(server.checks(head(server))) == 2


def test_gh_02_a_lost_conclusion_is_repeated_without_doubling_annotations(server: GitHubServer, time: Time) -> None:
    github = client(server, time)
    check = github.start_check(head(server), "evalbot", PAGE, RUN)
    server.fail("PATCH", "/check-runs/", "lost response")
    server.fail("PATCH", "/check-runs/", 502)
    ended = github.conclude_check(check, "failure", CheckPage("Worse", "much", notes(60)))
    assert (ended.conclusion, ended.annotations) == ("failure", 60)
    assert len(server.checks(head(server))[0].annotations) == 60


def test_toc_07_a_commit_that_is_gone_refuses_its_check(server: GitHubServer) -> None:
    with pytest.raises(Refused, match="No commit found for SHA") as caught:
        client(server).start_check("0" * 40, "evalbot", PAGE, RUN)
    assert (caught.value.status, len(server.writes)) == (422, 1)


def test_gh_13_a_summary_that_is_too_long_says_so(server: GitHubServer) -> None:
    with pytest.raises(Refused, match="Only 65535 characters are allowed") as caught:
        client(server).start_check(head(server), "evalbot", CheckPage("t", "x" * 65_536), RUN)
    assert caught.value.too_long


def test_annotations_that_are_refused_leave_the_conclusion(server: GitHubServer) -> None:
    github = client(server)
    check = github.start_check(head(server), "evalbot", PAGE, RUN)
    page = CheckPage("Worse", "much", (*notes(50), Annotation("a.md", 9, 1, "warning", "t", "m")))
    with pytest.raises(Refused, match=r"refused to annotate the check \(it is written\): Invalid request"):
        github.conclude_check(check, "failure", page)
    assert server.checks(head(server))[0].conclusion == "failure"
