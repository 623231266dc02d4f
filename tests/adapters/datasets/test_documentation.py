from __future__ import annotations

import re
from pathlib import Path

import pytest

from evalbot.adapters.datasets.read import read_datasets
from evalbot.adapters.datasets.row import KEYS

PAGE = Path(__file__).parents[3].joinpath("docs", "datasets.md").read_text(encoding="utf-8")


class OneFile:
    name = "work tree"

    def __init__(self, text: str) -> None:
        self.text = text

    def paths(self) -> list[str]:
        return []

    def exists(self, path: str) -> bool:
        return True

    def read(self, path: str) -> bytes:
        return self.text.encode()


@pytest.mark.parametrize(("language", "rows"), [("jsonl", 2), ("yaml", 1), ("csv", 1)])
def test_the_examples_of_the_page_are_datasets(language: str, rows: int) -> None:
    text = re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[0]
    assert len(read_datasets(OneFile(text), [f"a.{language}"])) == rows


def test_the_page_has_a_line_for_each_field_and_no_other() -> None:
    table = PAGE.partition("## Fields")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(KEYS)
