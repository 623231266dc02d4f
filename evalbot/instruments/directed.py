"""Text that speaks to a judge instead of to a user: what in it does, and where."""

from __future__ import annotations

import re
from collections.abc import Iterator

_JUDGE = r"(?:grader|evaluator|judge|assessor|examiner|reviewer|scorer|rater)s?"
_MARK = r"(?:score|grade|rating|mark|verdict)s?"
_TOP = r"(?:5|10|100|five|ten|full|max(?:imum)?|top|highest|perfect|excellent|passing)"
_ORDER = r"(?:return|give|gives|assign|award|output|reply|answer|respond|report|set|choose|select|deserves?|merits?|rate|grade|score)"

# Each is bounded in length, so that none takes more than linear time.
_SPEAKS = re.compile(
    "|".join(
        (
            rf"\b(?:ignore|disregard|forget|override|skip)\b[^.\n]{{0,40}}\b(?:rubric|criteria|scale|anchors?|grading|{_JUDGE})\b",
            rf"\b{_ORDER}\b[^.\n]{{0,40}}\b{_MARK}\b[^.\n]{{0,20}}\b{_TOP}\b",
            rf"\b{_ORDER}\b[^.\n]{{0,30}}\b{_TOP}\b[^.\n]{{0,20}}\b(?:{_MARK}|points|stars)\b",
            rf"\b{_MARK}\b\s*[\"'*]*\s*(?::|=|of|is|must be|should be)\s*[\"'*]*\s*{_TOP}\b",
            rf"\b(?:dear|hey|hello|attention|note (?:to|for)|message (?:to|for)|instructions? (?:to|for))\b[^.\n]{{0,20}}\b{_JUDGE}\b",
            rf"\b(?:the|any|every|an?|llm|ai|automated)\s+{_JUDGE}\b[^.\n]{{0,30}}\b(?:must|should|shall|will|please|has to|needs? to)\b",
            rf"\bas (?:an?|the) (?:\w+ )?{_JUDGE}\b",
            r"\b(?:graders?|evaluators?|rubrics?)\b",  # no product speaks of these to its users
            r"\b(?:rate|score|grade)\b[^.\n]{0,30}\b\d{1,3}\s?(?:/|out of)\s?\d{1,3}\b",
            r"[\"'](?:score|verdict|preferred)[\"']\s*:",
            r"</?(?:response|reference|criteria|answer_[ab])\b",
        )
    ),
    re.IGNORECASE,
)
# Each way of speaking needs one of these; looking for them first takes a thirtieth of the time, and most answers have none.
_HINTS = (
    "grade", "grading", "evaluator", "judge", "assessor", "examiner", "reviewer", "scorer", "rate", "rating", "rubric", "criteria", "scale",
    "anchor", "score", "mark", "verdict", "points", "stars", "preferred", "</", "<response", "<reference", "<answer_",
)  # fmt: skip
_BETWEEN = re.compile(r"(?<=[.!?])\s+|\n")
_LONGEST = 1000


def speaks_to_judge(text: str) -> bool:
    """Whether some of it does."""
    plain = text.casefold()
    return any(hint in plain for hint in _HINTS) and _SPEAKS.search(text) is not None


def directed_lines(text: str) -> Iterator[tuple[int, str]]:
    """Line numbers from 1, with the words that speak to a judge."""
    for number, line in enumerate(text.splitlines(), 1):
        found = _SPEAKS.search(line)
        if found:
            yield number, found[0]


def directed_words(text: str) -> str:
    """The sentences (or else the lines) that speak to a judge, in their order and at most 1,000 characters; empty where none does."""
    for parts in (_BETWEEN.split(text), text.splitlines()):
        found = " ".join(one.strip() for one in parts if _SPEAKS.search(one))
        if found:
            return found[:_LONGEST]
    return ""
