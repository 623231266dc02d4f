"""Finds the passages of the index that fit a question, by BM25: rare words count more, long passages do not win by length."""

import json
import math
import re
from collections import Counter
from pathlib import Path

K1, B = 1.2, 0.75
_WORD = re.compile(r"[a-z0-9]+")
_COMMON = frozenset(["a", "an", "and", "are", "at", "be", "can", "do", "does", "for", "from", "how", "i", "in", "is", "it", "my", "of", "on", "or", "our", "the", "there", "to", "we", "what", "when", "which", "who", "with", "you", "your"])


def words(text: str) -> list[str]:
    """The words that tell passages apart, without their endings."""
    return [re.sub(r"(ing|ed|es|s)$", "", word) for word in _WORD.findall(text.lower()) if word not in _COMMON]


INDEX = Path(__file__).with_name("index.jsonl")


class Index:
    """All passages, counted once."""

    def __init__(self, path: Path = INDEX) -> None:
        self.passages = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        self.counts = [Counter(words(f"{passage['title']} {passage['text']}")) for passage in self.passages]
        self.lengths = [sum(count.values()) for count in self.counts]
        self.mean = sum(self.lengths) / len(self.lengths)

    def search(self, question: str, top: int = 2) -> list[str]:
        """The texts of the best passages, best first."""
        asked = words(question)
        scores = [self._score(asked, number) for number in range(len(self.passages))]
        best = sorted(range(len(scores)), key=lambda number: (-scores[number], number))[:top]
        return [self.passages[number]["text"] for number in best if scores[number] > 0]

    def _score(self, asked: list[str], number: int) -> float:
        count, length = self.counts[number], self.lengths[number] / self.mean
        return sum(
            self._rarity(word) * count[word] * (K1 + 1) / (count[word] + K1 * (1 - B + B * length)) for word in asked if count[word]
        )

    def _rarity(self, word: str) -> float:
        holders = sum(word in count for count in self.counts)
        return math.log(1 + (len(self.counts) - holders + 0.5) / (holders + 0.5))
