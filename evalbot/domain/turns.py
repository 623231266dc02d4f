"""Conversations: which turns the target answers itself, and what was said once it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from evalbot.domain.canonical import Json
from evalbot.domain.examples import Example
from evalbot.domain.models import Message

PLACE = Message("assistant", "")
"""Where the target is to answer an earlier turn: an assistant's message that says nothing yet."""


def with_places(messages: Sequence[Message], earlier: range) -> tuple[Message, ...]:
    """The messages, with a place after each of the user's earlier turns that nobody has answered.

    Args:
        messages: A whole conversation, up to the question that is asked last.
        earlier: Which of them are a row's `messages`; consecutive messages of a prompt are the prompt's own affair.
    """
    found: list[Message] = []
    for index, message in enumerate(messages):
        found.append(message)
        follower = messages[index + 1] if index + 1 < len(messages) else None
        if index in earlier and message.role == "user" and follower is not None and follower.role == "user":
            found.append(PLACE)
    return tuple(found)


def as_it_went(messages: Sequence[Mapping[str, Json]], answers: Sequence[str]) -> tuple[Mapping[str, Json], ...]:
    """A row's earlier `messages` with the target's own answers at their places.

    Args:
        messages: As the row has them.
        answers: The target's, in their order; where it broke off there are fewer than places.
    """
    left = list(answers)
    found: list[Mapping[str, Json]] = []
    for index, message in enumerate(messages):
        is_place = message.get("role") == PLACE.role and message.get("content") == PLACE.content
        if not is_place:
            found.append(message)
        unanswered = message.get("role") == "user" and (index + 1 == len(messages) or messages[index + 1].get("role") == "user")
        if left and (is_place or unanswered):
            found.append({"role": PLACE.role, "content": left.pop(0)})
    return tuple(found)


def conversed(example: Example, answers: Sequence[str]) -> Example:
    """The example as metrics see it: with the target's own answers to the earlier turns in the conversation."""
    return replace(example, messages=as_it_went(example.messages, answers)) if answers else example
