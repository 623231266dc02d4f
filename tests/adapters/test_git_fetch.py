"""Shallow clones over git's own HTTP protocol: what is missing is fetched by sha, beside the clone and never into it."""

from __future__ import annotations

from pathlib import Path

import pytest

from evalbot.adapters.git import Repository
from evalbot.adapters.git_fetch import Origin, origin, with_commits, with_history
from evalbot.domain.errors import ConfigError, CouldNotRun
from tests.git_http import GitHttp
from tests.repository import Repo

TOKEN = "ghs_f3tchMe0123456789abcdef"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """Main and a branch that parted three commits ago."""
    made = Repo(tmp_path / "origin")
    made.write({"a.md": "A", "big.txt": "x" * 10_000}).commit()
    made.branch("change").write({"a.md": "B"}).commit()
    made.write({"b.md": "B"}).commit()
    made.switch("main")
    for number in range(3):
        made.write({"main.md": str(number)}).commit()
    return made


def shallow(git: GitHttp, folder: Path, ref: str = "main") -> Repository:
    """As actions/checkout does it: one commit, nothing else."""
    git.repo.git(*git.signed_in, "clone", "--quiet", "--depth=1", "--single-branch", "--no-tags", "--branch", ref, git.url, str(folder))
    return Repository(folder)


def everything_in(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_missing_commits_come_by_their_sha_without_history(repo, tmp_path):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")
        before = everything_in(clone.root)
        head, base = repo.sha("change"), repo.git("merge-base", "main", "change")

        deeper = with_commits(clone, (repo.sha("main"), base, head), origin(clone, {}))

    assert deeper.tree(head).read("a.md") == b"B"
    assert deeper.tree(base).read("a.md") == b"A"
    assert deeper.tree(repo.sha("main")).read("main.md") == b"2", "what the clone has is read from the clone"
    assert deeper.changed_paths(base, head) == ["a.md", "b.md"]
    assert not deeper.has(repo.sha("change~1")), "history was fetched that nobody asked for"
    assert everything_in(clone.root) == before


def test_nothing_is_fetched_where_nothing_is_missing(repo, tmp_path):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")
        asked = len(git.asked)

        assert with_commits(clone, (repo.sha("main"),), origin(clone, {})) is clone
        assert len(git.asked) == asked


def test_the_token_goes_to_its_own_server_and_to_no_other(repo, tmp_path):
    with GitHttp(repo, TOKEN) as git:
        clone = shallow(git, tmp_path / "clone")
        own = {"GITHUB_SERVER_URL": git.server, "GITHUB_REPOSITORY": "acme/shop", "GITHUB_TOKEN": TOKEN}

        assert with_commits(clone, (repo.sha("change"),), origin(clone, own)).has(repo.sha("change"))
        with pytest.raises(CouldNotRun):
            with_commits(clone, (repo.sha("change"),), origin(clone, own | {"GITHUB_SERVER_URL": "https://github.com"}))

        assert git.refused, "the second time there was no token"
    assert Origin("https://github.com.evil.example/x", TOKEN, "https://github.com").environment == {}
    assert TOKEN not in repr(Origin(git.url, TOKEN, git.server))


def test_a_clone_without_a_remote_asks_the_repository_of_the_job(repo, tmp_path):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")
        repo.git("-C", str(clone.root), "remote", "remove", "origin")

        found = origin(clone, {"GITHUB_SERVER_URL": git.server, "GITHUB_REPOSITORY": "acme/shop"})

        assert with_commits(clone, (repo.sha("change"),), found).has(repo.sha("change"))
    with pytest.raises(ConfigError, match="fetch-depth: 0"):
        origin(clone, {})


@pytest.mark.parametrize("url", ["ext::sh -c 'touch /tmp/owned'", "--upload-pack=touch /tmp/owned", "../elsewhere", "ssh://-oProxyCommand=x/y", "fd::17"])
def test_an_address_that_could_make_git_run_something_is_refused(repo, tmp_path, url):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")
    repo.git("-C", str(clone.root), "config", "remote.origin.url", url)

    with pytest.raises(ConfigError, match="no address to fetch from"):
        origin(clone, {})


def test_a_commit_that_the_remote_has_not_could_not_run(repo, tmp_path):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")

        with pytest.raises(CouldNotRun, match="fetch"):
            with_commits(clone, ("f" * 40,), origin(clone, {}))


def test_history_is_deepened_until_the_two_meet(repo, tmp_path):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")
        base = repo.git("merge-base", "main", "change")

        deeper = with_history(clone, repo.sha("main"), repo.sha("change"), origin(clone, {}), depths=(2, 3, 4))

    assert len([line for line in git.asked if line.startswith("POST")]) > 3
    assert deeper.merge_base(repo.sha("main"), repo.sha("change")) == base
    assert clone.is_shallow


def test_histories_that_never_meet_are_unrelated_however_deep(repo, tmp_path):
    repo.git("checkout", "--quiet", "--orphan", "island")
    repo.write({"c.md": "C"}).commit()
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")

        with pytest.raises(ConfigError, match="unrelated"):
            with_history(clone, repo.sha("main"), repo.sha("island"), origin(clone, {}))


def test_the_store_is_gone_with_the_repository(repo, tmp_path):
    with GitHttp(repo) as git:
        clone = shallow(git, tmp_path / "clone")
        deeper = with_commits(clone, (repo.sha("change"),), origin(clone, {}))
    folder = deeper.root
    assert folder.exists()

    deeper.close()
    del deeper

    assert not folder.exists()
