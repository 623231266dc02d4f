"""The git adapter against real git in a temporary folder."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from evalbot.adapters import git_process, trees
from evalbot.adapters.git import Repository
from evalbot.domain.errors import ConfigError, CouldNotRun
from tests.repository import Repo

ODD_NAMES = [
    "plain.md", "new\nline.md", 'quo"te.md', "pi|pe.md", "back`tick.md", "$(id).md", "café.md", "cafe\u0301.md",
    "-dash.md", "tab\there.md", "back\\slash.md", "\udcff\udcfe.md", " space .md", "x" * 252 + ".md", "folder/-x/ü.md",
]  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def test_a_ref_resolves_to_its_commit(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    repo.git("tag", "--annotate", "--message", "one", "v1")
    repository = Repository(repo.root)
    assert {repository.resolve(ref) for ref in ("HEAD", "main", "v1", sha, sha[:8], "refs/heads/main")} == {sha}
    assert len(sha) == 40


def test_the_root_is_found_from_a_folder_below_it(repo: Repo) -> None:
    sha = repo.write({"deep/er/a.md": "A"}).commit()
    repository = Repository(repo.root / "deep" / "er")
    assert repository.root == repo.root
    assert repository.resolve("HEAD") == sha
    assert repository.tree(sha).paths() == ("deep/er/a.md",)
    assert repository.work_tree().paths() == ("deep/er/a.md",)


def test_a_linked_work_tree_is_a_repository_too(repo: Repo, tmp_path: Path) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    repo.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    repository = Repository(tmp_path / "linked")
    assert repository.resolve("HEAD") == sha
    assert repository.work_tree().read("a.md") == b"A"


def test_an_unknown_branch_names_the_nearest(repo: Repo) -> None:
    repo.write({"a.md": "A"}).commit()
    repo.branch("release-2026")
    with pytest.raises(ConfigError, match="Did you mean 'release-2026'"):
        Repository(repo.root).resolve("relaese-2026")


def test_a_branch_that_only_the_remote_has_is_named_with_its_remote(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    repo.git("update-ref", "refs/remotes/origin/develop", sha)
    with pytest.raises(ConfigError, match="Did you mean 'origin/develop'"):
        Repository(repo.root).resolve("develop")


def test_an_unknown_sha_tells_of_fetch_depth(repo: Repo) -> None:
    repo.write({"a.md": "A"}).commit()
    with pytest.raises(ConfigError, match="fetch-depth: 0"):
        Repository(repo.root).resolve("0123456789012345678901234567890123456789")


def test_a_repository_without_a_commit_knows_no_ref(repo: Repo) -> None:
    with pytest.raises(ConfigError, match="no commit yet"):
        Repository(repo.root).resolve("HEAD")


@pytest.mark.parametrize("ref", ["--all", "-x", "--git-dir=/etc", "", " ", "main\nmain", "a\0b", f"{'a' * 40} commit 5", "HEAD:a.md"])
def test_no_ref_is_an_option_or_a_second_question(repo: Repo, ref: str) -> None:
    repo.write({"a.md": "A"}).commit()
    with pytest.raises(ConfigError):
        Repository(repo.root).resolve(ref)


def test_the_merge_base_is_where_the_branches_part(repo: Repo) -> None:
    fork = repo.write({"a.md": "A"}).commit()
    head = repo.branch("topic").write({"a.md": "B"}).commit()
    tip = repo.switch("main").write({"b.md": "B"}).commit()
    repository = Repository(repo.root)
    assert repository.merge_base(tip, head) == fork
    assert repository.merge_base("main", "topic") == fork


def test_unrelated_histories_have_no_merge_base(repo: Repo) -> None:
    repo.write({"a.md": "A"}).commit()
    repo.git("checkout", "--quiet", "--orphan", "island")
    repo.commit("another beginning")
    with pytest.raises(ConfigError, match="unrelated"):
        Repository(repo.root).merge_base("main", "island")


def test_a_shallow_clone_without_the_merge_base_tells_of_fetch_depth(repo: Repo, tmp_path: Path) -> None:
    repo.write({"a.md": "A"}).commit()
    repo.branch("topic").write({"a.md": "B"}).commit()
    repo.switch("main").write({"b.md": "B"}).commit()
    repo.git("clone", "--quiet", "--depth=1", "--no-single-branch", f"file://{repo.root}", str(tmp_path / "shallow"))
    repository = Repository(tmp_path / "shallow")
    assert repository.is_shallow
    with pytest.raises(ConfigError, match="fetch-depth: 0"):
        repository.merge_base("origin/main", "origin/topic")


def test_an_object_that_was_not_fetched_is_no_empty_file(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    blob = repo.git("rev-parse", "HEAD:a.md")
    tree = Repository(repo.root).tree(sha)
    (repo.root / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(CouldNotRun, match="fetch-depth: 0"):
        tree.read("a.md")


def test_a_missing_tree_object_could_not_run(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    oid = repo.git("rev-parse", "HEAD^{tree}")
    (repo.root / ".git" / "objects" / oid[:2] / oid[2:]).unlink()
    with pytest.raises(CouldNotRun, match="fetch-depth: 0"):
        Repository(repo.root).tree(sha)


def test_a_folder_without_a_repository_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no git repository"):
        Repository(tmp_path)


def test_a_broken_repository_does_not_fall_through_to_the_one_around_it(repo: Repo) -> None:
    repo.write({"a.md": "A"}).commit()
    (repo.root / "inner" / ".git").mkdir(parents=True)
    with pytest.raises(ConfigError, match="no git repository"):
        Repository(repo.root / "inner").resolve("HEAD")


def test_without_git_it_could_not_run(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    repo.write({"a.md": "A"}).commit()
    monkeypatch.setenv("PATH", "/nonexistent")
    repository = Repository(repo.root)
    with pytest.raises(CouldNotRun, match="Install git"):
        repository.resolve("HEAD")
    with pytest.raises(CouldNotRun, match="Install git"):
        repository.work_tree()


def test_the_callers_git_variables_do_not_lead_elsewhere(repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    other = Repo(tmp_path / "other")
    other.write({"other.md": "O"}).commit()
    sha = repo.write({"a.md": "A"}).commit()
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.root))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git" / "index"))
    repository = Repository(repo.root)
    assert repository.resolve("HEAD") == sha
    assert repository.work_tree().paths() == ("a.md",)


def test_git_is_given_none_of_our_keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("OPENAI_API_KEY", "GITHUB_TOKEN", "INPUT_GITHUB-TOKEN", "GIT_ASKPASS"):
        monkeypatch.setenv(name, "secret")
    assert "secret" not in git_process.Git(tmp_path).environment().values()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_a_workspace_of_another_user_is_read_without_touching_the_global_configuration(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    for folder, _, files in os.walk(repo.root):
        for name in (folder, *(os.path.join(folder, file) for file in files)):  # noqa: PTH118
            os.chown(name, 12345, 12345)
    home = tmp_path / "home"
    home.mkdir()
    monkeypatch.setenv("HOME", str(home))
    plain = subprocess.run(["git", "log"], cwd=repo.root, capture_output=True, check=False, env={"PATH": os.environ["PATH"], "HOME": str(home)})
    assert b"dubious ownership" in plain.stderr
    repository = Repository(repo.root)
    assert repository.resolve("HEAD") == sha
    assert repository.tree(sha).read("a.md") == b"A"
    assert repository.work_tree().read("a.md") == b"A"
    assert list(home.iterdir()) == []


def test_reading_changes_nothing_in_the_repository(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    repo.write({"a.md": "B"})
    before = {path: path.stat().st_mtime_ns for path in repo.root.rglob("*")}
    repository = Repository(repo.root)
    repository.tree(repository.resolve("HEAD")).read("a.md")
    repository.work_tree().read("a.md")
    assert repository.changed_paths(sha, None) == ["a.md"]
    assert {path: path.stat().st_mtime_ns for path in repo.root.rglob("*")} == before


def test_a_commit_is_read_from_objects_and_not_from_the_work_tree(repo: Repo) -> None:
    sha = repo.write({"a.md": "committed"}).commit()
    repo.write({"a.md": "on disk", "new.md": "N"})
    repository = Repository(repo.root)
    tree = repository.tree(sha)
    assert (tree.name, tree.read("a.md"), tree.exists("new.md")) == (sha, b"committed", False)
    assert repository.work_tree().read("a.md") == b"on disk"


def test_contents_come_back_byte_for_byte(repo: Repo) -> None:
    contents = {"empty": b"", "line": b"\n", "binary": bytes(range(256)) * 300, "header": b"missing\n" * 3}
    sha = repo.write(contents).commit()
    tree = Repository(repo.root).tree(sha)
    assert {path: tree.read(path) for path in reversed(tree.paths())} == contents


def test_an_executable_file_is_a_regular_one(repo: Repo) -> None:
    repo.write({"run.md": "R"})
    (repo.root / "run.md").chmod(0o755)
    assert Repository(repo.root).tree(repo.commit()).read("run.md") == b"R"


def test_every_name_survives_in_every_view(repo: Repo) -> None:
    base = repo.write({"seed": "s"}).commit()
    for name in ODD_NAMES:
        file = os.fsencode(repo.root) + b"/" + name.encode("utf-8", "surrogateescape")
        os.makedirs(os.path.dirname(file), exist_ok=True)  # noqa: PTH103, PTH120 - names that are no UTF-8
        with open(file, "wb") as stream:  # noqa: PTH123
            stream.write(name.encode("utf-8", "surrogateescape"))
    repository = Repository(repo.root)
    assert repository.changed_paths(base, None) == sorted(ODD_NAMES)
    head = repo.commit()
    assert repository.changed_paths(base, head) == sorted(ODD_NAMES)
    for tree in (repository.tree(head), repository.work_tree()):
        assert list(tree.paths()) == sorted([*ODD_NAMES, "seed"])
        assert all(tree.read(name) == name.encode("utf-8", "surrogateescape") for name in ODD_NAMES)


def test_names_that_differ_by_case_or_normalisation_are_two_files(repo: Repo) -> None:
    names = ["A.md", "a.md", "\u00e9.md", "e\u0301.md"]
    tree = Repository(repo.root).tree(repo.write({name: name for name in names}).commit())
    assert [tree.read(name).decode() for name in names] == names


def test_errors_show_odd_names_on_one_line(repo: Repo) -> None:
    tree = Repository(repo.root).tree(repo.write({"a": "A"}).commit())
    with pytest.raises(ConfigError) as caught:
        tree.read("a\n::set-output name=x::\udcff")
    assert "\n" not in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("path", ["../a.md", "/etc/passwd", "a/../../b", "", "a//b", "./a.md", "a.md/", "a\0b", ".."])
def test_a_path_that_leaves_the_repository_is_refused(repo: Repo, path: str) -> None:
    repository = Repository(repo.root)
    sha = repo.write({"a.md": "A"}).commit()
    for tree in (repository.tree(sha), repository.work_tree()):
        with pytest.raises(ConfigError, match="leaves the repository"):
            tree.read(path)


def test_a_missing_file_and_a_folder_are_told_apart(repo: Repo) -> None:
    repository = Repository(repo.root)
    sha = repo.write({"folder/a.md": "A"}).commit()
    for tree in (repository.tree(sha), repository.work_tree()):
        with pytest.raises(ConfigError, match="no such file"):
            tree.read("b.md")
        with pytest.raises(ConfigError, match="is a folder"):
            tree.read("folder")


def test_a_symbolic_link_is_refused_wherever_it_leads(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).symlink("out.md", "/proc/self/environ").symlink("in.md", "a.md").commit()
    repository = Repository(repo.root)
    for tree in (repository.tree(sha), repository.work_tree()):
        for path in ("out.md", "in.md"):
            assert tree.exists(path)
            with pytest.raises(ConfigError, match="symbolic link"):
                tree.read(path)


def test_a_folder_swapped_for_a_link_leads_nowhere(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "a.md").write_text("foreign")
    sha = repo.write({"prompts/a.md": "ours"}).commit()
    repository = Repository(repo.root)
    commit, work = repository.tree(sha), repository.work_tree()
    (repo.root / "prompts").rename(repo.root / "moved")
    repo.symlink("prompts", str(tmp_path / "secret"))
    assert commit.read("prompts/a.md") == b"ours"
    with pytest.raises(ConfigError, match="symbolic link"):
        work.read("prompts/a.md")


def test_a_submodule_is_refused(repo: Repo, tmp_path: Path) -> None:
    library = Repo(tmp_path / "library")
    library.write({"a.md": "A"}).commit()
    repo.git("submodule", "--quiet", "add", str(library.root), "lib")
    tree = Repository(repo.root).tree(repo.commit())
    with pytest.raises(ConfigError, match="submodule"):
        tree.read("lib")


def test_an_lfs_pointer_is_refused(repo: Repo) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"
    repository = Repository(repo.root)
    sha = repo.write({"a.md": pointer}).commit()
    for tree in (repository.tree(sha), repository.work_tree()):
        with pytest.raises(ConfigError, match="LFS pointer"):
            tree.read("a.md")


def test_a_large_file_is_refused_by_its_size_alone(repo: Repo) -> None:
    repository = Repository(repo.root)
    sha = repo.write({"big.md": b"x" * (trees.MOST_BYTES + 1), "most.md": b"x" * trees.MOST_BYTES}).commit()
    for tree in (repository.tree(sha), repository.work_tree()):
        assert len(tree.read("most.md")) == trees.MOST_BYTES
        with pytest.raises(ConfigError, match=r"5\.0 MiB; the limit is 5 MiB"):
            tree.read("big.md")


def test_the_work_tree_holds_tracked_and_new_files_but_not_ignored_or_deleted_ones(repo: Repo) -> None:
    repo.write({".gitignore": "*.log\n", "kept.md": "K", "gone.md": "G"}).commit()
    repo.write({"gone.md": None, "new.md": "N", "debug.log": "L"})
    tree = Repository(repo.root).work_tree()
    assert tree.name == "work tree"
    assert tree.paths() == (".gitignore", "kept.md", "new.md")
    with pytest.raises(ConfigError, match="git ignores it"):
        tree.read("debug.log")


def test_a_pipe_in_the_work_tree_is_refused_and_not_waited_for(repo: Repo) -> None:
    repo.write({"a.md": "A"}).commit()
    (repo.root / "a.md").unlink()
    os.mkfifo(repo.root / "a.md")
    with pytest.raises(ConfigError, match="no regular file"):
        Repository(repo.root).work_tree().read("a.md")


def test_a_rename_is_seen_with_a_small_edit(repo: Repo) -> None:
    text = "".join(f"line {number}\n" for number in range(20))
    base = repo.write({"a.md": text, "stays.md": "S", "gone.md": "something else"}).commit()
    head = repo.move("a.md", "new\nname.md").write({"new\nname.md": text + "more\n", "gone.md": None, "b.md": "B"}).commit()
    repository = Repository(repo.root)
    assert repository.renames(base, head) == {"new\nname.md": "a.md"}
    assert repository.changed_paths(base, head) == ["a.md", "b.md", "gone.md", "new\nname.md"]


def test_a_rename_is_seen_in_the_work_tree(repo: Repo) -> None:
    base = repo.write({"a.md": "some text\n" * 5}).commit()
    repo.move("a.md", "b.md")
    assert Repository(repo.root).renames(base, None) == {"b.md": "a.md"}


def test_nothing_differs_between_a_commit_and_itself(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    repository = Repository(repo.root)
    assert repository.changed_paths(sha, sha) == []
    assert repository.changed_paths(sha, None) == []
    assert repository.renames(sha, sha) == {}


def test_an_empty_commit_has_no_paths(repo: Repo) -> None:
    assert Repository(repo.root).tree(repo.commit()).paths() == ()


def test_settings_of_the_repository_do_not_change_what_is_seen(repo: Repo) -> None:
    base = repo.write({"a.md": "text\n" * 9}).commit()
    head = repo.move("a.md", "dir/b.md").commit()
    for setting in ("diff.renames=false", "diff.external=/bin/false", "core.quotePath=true", "diff.noprefix=true", "color.ui=always"):
        repo.git("config", *setting.split("="))
    assert Repository(repo.root).renames(base, head) == {"dir/b.md": "a.md"}


def test_a_replaced_object_is_not_what_is_read(repo: Repo) -> None:
    repo.write({"a.md": "true"}).commit()
    fake = repo.write({"a.md": "forged"}).commit()
    original = repo.sha("HEAD~1")
    repo.git("replace", original, fake)
    assert Repository(repo.root).tree(original).read("a.md") == b"true"


def test_a_dead_cat_file_is_started_again(repo: Repo) -> None:
    sha = repo.write({"a.md": "A"}).commit()
    repository = Repository(repo.root)
    assert repository.resolve("HEAD") == sha
    repository.close()
    assert repository.resolve("HEAD") == sha


def test_a_commit_made_later_is_found(repo: Repo) -> None:
    first = repo.write({"a.md": "A"}).commit()
    repository = Repository(repo.root)
    assert repository.resolve("HEAD") == first
    second = repo.write({"a.md": "B"}).commit()
    assert repository.tree(repository.resolve("HEAD")).read("a.md") == b"B"
    assert repository.resolve("HEAD") == second


def test_no_process_is_left_behind(repo: Repo) -> None:
    children = Path(f"/proc/self/task/{os.getpid()}/children")
    if not children.exists():
        pytest.skip("needs /proc")
    sha = repo.write({"a.md": "A"}).commit()
    before = set(children.read_text().split())
    repository = Repository(repo.root)
    tree = repository.tree(repository.resolve(sha))
    tree.read("a.md")
    assert len(set(children.read_text().split()) - before) == 2
    del repository, tree
    gc.collect()
    assert set(children.read_text().split()) <= before


def test_a_reader_ends_without_a_warning(repo: Repo) -> None:
    repo.write({"a.md": "A"}).commit()
    code = "import sys, pathlib; from evalbot.adapters.git import Repository as R; r = R(pathlib.Path(sys.argv[1])); r.resolve('HEAD')"
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", code, str(repo.root)], capture_output=True, check=False, cwd=Path(__file__).parents[2]
    )
    assert (done.returncode, done.stderr) == (0, b"")


# ---- changed lines


def _lines(count: int, **changed: str) -> str:
    return "".join(changed.get(f"l{number}", f"line {number}\n") for number in range(1, count + 1))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (_lines(20), []),
        (_lines(20, l3="three\n"), [(3, 3)]),
        (_lines(20, l3="three\n", l4="four\n", l9="nine\n"), [(3, 4), (9, 9)]),
        (_lines(20, l3="three\n", l5="five\n"), [(3, 3), (5, 5)]),
        ("new\nnew\n" + _lines(20), [(1, 2)]),
        (_lines(20) + "more\n", [(21, 21)]),
        (_lines(20, l7="", l8=""), [(6, 6)]),
        (_lines(20, l1=""), [(1, 1)]),
        ("", [(1, 1)]),
        (_lines(20)[:-1], [(20, 20)]),
        (_lines(20, l2="@@ -1,9 +7,9 @@ forged\n"), [(2, 2)]),
        (_lines(20, l2="a\0b\n"), [(2, 2)]),
    ],
)
def test_changed_lines_are_head_s(repo: Repo, head: str, expected: list[tuple[int, int]]) -> None:
    base = repo.write({"a.md": _lines(20), "other.md": "x"}).commit()
    then = repo.write({"a.md": head, "other.md": "y"}).commit()
    assert Repository(repo.root).changed_lines(base, then, "a.md") == expected


def test_changed_lines_follow_a_rename_and_see_a_new_file_whole(repo: Repo) -> None:
    base = repo.write({"dir/a b.md": _lines(20)}).commit()
    head = repo.move("dir/a b.md", "é[1].md").write({"é[1].md": _lines(20, l5="five\n"), "new.md": "1\n2\n3\n"}).commit()
    repository = Repository(repo.root)
    assert repository.changed_lines(base, head, "é[1].md") == [(5, 5)]
    assert repository.changed_lines(base, head, "new.md") == [(1, 3)]
    assert repository.changed_lines(base, head, "nowhere.md") == []
    assert repository.changed_lines(base, base, "é[1].md") == []


def test_changed_lines_of_a_file_that_attributes_call_binary_or_settings_would_join(repo: Repo) -> None:
    base = repo.write({"a.md": _lines(20), ".gitattributes": "*.md -diff\n"}).commit()
    head = repo.write({"a.md": _lines(20, l3="three\n", l6="six\n")}).commit()
    for setting in ("diff.context=5", "diff.interHunkContext=9", "diff.external=/bin/false", "color.ui=always", "diff.noprefix=true"):
        repo.git("config", *setting.split("="))
    assert Repository(repo.root).changed_lines(base, head, "a.md") == [(3, 3), (6, 6)]
