"""Commits read by the API, and artifacts, against the loopback GitHub."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from evalbot.adapters.git import Repository
from evalbot.domain.errors import ConfigError, CouldNotRun
from tests.adapters.github.asking import Time, client, history
from tests.github_server import EVIL, GitHubServer

WORKFLOW = ".github/workflows/evalbot.yml"
CHANGED = ["prompts/a.md", "prompts/b.md", "prompts/c.md", "prompts/new.md"]


def shas(server: GitHubServer) -> tuple[str, str, str]:
    """The merge base, main's tip and head."""
    return server.repo.sha("main~1"), server.repo.sha("main"), server.repo.sha("feature")


def test_the_merge_base_and_what_changed_since_cost_one_request(server: GitHubServer) -> None:
    base, tip, head = shas(server)
    github = client(server)
    assert github.merge_base(tip, head) == base
    assert github.changed_paths(base, head) == tuple(CHANGED)
    assert github.calls == 1


def test_paths_are_the_same_as_git_says(server: GitHubServer) -> None:
    base, tip, head = shas(server)
    git = Repository(server.repo.root)
    for a, b in ((base, head), (tip, head), (head, tip), (head, head)):
        assert list(client(server).changed_paths(a, b) or ()) == git.changed_paths(a, b)


def test_three_hundred_files_are_compared_by_their_trees(server: GitHubServer) -> None:
    base = server.repo.sha("main")
    server.repo.write({f"many/{n}.md": str(n) for n in range(301)}).commit()
    assert len(client(server).changed_paths(base, server.repo.sha("main")) or ()) == 301


@pytest.mark.parametrize("how", [500, "html", "foreign redirect", 404])
def test_gh_10_a_list_that_cannot_be_had_whole_is_none(server: GitHubServer, how: int | str, time: Time) -> None:
    base, tip, head = shas(server)
    server.fail("GET", "/compare/", how, times=9)
    assert client(server, time).changed_paths(base, head) is None
    server.most_entries = 2
    assert client(server, time).changed_paths(tip, head) is None


def test_a_tree_reads_what_git_reads(server: GitHubServer) -> None:
    _, _, head = shas(server)
    tree, git = client(server).tree(head), Repository(server.repo.root).tree(head)
    assert tree.name == head
    assert tree.paths() == git.paths()
    assert [tree.read(path) for path in tree.paths()] == [git.read(path) for path in git.paths()]
    assert tree.exists("prompts/a.md")
    assert not tree.exists("prompts")


def test_the_same_content_is_fetched_once(server: GitHubServer) -> None:
    base, _, head = shas(server)
    github = client(server)
    for sha in (base, head, base):
        for path in ("data/x.jsonl", "prompts/a.md"):
            github.tree(sha).read(path)
    assert len(server.asked("GET", "/git/blobs/")) == 3
    assert len(server.asked("GET", "/git/trees/")) == 2


def test_bytes_come_as_they_are(server: GitHubServer) -> None:
    content = bytes(range(256)) * 40
    sha = server.repo.write({"odd.bin": content, "empty.txt": b""}).commit()
    tree = client(server).tree(sha)
    assert (tree.read("odd.bin"), tree.read("empty.txt")) == (content, b"")


def test_what_is_no_regular_file_is_refused_as_with_a_checkout(server: GitHubServer) -> None:
    server.repo.symlink("link.md", "prompts/a.md")
    server.repo.write({"lfs.bin": b"version https://git-lfs.github.com/spec/v1\n", "large.txt": b"x" * (5 * 1024 * 1024 + 1)})
    sha = server.repo.commit()
    tree, git = client(server).tree(sha), Repository(server.repo.root).tree(sha)
    for path in ("link.md", "lfs.bin", "large.txt", "prompts", "nothing.md", "../x", "/etc/passwd", ""):
        with pytest.raises(ConfigError) as ours:
            tree.read(path)
        with pytest.raises(ConfigError) as theirs:
            git.read(path)
        assert str(ours.value) == str(theirs.value)
    assert len(server.asked("GET", "/git/blobs/")) == 1


def test_a_tree_that_is_too_large_asks_for_a_checkout(server: GitHubServer) -> None:
    server.most_entries = 2
    with pytest.raises(ConfigError, match="actions/checkout"):
        client(server).tree(server.repo.sha("main"))


def test_a_commit_that_is_not_there_could_not_be_read(server: GitHubServer) -> None:
    with pytest.raises(CouldNotRun, match="Is 0000000000 a commit of this repository"):
        client(server).tree("0" * 40)
    with pytest.raises(CouldNotRun, match="No commit found"):
        client(server).merge_base("0" * 40, server.repo.sha("main"))


def test_reading_files_leaves_calls_for_the_verdict(server: GitHubServer) -> None:
    sha = server.repo.write({f"many/{n}.md": str(n) for n in range(40)}).commit()
    github = client(server)
    tree = github.tree(sha)
    with pytest.raises(CouldNotRun, match="actions/checkout"):
        [tree.read(path) for path in tree.paths()]
    assert github.calls == 28
    assert github.pull(7).number == 7


# Workflow runs and artifacts


def test_a_run_is_active_until_it_completed(server: GitHubServer) -> None:
    server.add_run(1, status="in_progress", conclusion=None)
    server.add_run(2)
    github = client(server)
    assert [github.run_is_active(run) for run in ("1", "2", "3", "", "../x")] == [True, False, False, False, False]
    assert github.calls == 3


def names(content: bytes | None) -> list[str]:
    return zipfile.ZipFile(io.BytesIO(content or b"")).namelist()


@pytest.mark.parametrize("workflow", [WORKFLOW, f"acme/shop/{WORKFLOW}@refs/heads/main"])
def test_the_newest_artifact_of_our_workflow_is_read(server: GitHubServer, workflow: str) -> None:
    server.add_run(1)
    server.add_run(2, WORKFLOW + "@main")
    server.add_artifact("evalbot-default", {"old.json": "{}"}, 1)
    server.now += 60
    server.add_artifact("evalbot-default", {"new.json": "{}"}, 2)
    server.add_artifact("evalbot-other", {"other.json": "{}"}, 2)
    assert names(client(server).artifact("evalbot-default", workflow)) == ["new.json"]


def test_no_artifact_is_none(server: GitHubServer) -> None:
    assert client(server).artifact("evalbot-default", WORKFLOW) is None


def test_an_artifact_of_a_fork_another_workflow_or_the_past_is_never_read(server: GitHubServer) -> None:
    server.add_run(1, head_repository="mallory/shop")
    server.add_run(2, ".github/workflows/evil.yml")
    server.add_run(3)
    server.add_artifact("evalbot-default", {"x": "1"}, 1)
    server.add_artifact("evalbot-default", {"x": "2"}, 2)
    server.add_artifact("evalbot-default", {"x": "3"}, 3, expired=True)
    assert client(server).artifact("evalbot-default", WORKFLOW) is None
    assert server.downloads == []


def test_the_token_does_not_follow_an_artifact(server: GitHubServer) -> None:
    server.add_run(1)
    server.add_artifact("evalbot-default", {"x": "1"}, 1)
    client(server).artifact("evalbot-default", WORKFLOW)
    assert [("authorization" in request.headers) for request in server.downloads] == [False]


def test_an_artifact_on_another_plain_host_is_refused(server: GitHubServer) -> None:
    server.add_run(1)
    server.add_artifact("evalbot-default", {"x": "1"}, 1)
    server.storage_url = f"{EVIL}/x"
    with pytest.raises(CouldNotRun, match=r"the artifact is said to be at http://evil\.example"):
        client(server).artifact("evalbot-default", WORKFLOW)


def test_an_artifact_that_expires_meanwhile_is_none(server: GitHubServer) -> None:
    server.add_run(1)
    artifact = server.add_artifact("evalbot-default", {"x": "1"}, 1)
    server.on("GET", "/zip$", lambda: setattr(artifact, "expired", True))
    assert client(server).artifact("evalbot-default", WORKFLOW) is None


def test_an_artifact_that_is_too_large_is_not_read(server: GitHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    from evalbot.adapters.github import artifacts

    monkeypatch.setattr(artifacts, "MOST_BYTES", 1 << 20)
    server.add_run(1)
    server.add_artifact("evalbot-default", b"x" * ((1 << 20) + 1), 1)
    with pytest.raises(CouldNotRun, match="more than 1 MiB"):
        client(server).artifact("evalbot-default", WORKFLOW)


def test_an_expired_signature_is_signed_anew(server: GitHubServer, time: Time) -> None:
    server.add_run(1)
    artifact = server.add_artifact("evalbot-default", {"x": "1"}, 1)
    good = server.storage_url
    server.storage_url = f"{server.origin}/_storage/none"
    server.on("GET", "/zip$", lambda: server.on("GET", "/zip$", lambda: setattr(server, "storage_url", good)))
    assert client(server, time).artifact("evalbot-default", WORKFLOW) == artifact.content


def test_a_fixture_history_is_what_the_tests_say(tmp_path: Path) -> None:
    repo = history(tmp_path)
    assert Repository(repo.root).changed_paths(repo.sha("main~1"), repo.sha("feature")) == CHANGED
