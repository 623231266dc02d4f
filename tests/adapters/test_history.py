"""The branch `evalbot-history`, through git in a clone and by GitHub's API: one port, two ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from evalbot.adapters.git_history import GitHistory
from evalbot.adapters.github import GitHubClient
from evalbot.domain.errors import CouldNotRun
from evalbot.domain.history import BRANCH, History, history_file
from evalbot.domain.pulls import Refused
from tests.adapters.github.asking import Time
from tests.github_server import GitHubServer
from tests.repository import Repo

PATH = "harvest/default/support.jsonl"
Open = Callable[[], History]


def line(text: str) -> Callable[[str], str]:
    return lambda before: before + text + "\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo(tmp_path / "repository")
    repo.write({"a.md": "one"}).commit()
    return repo


@pytest.fixture
def server(repo: Repo) -> Iterator[GitHubServer]:
    with GitHubServer(repo) as server:
        server.scopes["contents"] = "write"
        yield server


@pytest.fixture(params=["git", "github"])
def opened(request: pytest.FixtureRequest, repo: Repo) -> Open:
    if request.param == "git":
        return lambda: GitHistory(repo.root)
    return lambda: by_api(request.getfixturevalue("server"))


def by_api(server: GitHubServer, time: Time | None = None) -> History:
    time = time or Time()
    waiting = {"clock": time.clock, "sleep": time.sleep, "jitter": lambda: 1.0}
    return GitHubClient(server.token, server.url, server.name, most_calls=100, **waiting).history()


def test_nothing_is_remembered_at_first(opened: Open, repo: Repo) -> None:
    assert opened().read(PATH) == ""
    assert BRANCH not in repo.git("branch", "--list")


def test_what_was_written_is_read_by_another_run(opened: Open, repo: Repo) -> None:
    assert opened().update({PATH: line('{"é": 1}')}, "Remember")
    assert opened().update({PATH: line("two"), "baseline/default/support.jsonl": line("b")}, "Remember more")

    assert opened().read(PATH) == '{"é": 1}\ntwo\n'
    assert opened().read("baseline/default/support.jsonl") == "b\n"
    assert repo.git("log", "--format=%s", BRANCH).splitlines() == ["Remember more", "Remember"]


def test_the_branch_is_an_orphan_and_the_work_tree_is_left_alone(opened: Open, repo: Repo) -> None:
    opened().update({PATH: line("one")}, "Remember")

    assert repo.git("rev-list", "--max-parents=0", BRANCH) == repo.sha(BRANCH)
    assert repo.git("ls-tree", "-r", "--name-only", BRANCH) == PATH
    assert repo.git("status", "--porcelain") == ""
    assert repo.git("symbolic-ref", "HEAD") == "refs/heads/main"


def test_a_change_that_changes_nothing_makes_no_commit(opened: Open, repo: Repo) -> None:
    opened().update({PATH: line("one")}, "Remember")
    before = repo.sha(BRANCH)

    assert not opened().update({PATH: lambda text: text, "other": lambda text: text}, "Nothing")
    assert repo.sha(BRANCH) == before


def test_an_empty_text_removes_the_file(opened: Open, repo: Repo) -> None:
    opened().update({PATH: line("one"), "keep": line("two")}, "Remember")
    opened().update({PATH: lambda _: ""}, "Forget")

    assert (opened().read(PATH), opened().read("keep")) == ("", "two\n")


def test_what_somebody_writes_meanwhile_is_kept_and_ours_comes_on_top(opened: Open) -> None:
    opened().update({PATH: line("first")}, "Remember")
    history, seen = opened(), list[str]()

    def ours(before: str) -> str:
        seen.append(before)
        if len(seen) == 1:
            opened().update({PATH: line("theirs")}, "Faster")
        return before + "ours\n"

    assert history.update({PATH: ours}, "Remember")
    assert seen == ["first\n", "first\ntheirs\n"]
    assert opened().read(PATH) == "first\ntheirs\nours\n"


def test_two_that_begin_the_branch_at_once_both_have_their_say(opened: Open) -> None:
    began = list[str]()

    def ours(before: str) -> str:
        began.append(before)
        if len(began) == 1:
            opened().update({PATH: line("theirs")}, "Faster")
        return before + "ours\n"

    opened().update({PATH: ours}, "Remember")
    assert opened().read(PATH) == "theirs\nours\n"


def test_who_is_never_fast_enough_is_told_so_and_loses_nobody_s_lines(opened: Open) -> None:
    def slow(before: str) -> str:
        opened().update({PATH: line("theirs")}, "Faster")
        return before + "ours\n"

    with pytest.raises(CouldNotRun, match="others wrote to it"):
        opened().update({PATH: slow}, "Remember")
    assert set(opened().read(PATH).splitlines()) == {"theirs"}


def test_a_baseline_of_thousands_of_rows_is_kept_whole(opened: Open) -> None:
    text = "".join(f'{{"row": {number}, "output": "{"word " * 100}"}}\n' for number in range(5000))
    assert opened().update({PATH: lambda _: text, "small": line("one")}, "Remember")
    assert (opened().read(PATH) == text, opened().read("small")) == (True, "one\n")


# git alone


def test_a_clone_goes_on_from_what_origin_had_when_it_was_fetched(repo: Repo, tmp_path: Path) -> None:
    GitHistory(repo.root).update({PATH: line("theirs")}, "Remember")
    repo.git("clone", "--quiet", str(repo.root), str(tmp_path / "clone"))
    clone = Repo(tmp_path / "clone")

    assert GitHistory(clone.root).read(PATH) == "theirs\n"
    GitHistory(clone.root).update({PATH: line("ours")}, "Remember")
    clone.git("push", "--quiet", "origin", BRANCH)
    GitHistory(repo.root).update({PATH: line("later")}, "Remember")
    clone.git("fetch", "--quiet")
    assert GitHistory(clone.root).read(PATH) == "theirs\nours\nlater\n"


# GitHub alone


@pytest.mark.parametrize("how", ["lost response", "lost connection", 502])
@pytest.mark.parametrize(("verb", "path"), [("POST", "/git/trees"), ("POST", "/git/commits"), ("POST", "/git/refs"), ("PATCH", "/git/refs")])
def test_a_lost_answer_writes_once(server: GitHubServer, how: int | str, verb: str, path: str) -> None:
    if verb == "PATCH":
        by_api(server).update({PATH: line("first")}, "Remember")
    server.fail(verb, path, how)

    by_api(server).update({PATH: line("one")}, "Remember")
    assert by_api(server).read(PATH).splitlines().count("one") == 1


def test_without_permission_it_is_refused_with_the_permission_named(server: GitHubServer) -> None:
    server.scopes["contents"] = "read"
    with pytest.raises(Refused, match="contents: write"):
        by_api(server).update({PATH: line("one")}, "Remember")


def test_a_dead_github_is_not_an_empty_history(server: GitHubServer) -> None:
    server.fail("GET", "/git/ref", 500, times=9)
    with pytest.raises(CouldNotRun):
        by_api(server).read(PATH)


# Names


@pytest.mark.parametrize(
    ("suite", "path"),
    [
        ("support", "baseline/k/support.jsonl"), ("a b/é", "baseline/k/a%20b%2F%C3%A9.jsonl"), ("..", "baseline/k/%2E%2E.jsonl"),
        ("a%20b", "baseline/k/a%2520b.jsonl"),
    ],
)  # fmt: skip
def test_a_suite_s_name_is_a_file_s_name_whatever_it_holds(suite: str, path: str) -> None:
    assert history_file("baseline", "k", suite) == path
