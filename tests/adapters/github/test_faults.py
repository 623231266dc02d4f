"""What GitHub does instead of answering: bounded in attempts, time and requests, and never a traceback."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
import requests
from github import GithubException

from evalbot.adapters.github import GitHubClient
from evalbot.adapters.github.api import MOST_CALLS
from evalbot.adapters.github.faults import Kind, read_fault
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.pulls import CheckPage, Refused
from tests.adapters.github.asking import BODY, MARKER, Time, client
from tests.github_server import DOCUMENTED, EVIL, GitHubServer

OLD, NEW = 946_684_800, 4_102_444_800  # the years 2000 and 2100


def test_gh_08_five_hundred_to_everything_ends_after_four_attempts(server: GitHubServer, time: Time) -> None:
    server.fail("*", "", 500, times=99)
    with pytest.raises(CouldNotRun, match=r"asked 4 times to read the pull request, in vain: It went wrong \(500\)"):
        client(server, time).pull(7)
    assert time.waits == [1.0, 2.0, 4.0]


def test_gh_08_once_github_kept_silent_each_further_request_is_tried_once(server: GitHubServer, time: Time) -> None:
    server.fail("*", "", 500, times=5)
    github = client(server, time)
    for _ in range(2):
        with pytest.raises(CouldNotRun):
            github.pull(7)
    assert len(server.requests) == 5
    assert github.pull(7).number == 7
    server.fail("*", "", 500, times=2)
    assert github.pull(7).number == 7


@pytest.mark.parametrize("how", ["reset", "html", "empty"])
def test_an_answer_that_is_none_is_asked_for_again(server: GitHubServer, how: str, time: Time) -> None:
    server.fail("GET", "/pulls/7", how, times=2)
    assert client(server, time).pull(7).number == 7
    server.fail("GET", "/pulls/7", how, times=9)
    with pytest.raises(CouldNotRun, match="in vain"):
        client(server, time).pull(7)


@pytest.mark.parametrize("body", [[], "text", {"message": ["x"]}, {"errors": 3}, None])
def test_an_error_of_any_shape_is_read(server: GitHubServer, body: object) -> None:
    server.fail("GET", "/pulls/7", 404, body=body, times=9)
    with pytest.raises(CouldNotRun):
        client(server).pull(7)


def test_gh_04_a_secondary_limit_is_waited_out_and_the_write_made_once(server: GitHubServer, time: Time) -> None:
    server.fail("POST", "/comments$", "secondary limit", headers={"Retry-After": "7"})
    client(server, time).write_comment(7, MARKER, BODY)
    assert (len(server.comments(7)), time.waits) == (1, [7.0])


@pytest.mark.parametrize(("headers", "wait"), [({}, 1.0), ({"Retry-After": "2"}, 2.0), ({"Retry-After": "soon"}, 1.0), ({"Retry-After": "-5"}, 1.0)])
def test_gh_04_too_many_requests_are_retried(server: GitHubServer, time: Time, headers: Mapping[str, str], wait: float) -> None:
    server.fail("GET", "/pulls/7", 429, headers=headers)
    assert client(server, time).pull(7).number == 7
    assert time.waits == [wait]


def test_gh_04_a_wait_without_a_time_has_jitter(server: GitHubServer, time: Time) -> None:
    server.fail("GET", "/pulls/7", 429, times=2)
    GitHubClient(server.token, server.url, server.name, clock=time.clock, sleep=time.sleep, jitter=lambda: 0.5).pull(7)
    assert time.waits == [0.75, 1.5]


def test_gh_04_a_long_wait_is_refused(server: GitHubServer, time: Time) -> None:
    server.fail("*", "", 429, headers={"Retry-After": "21600"}, times=2)
    with pytest.raises(CouldNotRun, match="would not read the pull request for another 21,600 s"):
        client(server, time).pull(7)
    with pytest.raises(Refused, match="21,600 s"):
        client(server, time).react(1, "eyes")
    assert (len(server.requests), time.waits) == (2, [])


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"X-RateLimit-Reset": str(OLD)}, [1.0]),
        ({"X-RateLimit-Reset": str(NEW)}, None),
        ({"X-RateLimit-Reset": "inf"}, [1.0]),
        ({"Date": "Mon, 23 Nov 2026 08:00:00 GMT", "X-RateLimit-Reset": "1795420809"}, [9.0]),
        ({"Date": "never", "X-RateLimit-Reset": "1795420809"}, [1.0]),
        ({"Date": "Mon, 23 Nov 2026 08:00:00 GMT", "Retry-After": "Mon, 23 Nov 2026 08:00:12 GMT"}, [12.0]),
    ],
)  # fmt: skip
def test_gh_16_waits_go_by_the_servers_clock_and_never_beyond_the_budget(
    server: GitHubServer, time: Time, headers: Mapping[str, str], waits: list[float] | None
) -> None:
    server.fail("GET", "/pulls/7", "primary limit", headers=headers)
    if waits is None:
        with pytest.raises(CouldNotRun):
            client(server, time).pull(7)
        return
    assert client(server, time).pull(7).number == 7
    assert time.waits == waits


def test_waits_together_stay_within_a_minute(server: GitHubServer, time: Time) -> None:
    server.fail("GET", "/pulls/7", 429, headers={"Retry-After": "29"}, times=9)
    with pytest.raises(CouldNotRun):
        client(server, time).pull(7)
    assert time.seconds <= 60 - 15


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_gh_11_still_working_for_ever_is_given_up(server: GitHubServer, method: str, time: Time) -> None:
    server.say(7, "github-actions[bot]", f"{MARKER}\nold")
    server.fail(method, "/comments", 202, times=99)
    with pytest.raises(CouldNotRun, match="HTTP 202"):
        client(server, time).write_comment(7, MARKER, BODY)
    assert len(server.asked(method, "/comments")) == 4


def test_gh_10_a_next_page_on_another_host_is_refused(server: GitHubServer) -> None:
    for n in range(150):
        server.say(7, "bob", f"comment {n}")
    server.fail("GET", "/comments", "foreign next")
    with pytest.raises(CouldNotRun, match=f"another host: the next page is said to be at {EVIL}"):
        list(client(server).comments(7))
    assert len(server.requests) == 1


def test_gh_10_a_page_that_fails_is_asked_for_again_and_none_is_lost(server: GitHubServer, time: Time) -> None:
    for n in range(250):
        server.say(7, "bob", f"comment {n}")
    found = []
    for comment in client(server, time).comments(7):
        if len(found) == 50:
            server.fail("GET", "/comments", 500, times=2)
        found.append(comment.body)
    assert found == [f"comment {n}" for n in range(250)]


def test_a_redirect_to_another_host_is_refused_and_the_token_stays(server: GitHubServer) -> None:
    server.fail("GET", "/pulls/7", "foreign redirect")
    with pytest.raises(CouldNotRun, match="another host"):
        client(server).pull(7)
    assert len(server.requests) == 1


def test_a_run_asks_forty_times_and_no_more(server: GitHubServer) -> None:
    github = client(server)
    for _ in range(MOST_CALLS):
        github.pull(7)
    with pytest.raises(CouldNotRun, match="40 times"):
        github.pull(7)
    assert github.calls == len(server.requests) == 40


def test_looks_at_the_head_during_a_long_run_take_nothing_from_the_forty(server: GitHubServer) -> None:
    github = client(server)
    for _ in range(100):
        github.head_sha(7, watch=True)
    assert github.calls == 0
    for _ in range(MOST_CALLS):
        github.pull(7)
    assert github.head_sha(7, watch=True)


def test_in_a_hurry_each_request_is_tried_once_and_none_begins_late(server: GitHubServer) -> None:
    time = Time()
    github = client(server, time)
    server.fail("GET", "/pulls/7", 502, times=9)
    github.hurry(2.5)
    with pytest.raises(CouldNotRun, match="once"):
        github.pull(7)
    assert (len(server.requests), time.waits) == (1, [])
    time.seconds += 3
    with pytest.raises(CouldNotRun, match="being stopped"):
        github.pull(7)
    assert len(server.requests) == 1


def test_a_token_that_is_not_valid_is_named_and_not_shown(server: GitHubServer) -> None:
    github, server.token = client(server), "another"
    with pytest.raises(CouldNotRun, match=r"Bad credentials \(401\)") as caught:
        github.repository()
    assert "ghs_" not in str(caught.value)


def test_no_connection_at_all_is_could_not_run(time: Time) -> None:
    github = GitHubClient("t", "http://127.0.0.1:9", "acme/shop", clock=time.clock, sleep=time.sleep)
    with pytest.raises(CouldNotRun, match=r"in vain: no answer \(ConnectionError\)"):
        github.repository()


# PERM-01

PAGE = CheckPage("t", "s")
NEEDS: list[tuple[str, str, Callable[[GitHubClient, str], object]]] = [
    ("pull_requests", "pull-requests: read", lambda github, sha: github.pull(7)),
    ("pull_requests", "pull-requests: read", lambda github, sha: github.reviews(7)),
    ("pull_requests", "pull-requests: read", lambda github, sha: list(github.comments(7))),
    ("pull_requests", "pull-requests: read", lambda github, sha: github.pulls_with_head(sha)),
    ("pull_requests", "pull-requests: write", lambda github, sha: github.write_comment(7, MARKER, BODY)),
    ("pull_requests", "pull-requests: write", lambda github, sha: github.react(1, "eyes")),
    ("checks", "checks: read", lambda github, sha: github.checks(sha, "evalbot")),
    ("checks", "checks: write", lambda github, sha: github.start_check(sha, "evalbot", PAGE, "evalbot:1:1")),
    ("contents", "contents: read", lambda github, sha: github.merge_base("main", sha)),
    ("contents", "contents: read", lambda github, sha: github.tree(sha)),
    ("actions", "actions: read", lambda github, sha: github.run_is_active("1")),
    ("actions", "actions: read", lambda github, sha: github.artifact("evalbot-default", ".github/workflows/evalbot.yml")),
]


@pytest.mark.parametrize(("scope", "named", "act"), NEEDS)
def test_perm_01_each_scope_that_is_missing_is_named_in_one_line(
    server: GitHubServer, scope: str, named: str, act: Callable[[GitHubClient, str], object]
) -> None:
    sha = server.repo.sha("feature")
    del server.scopes[scope]
    with pytest.raises((Refused, CouldNotRun)) as caught:
        act(client(server), sha)
    assert isinstance(caught.value, Refused) == named.endswith("write")
    assert str(caught.value).endswith(f"Resource not accessible by integration (403). The job needs `permissions: {named}`.")
    assert len(server.requests) == 1


@pytest.mark.parametrize("scope", ["pull_requests", "checks"])
def test_perm_01_a_scope_that_may_only_read_refuses_the_write(server: GitHubServer, scope: str) -> None:
    server.scopes[scope] = "read"
    writes = {
        "pull_requests": lambda github: github.write_comment(7, MARKER, BODY),
        "checks": lambda github: github.start_check(server.repo.sha("feature"), "evalbot", PAGE, "evalbot:1:1"),
    }
    with pytest.raises(Refused, match=f"permissions: {scope.replace('_', '-')}: write"):
        writes[scope](client(server))


def test_perm_01_the_documented_scopes_suffice(server: GitHubServer) -> None:
    assert server.scopes == DOCUMENTED
    server.add_run(1)
    server.say(7, "bob", "hello")
    github, sha = client(server), server.repo.sha("feature")
    github.react(server.comments(7)[0].id, "eyes")
    for _, _, act in NEEDS:
        if act is not NEEDS[5][2]:
            act(github, sha)


def test_gh_05_a_comment_that_cannot_be_written_leaves_the_check_to_be_written(server: GitHubServer) -> None:
    github, sha = client(server), server.repo.sha("feature")
    check = github.start_check(sha, "evalbot", PAGE, "evalbot:1:1")
    server.fail("*", "/comments", 500, times=99)
    with pytest.raises(CouldNotRun):
        github.write_comment(7, MARKER, BODY)
    assert github.conclude_check(check, "failure", PAGE).conclusion == "failure"


# Reading faults, as values


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (GithubException(403, {"message": "Resource not accessible by integration"}, {}), Kind.NO),
        (GithubException(403, {"message": "x"}, {"retry-after": "1"}), Kind.LATER),
        (GithubException(403, {"message": "x"}, {"x-ratelimit-remaining": "0"}), Kind.LATER),
        (GithubException(403, {"message": "x"}, None), Kind.NO),
        (GithubException(503, None, None), Kind.UNKNOWN),
        (GithubException(429, None, None), Kind.LATER),
        (requests.exceptions.SSLError("x"), Kind.UNKNOWN),
        (requests.exceptions.ReadTimeout("x"), Kind.UNKNOWN),
        (AssertionError("evil.example"), Kind.NO),
        (KeyError("id"), Kind.UNKNOWN),
    ],
)  # fmt: skip
def test_a_failure_is_read(error: Exception, kind: Kind) -> None:
    assert read_fault(error).kind is kind


def test_gh_14_a_certificate_of_ones_own_is_named_as_the_way() -> None:
    assert "REQUESTS_CA_BUNDLE" in read_fault(requests.exceptions.SSLError("x")).message
