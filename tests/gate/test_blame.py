"""Blame from words: the hunk whose words left the worse answers, and nobody where nothing points anywhere."""

from __future__ import annotations

import pytest

from evalbot.gate.blame import Answers, blame, replayed
from evalbot.gate.hunks import hunks, with_only

BASE = "Be kind.\n- Refunds take 30 days.\n- Calls are free.\n- Offices are in Bonn.\n- We open at nine.\n"
HEAD = "Be very kind.\n- Refunds depend.\n- Calls are free.\n- Offices are in Bonn, Germany.\n- We open at nine.\n"


def worse(example: str, base: str, head: str, loss: float = 1.0) -> Answers:
    return Answers(example, f"What about {example}?", base, head, loss)


def test_hunks_are_the_changed_lines_of_both_sides_and_apply_alone() -> None:
    found = hunks("p.md", BASE, HEAD)
    assert [(one.lines, one.removed, one.added) for one in found] == [
        ((1, 2), "Be kind.\n- Refunds take 30 days.\n", "Be very kind.\n- Refunds depend.\n"),
        ((4, 4), "- Offices are in Bonn.\n", "- Offices are in Bonn, Germany.\n"),
    ]
    assert with_only(BASE, found[1]) == BASE.replace("in Bonn.", "in Bonn, Germany.")


@pytest.mark.parametrize(
    ("head", "lines", "alone"),
    [
        ("a\nb\nc\n", [], None),
        ("a\nc\n", [(1, 1)], "a\nc\n"),  # a gap is named by the line before it
        ("b\nc\n", [(1, 1)], "b\nc\n"),
        ("a\nb\nc\nd\n", [(4, 4)], "a\nb\nc\nd\n"),
        ("", [(1, 1)], ""),
    ],
)
def test_gaps_additions_and_nothing_at_all(head: str, lines: list[tuple[int, int]], alone: str | None) -> None:
    found = hunks("p.md", "a\nb\nc\n", head)
    assert [one.lines for one in found] == lines
    assert [with_only("a\nb\nc\n", one) for one in found] == ([alone] if alone is not None else [])


def test_the_hunk_whose_words_left_the_worse_answers_is_first() -> None:
    changed = hunks("p.md", BASE, HEAD)
    answers = [
        worse("refunds", "Refunds take 30 days.", "Refunds depend."),
        worse("offices", "Offices are in Bonn.", "Offices are in Bonn, Germany.", loss=0.0),
    ]
    first, second = blame("support", "p", changed, answers)
    assert first.hunk is changed[0]
    assert first.examples == ("refunds",)
    assert first.share > 0.9
    assert first.share + second.share == pytest.approx(1)


def test_words_that_moved_in_unharmed_answers_too_say_nothing() -> None:
    """Both hunks left their mark on the worse answer; that of the second is on every answer."""
    base = "Close with: bye.\nfiller\nThe limit is 600.\n"
    changed = hunks("p.md", base, "Close with: ciao.\nfiller\nThe limit is secret.\n")
    answers = [
        worse("limit", "The limit is 600. bye", "The limit is secret. ciao"),
        *(worse(f"calm-{number}", "Yes. bye", "Yes. ciao", loss=0.0) for number in range(5)),
    ]
    assert blame("support", "p", changed, answers)[0].hunk is changed[1]


def test_a_single_hunk_has_all_the_blame() -> None:
    (only,) = blame("support", "p", hunks("p.md", "a\n", "b\n"), [worse("x", "one", "two")])
    assert (only.share, only.examples) == (1.0, ("x",))


@pytest.mark.parametrize("answers", [[], [worse("x", "a", "b", loss=0.0)], [worse("x", "unrelated", "words")]])
def test_where_nothing_points_anywhere_nobody_is_blamed(answers: list[Answers]) -> None:
    assert blame("support", "p", hunks("p.md", "red\nfiller\nblue\n", "green\nfiller\nyellow\n"), answers) == []
    assert blame("support", "p", [], answers) == []


def test_replays_count_what_got_worse_again() -> None:
    changed = hunks("p.md", BASE, HEAD)
    first, second = replayed("support", "p", changed, ["a", "b", "c"], {1: {"a", "b", "c"}, 0: {"b"}})
    assert (first.hunk, first.replayed, first.of, first.share) == (changed[1], 3, 3, 0.75)
    assert (second.replayed, second.examples) == (1, ("b",))
    assert replayed("support", "p", changed, ["a"], {}) == []
