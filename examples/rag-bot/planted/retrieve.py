"""Finds the passages of the index that fit a question: those in which its words come up most often."""

import json
import re
from pathlib import Path

_WORD = re.compile(r"[a-z0-9]+")


INDEX = Path(__file__).with_name("index.jsonl")


class Index:
    """All passages."""

    def __init__(self, path: Path = INDEX) -> None:
        self.passages = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    def search(self, question: str, top: int = 2) -> list[str]:
        """The texts of the best passages, best first."""
        asked = set(_WORD.findall(question.lower()))
        shared = [sum(word in asked for word in words(passage["text"])) for passage in self.passages]
        best = sorted(range(len(shared)), key=lambda number: (-shared[number], number))[:top]
        return [self.passages[number]["text"] for number in best if shared[number]]


def words(text: str) -> list[str]:
    """The words of a text."""
    return _WORD.findall(text.lower())
