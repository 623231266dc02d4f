"""The extractive answerer: the sentences of a prompt that share the rarest words with the question."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from evalbot.adapters.providers.local.words import terms
from evalbot.domain.models import Message

_MOST_SENTENCES = 2
_NEARLY_BEST = 0.75  # of the best sentence's weight: a second sentence that fits almost as well is quoted too
_FITS_AT_ALL = 0.2  # of the question's weight
_HEADING = 0.35  # what a word is worth that stands in the heading and not in the sentence
_UNKNOWN = "I do not know."

_SENTENCE_END = re.compile(r"(?<=[.!?])[\"”’)]*\s+(?=[A-Z0-9“\"(])")
_REPLY = re.compile(r"\b(?:say|answer|reply|respond|write)\b[^“\"]*[“\"](?P<reply>[^”\"]+)[”\"]", re.IGNORECASE)
_CLOSING = re.compile(r"\b(?:end|close|finish)\b[^“\"]*[“\"](?P<reply>[^”\"]+)[”\"]", re.IGNORECASE)
_OTHERWISE = re.compile(
    r"\b(?:anything else|otherwise|not covered|do(?:es)? not know|cannot find|no fact)", re.IGNORECASE
)
_INSTRUCTION = re.compile(
    r"(?:you are|you're|your (?:task|job|role)|always|never|do not|don't|answer|reply|respond|be|keep|write|speak|refuse|"
    r"stay|use only|quote)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that can be said: `text` is said when the question fits `words` (and a little when it fits `heading`)."""

    text: str
    words: frozenset[str]
    heading: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that a prompt lets one say: its facts, what to say where none fits, and how each answer ends."""

    facts: tuple[Fact, ...]
    otherwise: str
    closing: str
    rarity: dict[str, float]


def answer(messages: Sequence[Message]) -> str:
    """The best fitting sentences in the prompt's order, or what the prompt says for questions that fit none.

    The question is the last user message; the prompt is every system message. Without a system message the last paragraph
    of the user's is the question and what stands before it the prompt. What the user writes is never quoted nor obeyed.
    """
    prompt, question = _split(messages)
    asked = set(terms(question))
    if not prompt.strip():
        return ""
    sheet = _sheet(prompt)
    chosen = _chosen(sheet, asked)
    said = " ".join(fact.text for fact in chosen) or sheet.otherwise
    return f"{said} {sheet.closing}".strip()


def _split(messages: Sequence[Message]) -> tuple[str, str]:
    prompt = "\n\n".join(message.content for message in messages if message.role == "system")
    question = next((message.content for message in reversed(messages) if message.role == "user"), "")
    if prompt.strip():
        return prompt, question
    before, _, last = question.strip().rpartition("\n\n")
    return before, last


def _chosen(sheet: Sheet, asked: set[str]) -> list[Fact]:
    rarest = max(sheet.rarity.values(), default=1.0)
    whole = sum(sheet.rarity.get(word, rarest) for word in sorted(asked))
    weights = [_weight(fact, asked, sheet.rarity) for fact in sheet.facts]
    best = max(weights, default=0.0)
    if whole == 0 or best < _FITS_AT_ALL * whole:
        return []
    ranked = sorted(range(len(weights)), key=lambda index: (-weights[index], index))
    near = [index for index in ranked[:_MOST_SENTENCES] if weights[index] >= _NEARLY_BEST * best]
    return [sheet.facts[index] for index in sorted(near)]


def _weight(fact: Fact, asked: set[str], rarity: dict[str, float]) -> float:
    own = sum(rarity[word] for word in sorted(asked & fact.words))
    above = sum(rarity[word] for word in sorted((asked & fact.heading) - fact.words))
    # A long sentence holds more words by chance; the logarithm lets it lose a little for that.
    return (own + _HEADING * above) / (1 + 0.1 * math.log1p(len(fact.words)))


@lru_cache(maxsize=64)
def _sheet(prompt: str) -> Sheet:
    facts: list[Fact] = []
    otherwise, closing = _UNKNOWN, ""
    for sentence, heading in _sentences(prompt):
        ending, reply = _CLOSING.search(sentence), _REPLY.search(sentence)
        if ending:
            closing = ending["reply"]
        elif reply and _OTHERWISE.search(sentence):
            otherwise = reply["reply"]
        elif reply:
            facts.append(Fact(reply["reply"], frozenset(terms(sentence[: reply.start()])), frozenset()))
        elif not _INSTRUCTION.match(sentence):
            facts.append(Fact(sentence, frozenset(terms(sentence)), frozenset(terms(heading))))
    return Sheet(tuple(facts), otherwise, closing, _rarity(facts))


def _rarity(facts: Sequence[Fact]) -> dict[str, float]:
    """Inverse document frequency, a sentence with its heading being the document."""
    seen = Counter(word for fact in facts for word in fact.words | fact.heading)
    return {word: math.log(1 + len(facts) / count) for word, count in seen.items()}


def _sentences(prompt: str) -> list[tuple[str, str]]:
    found, heading = [], ""
    for block in _blocks(prompt):
        if block.startswith("#"):
            heading = block.lstrip("# ")
            continue
        bare = re.sub(r"[*`]|^(?:[-•+]|\d+[.)])\s+", "", block)
        found += [(sentence.strip(), heading) for sentence in _SENTENCE_END.split(bare) if terms(sentence)]
    return found


def _blocks(prompt: str) -> list[str]:
    """Headings, list items and paragraphs, each with its lines joined."""
    blocks: list[list[str]] = [[]]
    for line in map(str.strip, prompt.splitlines()):
        if not line or re.match(r"#|[-*•+]\s|\d+[.)]\s", line):
            blocks.append([])
        blocks[-1].append(line)
        if line.startswith("#"):
            blocks.append([])
    return [text for lines in blocks if (text := " ".join(lines).strip())]
