"""The same question by its words and by its meaning; cosines by hand."""

from __future__ import annotations

import pytest

from evalbot.domain.errors import CouldNotRun
from evalbot.gate.alike import LONGEST, ByMeaning, ByWords, asked, embedded, to_embed

VECTORS = {"refund?": (1.0, 0.0), "money back?": (3.0, 1.0), "opening hours?": (0.0, 2.0), "???": (0.0, 0.0)}


def test_meaning_finds_what_words_do_not() -> None:
    meaning, words = ByMeaning(0.9, VECTORS), ByWords(0.9)
    for index in (meaning, words):
        index.add("hours", "opening hours?")
        index.add("refund", "refund?")
    assert meaning.find("money back?") == "refund"  # cosine 3 / sqrt(10) = 0.949
    assert words.find("money back?") is None


def test_the_bar_is_a_cosine_and_belongs_to_what_is_the_same() -> None:
    for bar, found in ((0.94, "refund"), (0.95, None)):
        index = ByMeaning(bar, VECTORS)
        index.add("refund", "refund?")
        assert index.find("money back?") == found


def test_the_same_text_is_the_same_whatever_its_embedding() -> None:
    index = ByMeaning(1.0, VECTORS)
    for name, text in (("zeros", "???"), ("unknown", "nobody embedded this"), ("empty", " ")):
        index.add(name, text)
        assert index.find(text) == name
    assert index.find("refund?") is None


def test_nothing_is_near_nothing_but_nothing() -> None:
    index = ByMeaning(0.1, {})
    assert index.find("") is None
    index.add("empty", "")
    assert index.find("  ") == "empty"


def test_embeddings_of_different_lengths_stop_the_harvest() -> None:
    index = ByMeaning(0.9, {"a": (1.0,), "b": (1.0, 2.0)})
    index.add("a", "a")
    with pytest.raises(CouldNotRun, match="2 and 1 numbers"):
        index.find("b")


def test_what_is_sent_holds_no_pseudonym_is_cut_and_sent_once() -> None:
    assert embedded("mail <email-3f2a9c> now") == "mail <email> now"
    assert to_embed([{"q": "<email-3f2a9c>"}, {"q": "<email-000000>"}, {"q": ""}, {"q": "x" * 9_000}]) == ["<email>", "x" * LONGEST]
    assert asked({"b": "two", "a": 1}) == "1\ntwo"
