from __future__ import annotations

import time

import pytest

from evalbot.adapters.globs import expand, match
from evalbot.domain.errors import ConfigError

PATHS = [
    "README.md", "evals/golden.jsonl", "evals/old/golden.jsonl", "evals/odd[1].jsonl", "lib/texts.py",
    "prompts/a.md", "prompts/café.md", "prompts/sub/b.md", "prompts/sub/deep/c.md", "prompts/x.md/inner.txt",
]  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("prompts/a.md", ["prompts/a.md"]),
        ("./prompts/a.md", ["prompts/a.md"]),
        ("prompts/*.md", ["prompts/a.md", "prompts/café.md"]),
        ("prompts/**/*.md", ["prompts/a.md", "prompts/café.md", "prompts/sub/b.md", "prompts/sub/deep/c.md"]),
        ("**/*.md", ["README.md", "prompts/a.md", "prompts/café.md", "prompts/sub/b.md", "prompts/sub/deep/c.md"]),
        ("*.md", ["README.md"]),
        ("evals/*", ["evals/golden.jsonl", "evals/odd[1].jsonl"]),
        ("evals/", ["evals/golden.jsonl", "evals/odd[1].jsonl", "evals/old/golden.jsonl"]),
        ("evals/**", ["evals/golden.jsonl", "evals/odd[1].jsonl", "evals/old/golden.jsonl"]),
        ("evals/odd[1].jsonl", ["evals/odd[1].jsonl"]),
        ("prompts/?.md", ["prompts/a.md"]),
        ("prompts/[ab].md", ["prompts/a.md"]),
        ("lib/texts.py:SYSTEM", ["lib/texts.py:SYSTEM"]),
        ("lib/*.py:SYSTEM", ["lib/texts.py:SYSTEM"]),
        ("prompts", []),
        ("prompts/[a", []),
        ("nothing/*.md", []),
    ],
)
def test_a_pattern_names_the_paths_that_a_reader_expects(pattern: str, found: list[str]) -> None:
    assert match([pattern], PATHS) == found


def test_several_patterns_give_each_path_once_and_sorted() -> None:
    assert match(["prompts/*.md", "README.md", "prompts/a.md"], PATHS) == [
        "README.md",
        "prompts/a.md",
        "prompts/café.md",
    ]


def test_an_exclamation_mark_takes_paths_away() -> None:
    assert match(["prompts/**/*.md", "!prompts/sub/**"], PATHS) == ["prompts/a.md", "prompts/café.md"]


def test_no_patterns_and_no_paths_name_nothing() -> None:
    assert match([], PATHS) == []
    assert match(["**"], []) == []
    assert expand([], PATHS, what="dataset", path="evalbot.yml") == []


@pytest.mark.parametrize(
    "pattern",
    [
        "/etc/passwd", "../../../../etc/passwd", "evals/../../x", "~/x", "~root/x", "file:///etc/passwd", "http://host/x",
        "s3://bucket/x", "/proc/self/environ", "C:\\x", "..\\x", "!../x",
    ],
)  # fmt: skip
def test_a_path_that_leaves_the_repository_is_refused(pattern: str) -> None:
    with pytest.raises(ConfigError, match="outside the repository"):
        match([pattern], PATHS)


def test_a_refusal_names_file_and_line() -> None:
    with pytest.raises(ConfigError, match=r"^evalbot\.yml:7: '/etc/passwd' is outside the repository"):
        expand(["/etc/passwd"], PATHS, what="dataset", path="evalbot.yml", lines=[7])


def test_every_pattern_that_matches_nothing_is_listed_with_the_nearest_path() -> None:
    with pytest.raises(ConfigError) as caught:
        expand(
            ["evals/goldn.jsonl", "prompts/a.md", "prompts", "zzz/*.csv"],
            PATHS,
            what="dataset",
            path="evalbot.yml",
            lines=[4, 5, 6, 7],
        )
    first, second, third = caught.value.problems
    assert (
        str(first) == "evalbot.yml:4: no dataset matches 'evals/goldn.jsonl'. Did you mean 'evals/golden.jsonl'?"
    )
    assert (second.line, third.line) == (6, 7)
    assert second.hint == "It is a folder: write 'prompts/**'."
    assert "relative to the repository's root" in third.hint


def test_excluding_everything_is_an_error() -> None:
    with pytest.raises(ConfigError, match="exclude all of them"):
        expand(["prompts/*.md", "!prompts/**"], PATHS, what="prompt", path="evalbot.yml")


def test_an_empty_pattern_is_an_error() -> None:
    with pytest.raises(ConfigError, match="empty path"):
        match([" "], PATHS)


def test_a_glob_made_to_hang_is_refused_at_once() -> None:
    started = time.perf_counter()
    with pytest.raises(ConfigError, match="wildcards"):
        match(["*a" * 30 + "b"], ["a" * 255])
    assert match(["**/*a*a*b"], ["a" * 255 + "/" + "a" * 255]) == []
    assert time.perf_counter() - started < 2
