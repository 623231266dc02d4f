"""PATH: what git and the file system can be made to say: only regular files of the repository are ever read, and all of them are seen."""

from __future__ import annotations

import os
import unicodedata

import pytest

from tests.app.checking import CONFIG, PROMPT, House, few
from tests.report.rendering import Page
from tests.repository import Repo

SAME = {"prompts/support.md": PROMPT.format(quality="same")}
WORSE = {"prompts/support.md": PROMPT.format(quality="bad")}
GLOB = CONFIG.replace("prompt: prompts/support.md", 'prompts: ["prompts/**/*.md"]')


@pytest.mark.parametrize("where", ["base", "head"])
@pytest.mark.parametrize(
    ("case", "path"),
    [
        ("PATH-01", "../../../../etc/passwd"), ("PATH-01", "evals/../../x.jsonl"), ("PATH-02", "/proc/self/environ"),
        ("PATH-02", "file:///etc/passwd"), ("PATH-02", "http://127.0.0.1:1/x.jsonl"), ("PATH-02", "~/x.jsonl"),
    ],
)  # fmt: skip
def test_PATH_01_and_PATH_02_a_dataset_is_a_path_within_the_repository(tmp_path, where, case, path):
    text = CONFIG.replace("evals/*.jsonl", path)
    house = House(tmp_path, few(config=text)) if where == "base" else House(tmp_path, few())

    result = house.head(SAME | ({"evalbot.yml": text} if where == "head" else {})).check()

    assert result.verdict == "config_error"
    assert "evalbot.yml:6" in str(result.record.problems[0])
    assert result.server.calls == []


def test_PATH_04_the_work_tree_is_not_consulted(small):
    small.head(SAME)
    outside = small.root / "outside"
    outside.mkdir()
    (outside / "golden.jsonl").write_text("not a dataset")
    evals = small.repo.root / "evals"
    evals.rename(small.root / "moved")
    evals.symlink_to(outside)
    (small.repo.root / "prompts/support.md").write_text("{{ broken")

    assert small.check().verdict == "pass"


@pytest.mark.parametrize("path", ["prompts/support.md", "evals/golden.jsonl", "evalbot.yml"])
def test_PATH_04_a_symbolic_link_at_head_is_refused(small, path):
    (small.repo.root / path).unlink()
    small.repo.symlink(path, "/proc/self/environ").commit("link")

    result = small.check()

    assert result.verdict == "config_error"
    assert "symbolic link" in str(result.record.problems[0])
    assert result.server.calls == []


def test_PATH_05_a_prompt_that_is_a_submodule_is_refused(small, tmp_path):
    other = Repo(tmp_path / "other")
    other.write({"a.md": "x"}).commit()
    small.repo.git("rm", "--quiet", "prompts/support.md")
    small.repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "prompts/support.md")
    small.repo.commit("submodule")

    result = small.check()

    assert result.verdict == "config_error"
    assert "submodule" in str(result.record.problems[0])


ODD = {
    "newline": "a\nb", "quote": 'a"b', "apostrophe": "a'b", "pipe": "a|b", "backtick": "a`b`c", "command": "$(id)", "accent": "café",
    "dash": "-rf", "mention": "@octocat", "link": "[x](y)", "long": "n" * 200, "bidi": "a\u202eb", "comment": "<!-- x -->",
}  # fmt: skip


@pytest.mark.parametrize("name", ODD.values(), ids=ODD.keys())
def test_PATH_07_a_changed_prompt_is_found_under_any_name_and_shown_as_text(tmp_path, name):
    path = f"prompts/{name}.md"
    house = House(tmp_path, few(config=GLOB) | {path: PROMPT.format(quality="good")}).head({path: PROMPT.format(quality="same")})

    result = house.check()

    assert result.verdict == "pass"
    assert [item["path"] for item in result.summary["changed_prompts"]] == [path]
    page = Page(result.comment)
    assert page.elements.count("!--") == 0
    assert "\u202e" not in result.comment
    assert "a" not in [element for element in page.elements if element in ("a", "img")]


def test_PATH_07_a_name_that_is_not_utf8_is_found_too(tmp_path):
    path = os.fsdecode(b"prompts/\xff\xfe.md")
    house = House(tmp_path, few(config=GLOB) | {path: PROMPT.format(quality="good")}).head({path: PROMPT.format(quality="same")})

    result = house.check()

    assert result.verdict == "pass"
    assert len(result.summary["changed_prompts"]) == 1
    (result.folder / "comment.md").read_bytes().decode("utf-8")


@pytest.mark.parametrize(
    ("one", "other"),
    [("prompts/Reply.md", "prompts/reply.md"), (f"prompts/{unicodedata.normalize('NFC', 'é')}.md", f"prompts/{unicodedata.normalize('NFD', 'é')}.md")],
    ids=["case", "normalisation"],
)
def test_PATH_08_names_that_look_alike_are_two_prompts(tmp_path, one, other):
    start = few(config=GLOB) | {one: PROMPT.format(quality="good"), other: PROMPT.format(quality="good")}

    result = House(tmp_path, start).head({other: PROMPT.format(quality="same")}).check()

    assert result.verdict == "pass"
    assert [item["path"] for item in result.summary["changed_prompts"]] == [other]


def test_PATH_10_a_prompt_that_head_deletes_is_never_a_silent_pass(tmp_path):
    start = few(config=GLOB) | {"prompts/other.md": PROMPT.format(quality="good")}

    result = House(tmp_path, start).head({"prompts/other.md": None}).check()

    assert result.verdict == "fail"
    assert result.findings == {"prompt_deleted": ["blocks"]}
    assert "prompts/other" in result.comment


def test_PATH_11_more_files_than_the_api_lists_are_compared_by_their_trees(on_github, tmp_path):
    many = {f"docs/{number:03}.txt": str(number) for number in range(310)}
    scene = on_github(many | SAME)
    scene.workspace = tmp_path / "empty"
    scene.workspace.mkdir()

    ran = scene.opened()

    assert ran.outputs["changed-prompts"] == '["prompts/support.md"]'
    assert ran.outputs["verdict"] == "pass"


def test_PATH_16_a_prompt_whose_partial_changed_has_changed(tmp_path):
    start = few(prompt="{% include 'tone.md' %}\nquality=good\n") | {"prompts/tone.md": "Be kind.\n"}

    result = House(tmp_path, start).head({"prompts/tone.md": "Be blunt.\n"}).check()

    assert [item["causes"] for item in result.summary["changed_prompts"]] == [["partial"]]
    assert result.verdict == "pass"


def test_PATH_16_an_include_that_leads_nowhere_is_an_error_with_its_place(tmp_path):
    result = House(tmp_path, few()).head({"prompts/support.md": "{% include 'tone.md' %}\nquality=good\n"}).check()

    assert result.verdict == "config_error"
    assert "prompts/support.md" in str(result.record.problems[0])
    assert "tone.md" in str(result.record.problems[0])


def test_PATH_17_a_prompt_of_300_MiB_is_refused_by_its_size(small):
    import resource

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with (small.repo.root / "prompts/support.md").open("wb") as file:
        file.truncate(300 * 1024 * 1024)
    small.repo.git("-c", "core.bigFileThreshold=1m", "-c", "core.compression=1", "add", "--all")
    small.repo.git("commit", "--quiet", "--message", "big")

    result = small.check()

    assert result.verdict == "config_error"
    assert "300.0 MiB" in str(result.record.problems[0])
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024, "KiB: it was never read"
