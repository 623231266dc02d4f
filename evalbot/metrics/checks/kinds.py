"""The kinds of checks: each takes what stands in the configuration and gives a test of an answer."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import nearest
from evalbot.instruments.patience import Test

Kind: TypeAlias = Callable[[object, bool], Test]
"""The value in the configuration and `ignore_case` → a test; raises ValueError where the value is of no use."""


def plain(text: str, *, ignore_case: bool = False) -> str:
    """A text as checks see it: NFC, plain line ends, and folded where case does not count."""
    text = unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return unicodedata.normalize("NFC", text.casefold()) if ignore_case else text


def _words(value: object, ignore_case: bool) -> Test:  # noqa: ARG001
    return _count(value, "words", lambda text: len(text.split()))


def _characters(value: object, ignore_case: bool) -> Test:  # noqa: ARG001
    return _count(value, "characters", len)


def _count(value: object, unit: str, count: Callable[[str], int]) -> Test:
    low, high = _bounds(value)

    def test(text: str, seconds: float) -> str:  # noqa: ARG001
        n = count(text)
        if low is not None and n < low:
            return f"{n} {unit}, at least {low} are required"
        return f"{n} {unit}, at most {high} are allowed" if high is not None and n > high else ""

    return test


def _bounds(value: object) -> tuple[int | None, int | None]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError("give it min, max or both, such as {min: 20, max: 200}")
    for key, bound in value.items():
        if key not in ("min", "max"):
            raise ValueError(f"it has no option {key!r}. {nearest(str(key), ('min', 'max'))}")
        if not isinstance(bound, int) or isinstance(bound, bool) or bound < 0:
            raise ValueError(f"{key} must be a whole number from 0 on, not {bound!r}")
    low, high = value.get("min"), value.get("max")
    if low is not None and high is not None and low > high:
        raise ValueError(f"min ({low}) is larger than max ({high})")
    return low, high


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError(f"it needs a text that is not empty, not {value!r}; put numbers in quotes")
    return value


def _texts(value: object) -> list[str]:
    if isinstance(value, str) or not isinstance(value, Sequence) or not value:
        raise ValueError("it needs a list of at least one text")
    return [_text(item) for item in value]


def _contains(value: object, ignore_case: bool) -> Test:
    return _contains_all([_text(value)], ignore_case)


def _contains_all(value: object, ignore_case: bool) -> Test:
    return _search(value, ignore_case, lambda _, missing: f"lacks {_quoted(missing)}" if missing else "")


def _contains_any(value: object, ignore_case: bool) -> Test:
    return _search(value, ignore_case, lambda found, missing: "" if found else f"has none of {_quoted(missing)}")


def _not_contains(value: object, ignore_case: bool) -> Test:
    return _not_contains_any([_text(value)], ignore_case)


def _not_contains_any(value: object, ignore_case: bool) -> Test:
    return _search(value, ignore_case, lambda found, _: f"has {_quoted(found)}" if found else "")


def _search(value: object, ignore_case: bool, judge: Callable[[list[str], list[str]], str]) -> Test:
    wanted = [(text, plain(text, ignore_case=ignore_case)) for text in _texts(value)]

    def test(text: str, seconds: float) -> str:  # noqa: ARG001
        seen = plain(text, ignore_case=ignore_case)
        found = [shown for shown, needle in wanted if needle in seen]
        return judge(found, [shown for shown, needle in wanted if needle not in seen])

    return test


def _starts_with(value: object, ignore_case: bool) -> Test:
    return _edge(value, ignore_case, str.startswith, "start")


def _ends_with(value: object, ignore_case: bool) -> Test:
    return _edge(value, ignore_case, str.endswith, "end")


def _edge(value: object, ignore_case: bool, fits: Callable[[str, str], bool], word: str) -> Test:
    shown = _text(value)
    wanted = plain(shown, ignore_case=ignore_case)

    def test(text: str, seconds: float) -> str:  # noqa: ARG001
        return "" if fits(plain(text, ignore_case=ignore_case), wanted) else f"does not {word} with {_quoted([shown])}"

    return test


def _regex(value: object, ignore_case: bool) -> Test:
    return _matches(value, ignore_case, wanted=True)


def _not_regex(value: object, ignore_case: bool) -> Test:
    return _matches(value, ignore_case, wanted=False)


def _matches(value: object, ignore_case: bool, *, wanted: bool) -> Test:
    from evalbot.instruments.patterns import compiled, found

    expression = compiled(value, ignore_case=ignore_case)

    def test(text: str, seconds: float) -> str:
        if found(expression, text, seconds) is wanted:
            return ""
        return f"{'does not match' if wanted else 'matches'} {_quoted([expression.pattern])}"

    return test


def _json(value: object, ignore_case: bool) -> Test:  # noqa: ARG001
    if value is not True:
        raise ValueError("write 'json: true'; leave the check out where answers need not be JSON")

    def test(text: str, seconds: float) -> str:  # noqa: ARG001
        try:
            parse_json(text)
        except (ValueError, RecursionError) as error:
            return f"is not JSON: {error}"
        return ""

    return test


def _json_schema(value: object, ignore_case: bool) -> Test:  # noqa: ARG001
    from evalbot.instruments.schemas import mismatch, validator

    if isinstance(value, str):
        raise ValueError(f"the schema {value!r} was not read; a check in a dataset row must hold its schema itself")
    limited = validator(value)
    return lambda text, seconds: mismatch(limited, text, seconds)


def _python(value: object, ignore_case: bool) -> Test:  # noqa: ARG001
    raise ValueError("python checks are not available in this version; use another kind, or a judge criterion")


def _quoted(texts: Sequence[str]) -> str:
    shown = ", ".join(json.dumps(text, ensure_ascii=False) for text in texts[:3])
    return shown + (f" and {len(texts) - 3} more" if len(texts) > 3 else "")


KINDS: dict[str, Kind] = {
    "words": _words, "characters": _characters, "contains": _contains, "contains_all": _contains_all,
    "contains_any": _contains_any, "not_contains": _not_contains, "not_contains_any": _not_contains_any,
    "starts_with": _starts_with, "ends_with": _ends_with, "regex": _regex, "not_regex": _not_regex, "json": _json,
    "json_schema": _json_schema, "python": _python,
}  # fmt: skip
