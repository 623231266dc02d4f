"""Runs, reviews, pushes and a machine that dies, in every order that was tried: the newest verdict stands."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.app.turns import HEADS, LAX, Play
from tests.longer import sized


def check_end(play: Play) -> None:
    """What must be true when everybody has ended."""
    github = play.github
    checks = [check for check in github.checks_.values() if check.sha == github.head]
    approved = any(review.sha == github.head for review in github.reviews_)
    told = [check for check in checks if check.conclusion != "cancelled"]
    # GitHub may take the check that began last for the newest, or the one that ended last: both must say the same.
    newest, last = max(told, key=lambda check: check.id), max(told, key=lambda check: len(github.concluded) - 1 - github.concluded[::-1].index(check.id))
    assert newest.conclusion == last.conclusion, checks
    assert github.policy == LAX or newest.conclusion == ("success" if approved else "failure"), checks
    assert all(check.status == "completed" for check in github.checks_.values()), github.checks_
    if play.comment == "off":
        assert not github.said
        return
    (comment,) = github.said.values()
    assert comment.body == newest.summary
    assert (f"approved {github.head[0]}" if newest.conclusion == "success" else f"edited {github.head[0]}") in comment.body.splitlines()[3]


SCENES: dict[str, Callable[[Play], object]] = {
    "two runs on one head": lambda play: [play.measure(), play.measure()],
    "a run and a review": lambda play: [play.measure(), play.approve()],
    "a run and a push": lambda play: [play.measure(), play.push()],
    "a run, and another by newer rules": lambda play: [play.measure(), play.measure(), play.relax()],
}


class OneCutsIn:
    """The first one goes so many steps, then the others to their ends, the last one first, then the first on."""

    def __init__(self, steps: int) -> None:
        self._choices = chain(repeat(0, steps), repeat(-1))

    def __iter__(self) -> OneCutsIn:
        return self

    def __next__(self) -> int:
        return next(self._choices)


@pytest.mark.parametrize("comment", ["update", "off"])
@pytest.mark.parametrize("scene", SCENES)
def test_TOC_02_whatever_the_moment_at_which_another_one_cuts_in_the_newest_verdict_stands(scene: str, comment: str) -> None:
    tried, last = 0, -1
    while last != tried:
        play = Play(OneCutsIn(tried), comment)
        SCENES[scene](play)
        play.turns.run()
        check_end(play)
        last, tried = (tried + 1 if play.turns.steps["run 1"] <= tried else last), tried + 1
    assert tried > 5


@pytest.mark.campaign
@settings(max_examples=sized(300, 20_000))
@given(
    order=st.lists(st.integers(0, 3), max_size=120),
    actors=st.lists(st.sampled_from(["measure", "approve", "push", "relax"]), min_size=1, max_size=3).filter(
        lambda actors: max(actors.count("push"), actors.count("relax")) < 2
    ),
    comment=st.sampled_from(["update", "off"]),
)
def test_TOC_02_in_any_order_the_newest_verdict_stands(order: list[int], actors: list[str], comment: str) -> None:
    play = Play(iter(order), comment)
    play.measure()
    for actor in actors:
        getattr(play, actor)(*((2,) if actor == "approve" and "push" in actors else ()))
    play.turns.run()
    check_end(play)


@pytest.mark.campaign
@settings(max_examples=sized(100, 5_000))
@given(order=st.lists(st.integers(0, 3), max_size=80), killed_at=st.integers(1, 25), approve=st.booleans())
def test_CRS_05_a_machine_that_dies_is_never_green_and_the_next_run_mends_everything(order: list[int], killed_at: int, approve: bool) -> None:
    play = Play(iter(order))
    play.measure(killed_at=killed_at)
    if approve:
        play.approve()
    play.turns.run()
    approved = bool(play.github.reviews_)
    assert approved or all(check.conclusion != "success" for check in play.github.checks_.values())

    play.measure()
    play.turns.run()

    check_end(play)
    assert play.github.head == HEADS[1]
