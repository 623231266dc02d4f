"""Verdicts on items: ten thousand broken replies, and none is read as something that the judge did not say.

What a reply is worth is decided here by other means than in the product: the standard library's parser with its own hooks,
and the jsonschema package.
"""

from __future__ import annotations

import json
import random
import re
import time

import pytest
from jsonschema import Draft202012Validator

from evalbot.domain.models import Reply
from evalbot.instruments.items import Form
from evalbot.instruments.replies import UnreadableReplyError
from evalbot.instruments.sentences import sentences

SOURCE = "Refunds take **5 days** after we have `received` the parcel. They're “free of charge” – always."
FORM = Form(("supported", "unsupported"), quoted=frozenset({"supported"}))
_VALIDATOR = Draft202012Validator(FORM.schema())


def _reply(*words: str) -> str:
    given = [
        {"id": n, "reasoning": "Because.", "evidence": ["take 5 days"] if word == "supported" else [], "verdict": word}
        for n, word in enumerate(words, start=1)
    ]
    return json.dumps({"verdicts": given})


def _read(text: str, count: int) -> list[str] | None:
    try:
        return [verdict.word for verdict in FORM.read(Reply(text), count, [SOURCE])]
    except UnreadableReplyError:
        return None


class _NotStrictError(Exception):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _NotStrictError
    return dict(pairs)


def _refuse(_: str) -> object:
    raise _NotStrictError


def _worth(text: str, count: int) -> list[str] | None:
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except (_NotStrictError, ValueError):
        return None
    if not _VALIDATOR.is_valid(value) or any(isinstance(each["id"], bool | float) for each in value["verdicts"]):
        return None
    by_id = {each["id"]: each for each in value["verdicts"]}
    if sorted(each["id"] for each in value["verdicts"]) != list(range(1, count + 1)):
        return None
    for each in by_id.values():
        quotes = each["evidence"]
        if each["verdict"] == "supported" and not quotes:
            return None
        # Typing errors here make words that the source lacks, or take a letter from an end of the quote.
        bare = SOURCE.lower().replace("*", "").replace("`", "")
        if any(not quote.strip(" .,;:\n") or " ".join(quote.split()).strip(" .,;:").lower() not in bare for quote in quotes):
            return None
    return [by_id[n]["verdict"] for n in range(1, count + 1)]


def test_ten_thousand_replies_with_typing_errors_are_worth_what_they_say() -> None:
    luck = random.Random(20_261_126)
    read = 0
    for _ in range(10_000):
        words = [luck.choice(FORM.words) for _ in range(luck.randint(1, 3))]
        text = _reply(*words)
        for _ in range(luck.randint(0, 3)):
            place = luck.randrange(len(text))
            text = text[:place] + luck.choice('{}[]":, 0123456789.-eNt\n') + text[place + luck.randint(0, 1) :]
        got = _read(text, len(words))
        if got is not None and _worth(text, len(words)) is None:
            # Only where it is one object with text around it, as endpoints without structured output write it.
            inner = text[text.index("{") : text.rindex("}") + 1]
            assert _worth(inner, len(words)) == got, text
        elif got is None:
            assert _worth(text, len(words)) is None, text
        read += got is not None
    assert 1_500 < read < 8_500  # the test tests both


@pytest.mark.parametrize(
    ("quote", "occurs"),
    [
        ("Refunds take 5 days", True),
        ("refunds TAKE\n5 days", True),
        ('"free of charge"', True),
        ("They’re 'free", False),  # an opening quotation mark of another kind than any in the text
        ("free of charge” - always", True),
        ("Refunds take … the parcel", True),
        ("take **5** days after we have _received_", True),
        ("take 5days", False),
        ("Refunds [...] the parcel.", True),
        ("the parcel ... Refunds", False),  # in the other order
        ("Refunds take 50 days", False),
        ("take 5 days before", False),
        ("", False),
        ("...", False),
        ('"', False),
    ],
)
def test_a_quote_occurs_letter_by_letter_or_it_does_not(quote: str, occurs: bool) -> None:
    text = json.dumps({"verdicts": [{"id": 1, "reasoning": "", "evidence": [quote], "verdict": "supported"}]})
    assert (_read(text, 1) is not None) is occurs


def test_no_item_wants_no_verdict() -> None:
    assert _read('{"verdicts": []}', 0) == []
    assert _read(_reply("unsupported"), 0) is None


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("It costs 4.50 euros. Ask Dr. Who.", ["It costs 4.50 euros.", "Ask Dr. Who."]),
        ("- first\n- second item\n\n3. third", ["first", "second item", "third"]),
        ("# Title\nText", ["Title", "Text"]),
        ('He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("返金は五日です。手数料は無料です。", ["返金は五日です。", "手数料は無料です。"]),
        ("In 2024. We grew.", ["In 2024.", "We grew."]),
        ("— … !\n\n---", []),
        ("", []),
    ],
)
def test_a_text_is_taken_apart_into_sentences(text: str, parts: list[str]) -> None:
    assert list(sentences(text)) == parts


def test_no_letter_is_lost_between_sentences() -> None:
    luck = random.Random(7)
    for _ in range(300):
        text = "".join(luck.choice("ab AB.!? \"”'1)。") for _ in range(60))
        kept = re.sub(r"\W", "", "".join(sentences(text)))
        assert kept == re.sub(r"\W", "", re.sub(r"^\s*\d+[.)]\s+", "", text))


def test_a_text_without_end_is_taken_apart_into_so_many_parts_at_most() -> None:
    parts = sentences("One two. " * 1_050)
    assert len(parts) == 96  # eleven in each
    assert " ".join(parts) == ("One two. " * 1_050).strip()


@pytest.mark.parametrize("text", ["A. " * 200_000, "a" * 1_000_000, ". " * 300_000, "\n" * 500_000, "。" * 300_000, "x.\u201d" * 200_000])
def test_no_text_takes_long(text: str) -> None:
    started = time.process_time()
    sentences(text)
    assert time.process_time() - started < 10  # a square of the length would take minutes
