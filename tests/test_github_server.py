"""The loopback GitHub itself: real PyGithub works with it, and it notices what GitHub would not accept."""

from __future__ import annotations

from pathlib import Path

import pytest
import requests
from github import Auth, Github, GithubException

from tests.github_openapi import description
from tests.github_server import GitHubServer
from tests.repository import Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repo")
    repo.write({"prompts/a.md": "one", "data/x.jsonl": "{}"}).commit()
    repo.branch("feature").write({"prompts/a.md": "two"}).commit()
    return repo


def plain(server: GitHubServer) -> Github:
    return Github(auth=Auth.Token(server.token), base_url=server.url, retry=0, seconds_between_requests=0, seconds_between_writes=0)


def test_pygithub_reads_and_writes_a_pull_request(repo: Repo) -> None:
    with GitHubServer(repo) as server:
        server.open_pull("feature", author="bob")
        found = plain(server).get_repo(server.name)
        pull = found.get_pull(7)
        assert (pull.head.sha, pull.user.login, pull.base.ref) == (repo.sha("feature"), "bob", "main")
        comment = pull.create_issue_comment("hello")
        comment.edit("hello again")
        assert [(c.body, c.user.login) for c in pull.get_issue_comments()] == [("hello again", "github-actions[bot]")]
        assert server.comments(7)[0].edits == 1


def test_pygithub_reads_git_objects_and_a_comparison(repo: Repo) -> None:
    with GitHubServer(repo) as server:
        found = plain(server).get_repo(server.name)
        tree = found.get_git_tree(repo.sha("feature"), recursive=True)
        assert {entry.path for entry in tree.tree if entry.type == "blob"} == {"prompts/a.md", "data/x.jsonl"}
        compared = found.compare("main", "feature")
        assert [(file.filename, file.status) for file in compared.files] == [("prompts/a.md", "modified")]
        assert compared.merge_base_commit.sha == repo.sha("main")


def test_pygithub_writes_a_check(repo: Repo) -> None:
    with GitHubServer(repo) as server:
        found = plain(server).get_repo(server.name)
        check = found.create_check_run("evalbot", repo.sha(), status="in_progress")
        check.edit(conclusion="success", output={"title": "ok", "summary": "fine"})
        assert [c.conclusion for c in found.get_commit(repo.sha()).get_check_runs()] == ["success"]


def test_pages_hold_at_most_a_hundred_and_link_to_the_next(repo: Repo) -> None:
    with GitHubServer(repo) as server:
        server.open_pull("feature")
        for n in range(250):
            server.say(7, "bob", f"comment {n}")
        headers = {"Authorization": f"Bearer {server.token}"}
        url, sizes = f"{server.url}/repos/{server.name}/issues/7/comments?per_page=500", []
        while url:
            page = requests.get(url, headers=headers, timeout=5)
            sizes.append(len(page.json()))
            url = page.links.get("next", {}).get("url")
        assert sizes == [100, 100, 50]


def test_a_missing_scope_is_refused_by_name(repo: Repo) -> None:
    with GitHubServer(repo) as server:
        del server.scopes["checks"]
        with pytest.raises(GithubException) as caught:
            plain(server).get_repo(server.name).create_check_run("evalbot", repo.sha())
        assert caught.value.status == 403
        assert caught.value.headers["x-accepted-github-permissions"] == "checks=write"


def test_a_request_that_github_does_not_describe_fails_the_test(repo: Repo) -> None:
    headers = {"Authorization": "Bearer x"}
    body = {"name": "evalbot", "head_sha": repo.sha(), "status": "completed", "conclusion": "splendid"}
    with pytest.raises(AssertionError, match="conclusion"), GitHubServer(repo) as server:
        requests.post(f"{server.url}/repos/{server.name}/check-runs", json=body, headers=headers, timeout=5)
    with pytest.raises(AssertionError, match="no endpoint"), GitHubServer(repo) as server:
        requests.get(f"{server.url}/repos/{server.name}/secrets", headers=headers, timeout=5)
    with pytest.raises(AssertionError, match="sort_by"), GitHubServer(repo) as server:
        requests.get(f"{server.url}/repos/{server.name}/pulls?sort_by=age", headers=headers, timeout=5)


def test_an_answer_that_github_would_not_give_is_noticed() -> None:
    operation, _ = description().find("GET", "/repos/acme/shop/pulls/7")
    assert list(description().response_problems(operation, 200, {"number": "seven"}))
    operation, _ = description().find("GET", "/repos/acme/shop/issues/7/comments")
    good = description().complete("issue-comment", {"user": None}, "http://localhost/")
    assert not list(description().response_problems(operation, 200, [good]))
    assert list(description().response_problems(operation, 200, [good | {"created_at": "yesterday"}]))


def test_an_artifact_is_fetched_by_a_redirect(repo: Repo) -> None:
    with GitHubServer(repo) as server:
        server.add_run(42)
        artifact = server.add_artifact("evalbot-default", {"summary.json": "{}"}, run=42)
        url = f"{server.url}/repos/{server.name}/actions/artifacts/{artifact.id}/zip"
        got = requests.get(url, headers={"Authorization": f"Bearer {server.token}"}, timeout=5)
        assert got.content == artifact.content
        assert len(server.downloads) == 1


def test_everything_scripted_happens(repo: Repo) -> None:
    headers = {"Authorization": "Bearer ghs_loopback0123456789"}
    with GitHubServer(repo) as server:
        url = f"{server.url}/repos/{server.name}"
        for what, status in ((503, 503), ("html", 200), ("empty", 200), ("secondary limit", 403), ("primary limit", 403)):
            server.fail("GET", "/repos/acme/shop$", what)
            assert requests.get(url, headers=headers, timeout=5).status_code == status
        server.fail("*", "", "reset")
        with pytest.raises(requests.ConnectionError):
            requests.get(url, headers=headers, timeout=5)
        server.open_pull("feature")
        server.on("GET", "/pulls/7", lambda: setattr(server.pulls[7], "head_sha", repo.sha("main")))
        assert requests.get(f"{url}/pulls/7", headers=headers, timeout=5).json()["head"]["sha"] == repo.sha("main")
