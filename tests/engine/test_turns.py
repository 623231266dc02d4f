"""Conversations: who answers which turn, what it costs, and what metrics see of it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from evalbot.domain.models import Message, Outcome, Reply, Request, Usage
from evalbot.domain.turns import PLACE, as_it_went, with_places
from evalbot.engine.regrade import answered
from evalbot.engine.turns import converse
from tests.builders import a_row, an_example
from tests.fakes import APP, Plan


def user(text: str) -> Message:
    return Message("user", text)


def bot(text: str) -> Message:
    return Message("assistant", text)


SYSTEM = Message("system", "Be brief.")
BROKEN_OFF = Reply("  ", Outcome.EMPTY)


def talk(*messages: Message, replies: dict[str, Reply] | None = None) -> tuple[Reply, list[tuple[Message, ...]]]:
    """The joined reply and what was asked; each answer names the turn that it answers."""
    asked: list[tuple[Message, ...]] = []

    async def ask(request: Request) -> Reply:
        asked.append(request.messages)
        last = request.messages[-1].content
        usual = Reply(f"re {last}", usage=Usage(10, 2, 1), cost_usd=0.01, latency_ms=100.0, attempts=2, dropped=("seed",))
        return (replies or {}).get(last, usual)

    return asyncio.run(converse(Request(APP, messages), ask)), asked


@pytest.mark.parametrize(
    ("messages", "earlier", "expected"),
    [
        ([SYSTEM, user("a"), user("b")], range(1, 2), [SYSTEM, user("a"), PLACE, user("b")]),
        ([SYSTEM, user("a"), bot("x"), user("b")], range(1, 3), [SYSTEM, user("a"), bot("x"), user("b")]),
        ([user("a"), user("b"), bot("x"), user("c"), user("d")], range(4), [user("a"), PLACE, user("b"), bot("x"), user("c"), PLACE, user("d")]),
        ([SYSTEM, user("a")], range(1, 2), [SYSTEM, user("a")]),  # the question itself
        ([user("a"), user("b")], range(0), [user("a"), user("b")]),  # a prompt's own messages
        ([user("a"), user("b"), user("c")], range(1), [user("a"), PLACE, user("b"), user("c")]),
        ([user("a"), PLACE, user("b")], range(2), [user("a"), PLACE, user("b")]),
        ([], range(0), []),
    ],
)
def test_a_turn_that_nobody_answered_gets_a_place(messages: list[Message], earlier: range, expected: list[Message]) -> None:
    assert list(with_places(messages, earlier)) == expected


def test_each_turn_is_answered_with_what_was_said_before() -> None:
    reply, asked = talk(SYSTEM, user("a"), PLACE, user("b"), PLACE, user("c"))
    assert asked == [
        (SYSTEM, user("a")),
        (SYSTEM, user("a"), bot("re a"), user("b")),
        (SYSTEM, user("a"), bot("re a"), user("b"), bot("re b"), user("c")),
    ]
    assert (reply.text, reply.earlier) == ("re c", ("re a", "re b"))


def test_cost_tokens_time_and_retries_are_those_of_all_turns() -> None:
    reply, _ = talk(user("a"), PLACE, user("b"))
    assert reply.usage == Usage(20, 4, 2)
    assert reply.cost_usd == pytest.approx(0.02)
    assert (reply.latency_ms, reply.attempts, reply.dropped) == (200.0, 3, ("seed",))


def test_one_unknown_price_or_count_makes_the_sum_unknown() -> None:
    reply, _ = talk(user("a"), PLACE, user("b"), replies={"a": Reply("fine")})
    assert (reply.cost_usd, reply.usage) == (None, None)


def test_a_turn_that_is_answered_with_nothing_ends_the_conversation() -> None:
    reply, asked = talk(user("a"), PLACE, user("b"), replies={"a": BROKEN_OFF})
    assert (reply, len(asked)) == (BROKEN_OFF, 1)


def test_without_places_it_is_one_question() -> None:
    reply, asked = talk(SYSTEM, user("a"))
    assert (reply.text, reply.earlier, len(asked)) == ("re a", (), 1)


def turns(*given: tuple[str, str]) -> list[dict[str, Any]]:
    return [{"role": role, "content": content} for role, content in given]


@pytest.mark.parametrize(
    ("row", "answers", "expected"),
    [
        ([("user", "a")], ["x"], [("user", "a"), ("assistant", "x")]),
        ([("user", "a"), ("assistant", "y"), ("user", "b")], ["x"], [("user", "a"), ("assistant", "y"), ("user", "b"), ("assistant", "x")]),
        ([("user", "a"), ("assistant", ""), ("user", "b")], ["x"], [("user", "a"), ("assistant", "x"), ("user", "b")]),
        ([("user", "a"), ("user", "b")], [], [("user", "a"), ("user", "b")]),
        ([], [], []),
    ],
)
def test_what_was_said_stands_where_it_was_said(row: Any, answers: list[str], expected: Any) -> None:
    assert list(as_it_went(turns(*row), answers)) == turns(*expected)


def test_a_stored_answer_is_graded_again_after_the_same_talk() -> None:
    example = an_example("g-01", messages=tuple(turns(("user", "Hi."), ("user", "May I return it?"))))
    task = Plan().ask(example, sides=("head",)).tasks[0]
    row = a_row(example, "head", output="Yes.", outcome=Outcome.OK, earlier=("Hello!",))
    seen = answered(task, row).example.messages
    assert list(seen) == turns(("user", "Hi."), ("assistant", "Hello!"), ("user", "May I return it?"))
