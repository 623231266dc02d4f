"""Words as the local provider compares them: lower case, without endings, without those that carry no meaning."""

from __future__ import annotations

import re
from functools import lru_cache

_WORD = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)?")
_MEANINGLESS = """a about after all also am an and any anything are as at be because been before but by can could did do does doing else
    for from get give gives had has have hello help her here hi him his how i if in into is it its just know let like many
    may me more most much my need no not of on one or our out over please s she should so some such t tell than thank thanks
    that the their them then there these they this those to too under up us use very want was we were what when where which
    while who why will with would yes you your"""
_EMPTY = frozenset(_MEANINGLESS.split())
_ENDINGS = (
    "ations",
    "ation",
    "ments",
    "ment",
    "ings",
    "ing",
    "ies",
    "ied",
    "ers",
    "ed",
    "er",
    "es",
    "ly",
    "s",
    "e",
    "y",
)
_SHORTEST_STEM = 3


def terms(text: str) -> list[str]:
    """The words of a text that carry meaning, in order, as stems; numbers keep their value: "1,000" is "1000"."""
    return [stem for stem, _ in written(text)]


def written(text: str) -> list[tuple[str, str]]:
    """The words of a text that carry meaning, in order, each as its stem and as it is written."""
    return [(_stem(word.lower()), word) for word in _WORD.findall(text) if _bare(word.lower()) not in _EMPTY]


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    """A word without its commonest English endings, so that cancel, cancelled and cancellation are one."""
    if word[0].isdigit():
        return word.replace(",", "")
    bare = _bare(word)
    for ending in _ENDINGS:
        if bare.endswith(ending) and len(bare) - len(ending) >= _SHORTEST_STEM:
            bare = bare[: -len(ending)]
            break
    return bare[:-1] if len(bare) > _SHORTEST_STEM and bare[-1] == bare[-2] else bare


def _bare(word: str) -> str:
    return re.split(r"['’]", word, maxsplit=1)[0]
