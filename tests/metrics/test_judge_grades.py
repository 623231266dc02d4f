"""A judge's reply as a grade: ten thousand broken replies, and none becomes a number that the judge did not write.

What a reply is worth is decided here by other means than in the product: the jsonschema package for replies that are JSON,
and construction for the rest (how a reply was broken says what may come out of it).
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable

import pytest
from jsonschema import Draft202012Validator

from evalbot.domain.models import Reply
from evalbot.instruments.replies import UnreadableReplyError
from evalbot.metrics.judge.grade import read_grade, read_reply
from evalbot.metrics.judge.rubric import reply_schema
from tests.metrics.asking import reply

SCALE = (1.0, 5.0)
_VALIDATOR = Draft202012Validator(reply_schema(SCALE))


def _read(text: str) -> float | None:
    try:
        return read_grade(text, SCALE).score
    except UnreadableReplyError:
        return None


class _NotStrictError(Exception):
    pass


def _refuse(_: object) -> object:
    raise _NotStrictError


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _NotStrictError
    return dict(pairs)


def _worth(text: str) -> tuple[bool, float | None]:
    """Whether the text is JSON as a whole, and the number that it is then worth."""
    try:
        value = json.loads(text, object_pairs_hook=_once, parse_constant=_refuse)
    except _NotStrictError:
        return True, None
    except ValueError:
        return False, None
    valid = _VALIDATOR.is_valid(value) and not isinstance(value["score"], bool)
    return True, float(value["score"]) if valid else None


def _typo(text: str, luck: random.Random) -> str:
    place = luck.randrange(len(text))
    kind = luck.randrange(3)
    char = luck.choice('{}[]":,\\ 0123456789.-+eEnNaAtfsc\n`\u0000\ud83d')
    return text[:place] + (char if kind else "") + text[place + (kind != 1) :]


def _typos(text: str, luck: random.Random) -> str:
    for _ in range(luck.randint(1, 4)):
        text = _typo(text, luck)
    return text


@pytest.mark.slow
def test_ten_thousand_replies_with_typing_errors_never_become_a_number_that_was_not_written() -> None:
    luck = random.Random(20_261_123)
    numbers = 0
    for n in range(10_000):
        text = _typos(reply(luck.randint(1, 5), reasoning=f"Number {n} is fine."), luck)
        got = _read(text)
        is_json, worth = _worth(text)
        if is_json:
            assert got == worth, text
        elif got is not None:
            # Mended: the number stands after the one key, whole, ended by a comma or a bracket.
            written = re.findall(r"score.{0,2}:([^,}]*)[,}]", re.sub(r"\s", "", text))
            assert written == [str(int(got))], text
        numbers += got is not None
    assert 1_000 < numbers < 9_000  # the test tests both


BREAKINGS: dict[str, Callable[[str], str]] = {
    "cut before the score": lambda text: text[: text.index('"score"')],
    "cut after the colon": lambda text: text[: text.index('"score"') + 9],
    "cut after the digit": lambda text: text.rstrip("} "),
    "score renamed": lambda text: text.replace('"score"', '"grade"'),
    "key missing": lambda text: text.replace('"weaknesses": [], ', ""),
    "key too many": lambda text: text[:-1] + ', "confidence": 1}',
    "score twice": lambda text: text[:-1] + ', "score": 3}',
    "in a list": lambda text: f"[{text}]",
    "wrapped in an object": lambda text: f'{{"result": {text}}}',
    "as a JSON text": lambda text: json.dumps(text),
    "only words": lambda text: "I would give this answer a score of 3 out of 5.",
    "nothing": lambda text: "",
    "html": lambda text: "<html><body>502 Bad Gateway</body></html>",
    "an empty object": lambda text: "{}",
    "null": lambda text: "null",
    "strengths no list": lambda text: text.replace('["short"]', '"short"'),
    "strengths of numbers": lambda text: text.replace('["short"]', "[1]"),
    "reasoning no text": lambda text: text.replace('"Says the price."', "null"),
    "two grades, the later one broken": lambda text: f"{text}\n{text[:-1]},,",
    "quoted within broken JSON": lambda text: f'{{"reasoning": "it says {text} which is a lie", "score": 1',
    "an open object around it": lambda text: f'{{"outer": {text}',
}


@pytest.mark.parametrize("how", BREAKINGS)
@pytest.mark.parametrize("score", [1, 3, 5])
def test_a_broken_reply_is_no_grade(how: str, score: int) -> None:
    assert _read(BREAKINGS[how](reply(score))) is None


MENDABLE: dict[str, Callable[[str], str]] = {
    "trailing comma": lambda text: text[:-1] + ",}",
    "single quotes": lambda text: text.replace('"', "'"),
    "closing bracket missing in a list": lambda text: text.replace('["short"]', '["short"'),
    "quote within the reasoning": lambda text: text.replace("Says the", 'Says "the"'),
    "line end within the reasoning": lambda text: text.replace("Says the", "Says\nthe"),
    "in a fence": lambda text: f"```json\n{text[:-1]},}}\n```",
}


@pytest.mark.parametrize("how", MENDABLE)
def test_broken_punctuation_around_a_score_is_mended_and_counted(how: str) -> None:
    grade = read_grade(MENDABLE[how](reply(2)), SCALE)
    assert (grade.score, grade.repaired) == (2.0, True)


SURROUNDED: dict[str, Callable[[str], str]] = {
    "as it is": lambda text: text,
    "white space": lambda text: f"\n\n {text}\n",
    "a byte order mark": lambda text: "\ufeff" + text,
    "words around": lambda text: f"Here is my grade for {{name}}: {text} I hope it helps.",
    "a fence": lambda text: f"```json\n{text}\n```",
    "a fence without a language": lambda text: f"Sure.\n```\n{text}\n```\nDone.",
    "a quoted grade before": lambda text: f"The answer holds {reply(5)}.\n{text}",
    "another object before": lambda text: f'Input was {{"a": 1}}. {text}',
    "another object after": lambda text: f'{text} Tokens: {{"used": 12}}',
    "thoughts before": lambda text: f"<think>Maybe a 5? No.</think>{text}",
}


@pytest.mark.parametrize("how", SURROUNDED)
def test_a_whole_grade_within_other_text_is_read(how: str) -> None:
    grade = read_grade(SURROUNDED[how](reply(2)), SCALE)
    assert (grade.score, grade.repaired) == (2.0, False)


def test_a_reply_that_is_json_is_never_searched_for_another_grade() -> None:
    assert _read(reply(7, reasoning=reply(5))) is None


@pytest.mark.parametrize(
    "text", ['{"a":' * 50_000, "[" * 100_000, '{"' * 50_000, "x" * 300_000, "{ " * 90_000, '"score": 4, ' * 9_000]
)
def test_a_monstrous_reply_is_refused_and_does_not_take_for_ever(text: str) -> None:
    assert _read(text) is None


def test_four_point_zero_is_the_whole_number_four() -> None:
    assert _read(reply(4.0)) == 4.0


def test_on_a_scale_without_whole_ends_any_number_between_them_is_a_grade() -> None:
    assert read_grade(reply(0.75), (0.5, 1.0)).score == 0.75
    with pytest.raises(UnreadableReplyError, match="not on the scale"):
        read_grade(reply(0.4), (0.5, 1.0))


def test_a_reply_without_text_says_so() -> None:
    with pytest.raises(UnreadableReplyError, match="empty"):
        read_reply(Reply(" \n"), SCALE)
