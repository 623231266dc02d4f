"""Near texts: Jaccard by hand, the index against trying every pair, clusters."""

from __future__ import annotations

import random

import pytest

from evalbot.stats.near import Near, clusters, jaccard, telling, tokens


def test_jaccard_by_hand() -> None:
    assert jaccard(tokens("How do RETURNS work?"), tokens("how do returns work")) == 1.0
    assert jaccard(tokens("a b c"), tokens("b c d")) == 2 / 4
    assert jaccard(tokens(""), tokens("?!")) == 1.0
    assert jaccard(tokens("x"), tokens("")) == 0.0


def test_pseudonyms_of_different_people_are_one_word() -> None:
    assert tokens("mail <email-3f2a9c> now") == tokens("mail <email-000000> now") == {"mail", "<email>", "now"}


@pytest.mark.parametrize("bar", [0.3, 0.5, 0.8, 0.9, 1.0])
def test_the_index_finds_what_trying_every_pair_finds(bar: float) -> None:
    rng = random.Random(5)
    words = [chr(97 + number) * 2 for number in range(14)]
    texts = [frozenset(rng.sample(words, rng.randrange(1, 8))) for _ in range(120)]
    near = Near(bar)
    for number, text in enumerate(texts):
        near.add(str(number), text)
    for sought in [frozenset(rng.sample(words, rng.randrange(1, 8))) for _ in range(200)]:
        best = max(jaccard(sought, text) for text in texts)
        found = near.find(sought)
        assert (found is not None) == (best >= bar - 1e-9)
        if found is not None:
            assert jaccard(sought, texts[int(found)]) == best


def test_nothing_is_near_nothing_but_nothing() -> None:
    near = Near(0.5)
    assert near.find(frozenset({"a"})) is None
    assert near.find(frozenset()) is None
    near.add("empty", frozenset())
    assert near.find(frozenset()) == "empty"
    with pytest.raises(ValueError, match="above 0"):
        Near(0.0)


def test_clusters_are_led_by_their_first_and_the_largest_comes_first() -> None:
    texts = [tokens(text) for text in ("refund my plan", "login fails", "refund my plan please", "refund a plan my friend", "login fails again")]
    assert clusters(texts, 0.5) == [[0, 2, 3], [1, 4]]
    assert telling([texts[1], texts[4]], [texts[0], texts[2]])[:2] == ("fails", "login")
    assert clusters([], 0.5) == []
