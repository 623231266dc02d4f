"""Fences: untrusted texts in one message, each between markers that none of them can contain."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import TypeAlias

from evalbot.domain.canonical import Json, digest
from evalbot.domain.examples import Example

Section: TypeAlias = tuple[str, str]
"""Its name (`input`, `context`, `reference`, `criteria`, `claims`, `response`) and its text."""

_NONCE_DIGITS = 16
GRADE = "Grade the response. Reply with the JSON object only."


def sections_of(example: Example, response: str) -> list[Section]:
    """What a judge sees of one answer: the example's sections that there are, and the response last."""
    return [
        ("input", input_text(example.input, example.messages)),
        *(("context", passage) for passage in example.context),
        *(("reference", answer) for answer in example.answers),
        *([("criteria", "\n".join(f"- {line}" for line in example.criteria))] if example.criteria else []),
        ("response", response),
    ]


def user_text(sections: Sequence[Section], request: str = GRADE) -> str:
    """All sections between their markers, and what is asked about them at the end."""
    nonce = nonce_of(sections)
    wrapped = (f"<{name}-{nonce}>\n{text}\n</{name}-{nonce}>" for name, text in sections)
    return "\n\n".join((*wrapped, request))


def nonce_of(sections: Iterable[Section]) -> str:
    """16 hexadecimal digits that occur in none of the texts.

    They are a hash of the texts and not random, so that the same content makes the same request: an answer that both
    sides share, or that a cache knows, is recognised. Whoever writes one of the texts cannot use them all the same, since
    a text that contains its own hash would have to be found among 2^64.
    """
    plain = [[name, text] for name, text in sections]
    return next(nonce for nonce in _nonces(plain) if not any(nonce in text for _, text in plain))


def _nonces(plain: list[list[str]]) -> Iterator[str]:
    return (digest([salt, plain])[:_NONCE_DIGITS] for salt in count())


def input_text(given: Mapping[str, Json], messages: Sequence[Mapping[str, Json]] = ()) -> str:
    """An example's input as text: earlier messages, then the only value as it is, or "key: value" for several."""
    turns = [f"{turn.get('role', 'user')}: {_shown(turn.get('content', ''))}" for turn in messages]
    values = list(given.items())
    asked = _shown(values[0][1]) if len(values) == 1 else "\n".join(f"{key}: {_shown(value)}" for key, value in values)
    return "\n".join((*turns, asked))


def _shown(value: Json) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
