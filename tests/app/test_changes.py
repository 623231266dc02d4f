"""Which prompts changed and why, in real repositories."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from evalbot.adapters.git import Repository
from evalbot.app.changes import PromptPairs, pair_prompts
from evalbot.domain.errors import ConfigError
from evalbot.domain.runs import Cause, Side
from tests.repository import Repo

GLOB = ["prompts/**/*.md"]
LONG = "".join(f"Rule {number}: be kind.\n" for number in range(20))


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return Repo(tmp_path / "repo")


def pairs(repo: Repo, base: str, head: str | None, *, tip: str | None = None, **options: Any) -> PromptPairs:
    repository = Repository(repo.root)
    options = {"base_patterns": GLOB, "head_patterns": GLOB, "policy_path": "evalbot.yml"} | options
    return pair_prompts(
        repository.tree(base), repository.work_tree() if head is None else repository.tree(head),
        renames=repository.renames(base, head), policy_tree=repository.tree(tip) if tip else None, **options,
    )  # fmt: skip


def causes(found: PromptPairs) -> dict[str, list[str]]:
    return {pair.id: [str(cause) for cause in pair.causes] for pair in found.prompts}


def test_what_did_not_change_has_no_cause(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A", "other.txt": "O"}).commit()
    head = repo.write({"other.txt": "P"}).commit()
    found = pairs(repo, base, head)
    assert causes(found) == {"prompts/a": []}
    assert found.changed == ()
    assert found.prompts[0].sides == (Side.BASE, Side.HEAD)


def test_each_part_that_differs_is_a_cause(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "---\nmodel: a/b\n---\nA", "prompts/b.md": "B", "prompts/c.md": "{% include 'parts/x.txt' %}", "prompts/parts/x.txt": "X"}).commit()
    head = repo.write({"prompts/a.md": "---\nmodel: a/c\nparams: {seed: 1}\n---\nA2", "prompts/parts/x.txt": "Y"}).commit()
    assert causes(pairs(repo, base, head)) == {"prompts/a": ["template", "model", "params"], "prompts/b": [], "prompts/c": ["partial"]}


def test_a_work_tree_can_be_head(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A"}).commit()
    repo.write({"prompts/a.md": "B", "prompts/new.md": "N"})
    assert causes(pairs(repo, base, None)) == {"prompts/a": ["template"], "prompts/new": ["new"]}


def test_a_new_prompt_has_no_base_side(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A"}).commit()
    head = repo.write({"prompts/b.md": "B"}).commit()
    pair = pairs(repo, base, head).prompts[1]
    assert (pair.id, pair.path, pair.causes, pair.sides, pair.base) == ("prompts/b", "prompts/b.md", (Cause.NEW,), (Side.HEAD,), None)


def test_a_deleted_prompt_is_run_nowhere(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A", "prompts/b.md": "B"}).commit()
    head = repo.write({"prompts/b.md": None}).commit()
    pair = pairs(repo, base, head).prompts[1]
    assert (pair.id, pair.path, pair.causes, pair.sides, pair.head) == ("prompts/b", "prompts/b.md", (Cause.DELETED,), (), None)


def test_a_rename_alone_is_no_change(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": LONG}).commit()
    head = repo.move("prompts/a.md", "prompts/deep/b.md").commit()
    (pair,) = pairs(repo, base, head).prompts
    assert (pair.id, pair.base_path, pair.causes, pair.renamed) == ("prompts/deep/b", "prompts/a.md", (), True)


def test_a_rename_stands_beside_another_cause(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": LONG}).commit()
    head = repo.move("prompts/a.md", "prompts/b.md").write({"prompts/b.md": LONG + "And short.\n"}).commit()
    found = pairs(repo, base, head)
    assert causes(found) == {"prompts/b": ["template", "renamed"]}
    assert found.prompts[0].base is not None


def test_a_prompt_that_moved_out_of_the_globs_is_deleted(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": LONG, "prompts/b.md": "B"}).commit()
    head = repo.move("prompts/a.md", "archive/a.md").commit()
    assert causes(pairs(repo, base, head)) == {"prompts/a": ["deleted"], "prompts/b": []}


def test_each_side_has_its_own_patterns(repo: Repo) -> None:
    base = repo.write({"one.md": LONG}).commit()
    head = repo.move("one.md", "two.md").commit()
    assert causes(pairs(repo, base, head, base_patterns=["one.md"], head_patterns=["two.md"])) == {"two": []}


def test_a_file_that_was_no_prompt_of_the_suite_is_new(repo: Repo) -> None:
    base = repo.write({"one.md": "1", "two.md": "2"}).commit()
    head = repo.write({"x": "x"}).commit()
    assert causes(pairs(repo, base, head, base_patterns=["one.md"], head_patterns=["one.md", "two.md"])) == {"one": [], "two": ["new"]}


@pytest.mark.parametrize("patterns", [["nothing/*.md"], ["prompts/a.md", "typo.md"], []])
def test_a_pattern_that_names_nothing_is_refused(repo: Repo, patterns: list[str]) -> None:
    base = repo.write({"prompts/a.md": "A"}).commit()
    with pytest.raises(ConfigError, match=r"^evalbot\.yml(:7)?: no prompt") as caught:
        pairs(repo, base, base, base_patterns=patterns, head_patterns=patterns, policy_lines=range(8 - len(patterns), 8))
    assert not patterns or patterns[-1] in str(caught.value)


def test_a_pattern_that_only_one_side_fills_is_fine(repo: Repo) -> None:
    base = repo.write({"x": "x"}).commit()
    head = repo.write({"prompts/a.md": "A"}).commit()
    assert causes(pairs(repo, base, head)) == {"prompts/a": ["new"]}
    assert causes(pairs(repo, head, base)) == {"prompts/a": ["deleted"]}


def test_two_prompts_with_one_id_are_refused(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A", "prompts/a.txt": "A"}).commit()
    with pytest.raises(ConfigError, match="one prompt by id"):
        pairs(repo, base, base, base_patterns=["prompts/*"], head_patterns=["prompts/*"])


def test_all_broken_prompts_of_head_are_listed(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A", "prompts/b.md": "B"}).commit()
    head = repo.write({"prompts/a.md": "{% if %}", "prompts/b.md": "{{ x|nope }}"}).commit()
    with pytest.raises(ConfigError) as caught:
        pairs(repo, base, head)
    assert [problem.path for problem in caught.value.problems] == ["prompts/a.md", "prompts/b.md"]


def test_a_prompt_that_head_mends_runs_at_head_alone(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "{% if %}"}).commit()
    head = repo.write({"prompts/a.md": "A"}).commit()
    (pair,) = pairs(repo, base, head).prompts
    assert (pair.causes, pair.sides) == ((Cause.TEMPLATE,), (Side.HEAD,))
    assert "cannot be parsed" in pair.base_problem


def test_a_folder_of_prompts_that_becomes_a_link_or_a_submodule_is_no_deletion(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A"}).commit()
    (repo.root / "prompts/a.md").unlink()
    (repo.root / "prompts").rmdir()
    linked = repo.symlink("prompts", "/tmp").commit()
    repo.git("rm", "--quiet", "prompts")
    repo.git("update-index", "--add", "--cacheinfo", f"160000,{base},prompts")
    repo.git("commit", "--quiet", "--message", "a submodule")
    with pytest.raises(ConfigError, match=r"^prompts: is a symbolic link"):
        pairs(repo, base, linked)
    with pytest.raises(ConfigError, match=r"^prompts: is a submodule"):
        pairs(repo, base, repo.sha())


def test_a_symlink_for_a_prompt_is_a_config_error(repo: Repo) -> None:
    base = repo.write({"prompts/b.md": "B"}).commit()
    head = repo.symlink("prompts/a.md", "/proc/self/environ").commit()
    with pytest.raises(ConfigError, match="symbolic link"):
        pairs(repo, base, head)


def diverged(repo: Repo, at_head: dict[str, str | None], moved_to: str | None) -> tuple[str, str, str]:
    """Merge base, head and tip, where the tip has moved or dropped prompts/a.md."""
    base = repo.write({"prompts/a.md": LONG, "prompts/b.md": "B"}).commit()
    head = repo.branch("topic").write({"head.txt": "h", **at_head}).commit()
    repo.switch("main")
    tip = (repo.move("prompts/a.md", moved_to) if moved_to else repo.write({"prompts/a.md": None})).commit()
    return base, head, tip


@pytest.mark.parametrize("moved_to", ["prompts/z.md", None])
def test_a_changed_prompt_that_the_tip_moved_or_dropped_asks_for_an_update(repo: Repo, moved_to: str | None) -> None:
    base, head, tip = diverged(repo, {"prompts/a.md": LONG + "More.\n"}, moved_to)
    with pytest.raises(ConfigError, match=r"prompts/a\.md: .*Update your branch"):
        pairs(repo, base, head, tip=tip)


def test_an_unchanged_prompt_that_the_tip_moved_is_no_matter(repo: Repo) -> None:
    base, head, tip = diverged(repo, {"prompts/b.md": "B2"}, "prompts/z.md")
    found = pairs(repo, base, head, tip=tip)
    assert causes(found) == {"prompts/a": [], "prompts/b": ["template"]}
    assert found.left_out == ("prompts/z.md",)


def test_a_prompt_that_both_dropped_is_left_out_and_listed(repo: Repo) -> None:
    base, head, tip = diverged(repo, {"prompts/a.md": None}, None)
    found = pairs(repo, base, head, tip=tip)
    assert causes(found) == {"prompts/b": []}
    assert found.left_out == ("prompts/a.md",)


def test_a_prompt_that_only_the_tip_has_is_left_out_and_listed(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A"}).commit()
    head = repo.branch("topic").write({"prompts/a.md": "A2"}).commit()
    tip = repo.switch("main").write({"new/n.md": "N"}).commit()
    found = pairs(repo, base, head, tip=tip, policy_patterns=["prompts/*.md", "new/*.md"])
    assert causes(found) == {"prompts/a": ["template"]}
    assert found.left_out == ("new/n.md",)


def test_a_prompt_that_the_tip_changed_is_compared_with_the_merge_base(repo: Repo) -> None:
    base = repo.write({"prompts/a.md": "A"}).commit()
    head = repo.branch("topic").write({"x": "x"}).commit()
    tip = repo.switch("main").write({"prompts/a.md": "A2"}).commit()
    assert causes(pairs(repo, base, head, tip=tip)) == {"prompts/a": []}


def test_a_tip_whose_glob_names_the_new_place_finds_heads_old_one_stale(repo: Repo) -> None:
    base, head, tip = diverged(repo, {}, "new/a.md")
    options = {"base_patterns": ["new/*.md"], "head_patterns": ["prompts/a.md"], "tip": tip}
    found = pairs(repo, base, head, **options)
    assert (causes(found), found.left_out) == ({}, ("new/a.md", "prompts/a.md"))
    edited = repo.switch("topic").write({"prompts/a.md": "new words"}).commit()
    with pytest.raises(ConfigError, match="Update your branch"):
        pairs(repo, base, edited, **options)


def test_odd_names_are_prompts_too(repo: Repo) -> None:
    names = ["prompts/new\nline.md", "prompts/café.md", "prompts/-dash.md", "prompts/qu'o\"te.md", "prompts/$(id).md"]
    base = repo.write(dict.fromkeys(names, "A")).commit()
    head = repo.write(dict.fromkeys(names, "B")).commit()
    assert [pair.path for pair in pairs(repo, base, head).changed] == sorted(names)


def test_a_large_repository_without_a_change_is_quick(repo: Repo) -> None:
    files = {f"src/{number // 100}/{number}.py": f"{number}" for number in range(2000)}
    base = repo.write(files | {f"prompts/{number}.md": LONG + "{{ user_input }}" for number in range(20)}).commit()
    head = repo.write({"src/0/0.py": "x"}).commit()
    began = time.process_time()
    repository = Repository(repo.root)
    fork = repository.merge_base(repository.resolve("main"), repository.resolve(head))
    found = pairs(repo, base, head)
    assert (len(found.prompts), found.changed, fork) == (20, (), head)
    assert time.process_time() - began < 0.5


CONSTANTS = {"base_patterns": ["app/*.py:SYSTEM"], "head_patterns": ["app/*.py:SYSTEM"]}


def test_a_constant_changes_when_its_text_does_and_not_when_its_file_does(repo: Repo) -> None:
    base = repo.write({"app/a.py": f'SYSTEM = """{LONG}"""\nx = 1\n'}).commit()
    elsewhere = repo.write({"app/a.py": f'SYSTEM = """{LONG}"""\nx = 2\n'}).commit()
    assert causes(pairs(repo, base, elsewhere, tip=base, **CONSTANTS)) == {"app/a:SYSTEM": []}
    changed = repo.write({"app/a.py": f'SYSTEM = """{LONG}Be brief."""\nx = 2\n'}).commit()
    tip = repo.switch(base).write({"other.txt": "O"}).commit()
    assert causes(pairs(repo, base, changed, tip=tip, **CONSTANTS)) == {"app/a:SYSTEM": ["template"]}


def test_a_constant_is_paired_across_a_rename_of_its_file(repo: Repo) -> None:
    base = repo.write({"app/a.py": f'SYSTEM = """{LONG}"""\nx = 1\n'}).commit()
    head = repo.move("app/a.py", "app/b.py").write({"app/b.py": f'SYSTEM = """{LONG}Be brief."""\nx = 1\n'}).commit()
    pair = pairs(repo, base, head, **CONSTANTS).prompts[0]
    assert (pair.base_path, pair.path, pair.causes) == ("app/a.py:SYSTEM", "app/b.py:SYSTEM", (Cause.TEMPLATE, Cause.RENAMED))
