"""Reading pull requests, reviews and permissions by the API."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalbot.adapters.github import GitHubClient
from evalbot.domain.errors import ConfigError, CouldNotRun
from evalbot.domain.pulls import Permission, PullRequest, Repository, Review
from tests.adapters.github.asking import client, history
from tests.github_server import GitHubServer


def test_the_repository_is_read(server: GitHubServer) -> None:
    assert client(server).repository() == Repository("acme/shop", "main", private=False, owned_by_user=False, owner="acme")
    server.owner_type, server.private = "User", True
    assert client(server).repository() == Repository("acme/shop", "main", private=True, owned_by_user=True, owner="acme")


def test_a_pull_request_is_read_fresh(server: GitHubServer) -> None:
    github, repo = client(server), server.repo
    assert github.pull(7) == PullRequest(
        7, "ada", "main", repo.sha("main"), "feature", repo.sha("feature"), "acme/shop", "acme/shop"
    )
    server.pulls[7].head_sha = repo.sha("main")
    assert github.head_sha(7) == repo.sha("main")


def test_a_fork_is_a_fork_also_when_it_is_gone(server: GitHubServer) -> None:
    server.open_pull("feature", number=8, fork="mallory/shop")
    server.open_pull("feature", number=9).head_repository = None
    github = client(server)
    assert [github.pull(n).fork for n in (7, 8, 9)] == [False, True, True]
    assert github.pull(9).head_repository is None


def test_a_pull_request_that_is_gone_could_not_be_read_and_is_asked_for_once(server: GitHubServer) -> None:
    with pytest.raises(CouldNotRun, match=r"refused to read the pull request: Not Found \(404\)"):
        client(server).pull(99)
    assert len(server.requests) == 1


def test_open_pull_requests_are_found_by_their_head(server: GitHubServer) -> None:
    sha = server.repo.sha("feature")
    server.open_pull("feature", number=8, base="main")
    server.open_pull("feature", number=9).state = "closed"
    assert sorted(pull.number for pull in client(server).pulls_with_head(sha)) == [7, 8]
    assert client(server).pulls_with_head("0" * 40) == []


def test_a_forks_pull_request_is_found_by_its_head_too(server: GitHubServer) -> None:
    fork = server.repo.branch("theirs", "main").write({"a.txt": "x"}).commit()
    server.open_pull("theirs", number=8, fork="mallory/shop")
    assert [pull.number for pull in client(server).pulls_with_head(fork)] == [8]


def test_reviews_come_oldest_first_with_their_commit(server: GitHubServer) -> None:
    first = server.review(7, "bob", "APPROVED")
    server.review(7, "bob", "PENDING")
    second = server.review(7, "eve", "CHANGES_REQUESTED", sha=server.repo.sha("main"))
    assert client(server).reviews(7) == [
        Review("bob", "APPROVED", server.repo.sha("feature"), first.submitted_at),
        Review("eve", "CHANGES_REQUESTED", server.repo.sha("main"), second.submitted_at),
    ]


@pytest.mark.parametrize("role", list(Permission))
def test_a_role_is_what_the_api_says(server: GitHubServer, role: Permission) -> None:
    server.roles["bob"] = str(role)
    assert client(server).permission("bob") is role


def test_a_stranger_may_do_nothing_and_a_custom_role_counts_as_its_base(server: GitHubServer) -> None:
    server.strangers.add("nobody")
    assert client(server).permission("nobody") is Permission.NONE
    server.fail("GET", "/permission", 200, body={"permission": "write", "role_name": "release captain", "user": None})
    assert client(server).permission("bob") is Permission.WRITE


def test_a_login_cannot_lead_to_another_endpoint(server: GitHubServer) -> None:
    client(server).permission("../../pulls/7")
    assert [request.path for request in server.requests] == ["/repos/acme/shop/collaborators/..%2F..%2Fpulls%2F7/permission"]


def test_gh_14_an_enterprise_servers_path_is_kept_in_every_request(tmp_path: Path) -> None:
    with GitHubServer(history(tmp_path / "repo"), prefix="/api/v3") as server:
        server.open_pull("feature")
        for n in range(150):
            server.say(7, "bob", f"comment {n}")
        github = client(server)
        assert len(list(github.comments(7))) == 150
        assert github.pull(7).number == 7
        assert len(server.requests) == 3


def test_gh_14_an_api_address_that_is_none_is_a_config_error() -> None:
    with pytest.raises(ConfigError, match="GITHUB_API_URL"):
        GitHubClient("t", "api.github.com", "acme/shop")
