"""Answers that say nothing: they fail by rule, before a judge can be charmed by them."""

from __future__ import annotations

import string
import unicodedata

from evalbot.domain.examples import Example
from evalbot.domain.models import Outcome

RULES_VERSION = 1  # part of a judge's identity: bump it when another answer may be trivial

_SAYS_NOTHING = frozenset("CMPZ")  # Unicode: control and format, lone marks, punctuation, separators
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")  # letters and symbols that are drawn as nothing


def triviality(example: Example, output: str, outcome: Outcome = Outcome.OK) -> str:
    """Why an answer is graded by rule, in one sentence; empty where a judge has to look at it.

    Trivial are an empty answer, one of white space or invisible characters, and one of punctuation only. An answer that
    is one of the example's references is never trivial.
    """
    bare = output.strip()
    if bare and any(bare == answer.strip() for answer in example.answers):
        return ""
    if outcome is Outcome.EMPTY or not bare:
        return "The answer is empty."
    if all(_says_nothing(character) for character in bare):
        return "The answer has no word, number or symbol in it."
    return ""


def _says_nothing(character: str) -> bool:
    return unicodedata.category(character)[0] in _SAYS_NOTHING or character in string.punctuation or character in _BLANK
