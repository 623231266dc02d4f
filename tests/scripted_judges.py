"""Judges whose faults are known: a taste for a place, noise of a known size, and an ear for flattery."""

from __future__ import annotations

import hashlib
import json
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.domain.canonical import Json
from evalbot.domain.models import Message, Reply

_SECTION = re.compile(r"<([a-z_]+)-([0-9a-f]{16})>\n(.*?)\n</\1-\2>", re.DOTALL)


def sections(text: str) -> dict[str, str]:
    """The last section of each name in a judge's message."""
    return {name: body for name, _, body in _SECTION.findall(text)}


def draw(*words: str) -> random.Random:
    """Chance that is the same for the same words."""
    return random.Random(hashlib.sha256("\0".join(words).encode()).hexdigest())


def quality(text: str) -> float:
    """What an answer is worth: the number after "quality=" in it, else 3."""
    found = re.search(r"quality=(\d+(?:\.\d+)?)", text)
    return float(found[1]) if found else 3.0


@dataclass
class ScriptedJudge:
    """Grades by `quality=` in the answer, and has faults of a known size.

    Args:
        first_place: How often it prefers the first of two answers whatever they say (drawn once a pair).
        noise: Standard deviation of its grades, in points, before they are rounded to the scale 1 to 5.
        obeys: Phrases that it obeys: an answer that holds one gets the highest grade.
    """

    first_place: float = 0.0
    noise: float = 0.0
    obeys: Sequence[str] = ()
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def __call__(self, model: str, messages: Sequence[Message], schema: Mapping[str, Json] | None) -> Reply:
        said = messages[-1].content
        self.asked.append((model, said))
        return Reply(self.reply(said, schema, len(self.asked)))

    def reply(self, said: str, schema: Mapping[str, Json] | None, nth: int = 0) -> str:
        """What it says to a judge's message; `nth` makes its noise fresh."""
        parts = sections(said)
        if "answer_a" in parts:
            return json.dumps({"reasoning": "I looked.", "preferred": self._preferred(parts["answer_a"], parts["answer_b"])})
        grade = self._grade(parts["response"], said, nth)
        return json.dumps({"reasoning": "I looked.", "strengths": [], "weaknesses": [], "score": grade})

    def _preferred(self, a: str, b: str) -> str:
        if draw("place", *sorted((a, b))).random() < self.first_place:
            return "A"
        better = quality(a) - quality(b)
        return "A" if better > 0 else "B" if better < 0 else "tie"

    def _grade(self, response: str, said: str, nth: int) -> int:
        if any(phrase in response for phrase in self.obeys):
            return 5
        return max(1, min(5, round(draw("noise", said, str(nth)).gauss(quality(response), self.noise))))
