"""promptfoo's assertions in evalbot's words: a check of the row, a criterion for the judge, or the reason why neither.

The types and what they mean: promptfoo.dev/docs/configuration/expected-outputs, read on 2026-11-26.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalbot.adapters.imports.foreign import texts
from evalbot.domain.canonical import Json, parse_json

REFUSAL_TAG = "refusal"
"""Marks the rows that must be declined."""

_PLACEHOLDER = re.compile(r"\{\{-?\s*([A-Za-z_]\w*)\s*-?\}\}")
_LENGTH = re.compile(r"output\.length\s*(<=|>=|<|>|===?)\s*(\d+)")
_INCLUDES = re.compile(r"(!?)\s*output(\.toLowerCase\(\))?\.includes\((['\"`])([^'\"`\\]+)\3\)")
_CHECKS_ONLY = "Put it as a check in the row, or as a metric of its own (docs/metrics.md)."
_CODE = "evalbot runs no code of a test. Say it as a check, or as a criterion for the judge."


class UnmappableError(ValueError):
    """Why an assertion cannot be said in evalbot's words; `hint` says what to do instead."""

    def __init__(self, reason: str, hint: str = _CHECKS_ONLY) -> None:
        self.hint = hint
        super().__init__(reason)


@dataclass(frozen=True)
class Said:
    """What one assertion adds to its row."""

    checks: tuple[Mapping[str, Json], ...] = ()
    criteria: tuple[str, ...] = ()
    references: tuple[Json, ...] = ()
    tags: tuple[str, ...] = ()


def said(assertion: Mapping[str, Any], values: Mapping[str, Json], load: Callable[[str], Any]) -> Said:
    """One assertion.

    Args:
        assertion: As it stands in the file; its `type` is a text.
        values: The test's variables, for `{{name}}` in the assertion's value.
        load: Reads the file of a `file://` value.

    Raises:
        UnmappableError: It has no equal here.
    """
    kind = str(assertion["type"])
    _refuse_options(assertion)
    bare, negated = (kind.removeprefix("not-"), True) if kind.startswith("not-") else (kind, False)
    if kind in _NEGATED:
        return _NEGATED[kind](_value(assertion, values, load))
    if negated:
        raise UnmappableError("its opposite is no rule of ours" if bare in _KINDS else "there is no such assertion")
    if bare in _NO_EQUAL:
        raise UnmappableError(*_NO_EQUAL[bare])
    if bare.startswith("promptfoo:redteam:"):
        raise UnmappableError("it attacks", "`evalbot init --adversarial` writes a starter pack of attacks.")
    if bare not in _KINDS:
        raise UnmappableError("there is no such assertion in the versions of promptfoo that evalbot knows")
    return _KINDS[bare](_value(assertion, values, load))


def filled(text: str, values: Mapping[str, Json]) -> str:
    """A text with each `{{name}}` replaced; raises UnmappableError where more than that would have to be computed."""
    whole = _PLACEHOLDER.sub(lambda found: _text(values.get(found[1], "")), text)
    if "{{" in whole or "{%" in whole:
        raise UnmappableError("its value is computed by a template")
    return whole


def _refuse_options(assertion: Mapping[str, Any]) -> None:
    for option in ("transform", "contextTransform"):
        if assertion.get(option):
            raise UnmappableError(f"it looks at a transformed output (`{option}`)", _CODE)
    if assertion.get("weight") == 0:
        raise UnmappableError("its weight is 0: it can fail nothing", "Leave it out.")


def _value(assertion: Mapping[str, Any], values: Mapping[str, Json], load: Callable[[str], Any]) -> Any:
    value = assertion.get("value")
    if isinstance(value, str) and value.startswith("file://"):
        value = load(value.removeprefix("file://"))
    return _filled(value, values)


def _filled(value: Any, values: Mapping[str, Json]) -> Any:
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    return {key: _filled(inner, values) for key, inner in value.items()} if isinstance(value, dict) else value


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _one(value: Any) -> str:
    found = list(texts(value))
    if len(found) != 1 or not found[0]:
        raise UnmappableError("its value is no text")
    return found[0]


def _many(value: Any) -> list[str]:
    """A list, or a text whose parts stand between commas, as promptfoo reads it from CSV."""
    found = [part.strip() for part in value.split(",")] if isinstance(value, str) else list(texts(value))
    if not found or not all(found):
        raise UnmappableError("its value is no list of texts")
    return found


def _check(kind: str, read: Callable[[Any], Json], *, ignore_case: bool = False) -> Callable[[Any], Said]:
    more: dict[str, Json] = {"ignore_case": True} if ignore_case else {}
    return lambda value: Said(({kind: read(value), **more},))


def _equals(value: Any) -> Said:
    if isinstance(value, dict | list):
        return Said(({"json_schema": {"const": _plain(value)}},), references=(json.dumps(value, ensure_ascii=False),))
    text = _one(value)
    return Said(({"regex": rf"\A{re.escape(text.strip())}\Z"},), references=(text,))


def _json(value: Any) -> Said:
    if value in (None, ""):
        return Said(({"json": True},))
    if isinstance(value, str):
        try:
            value = parse_json(value)
        except ValueError:
            raise UnmappableError("its schema is no JSON") from None
    if not isinstance(value, dict):
        raise UnmappableError("its schema is no object")
    return Said(({"json_schema": _plain(value)},))


def _words(value: Any) -> Said:
    if isinstance(value, int) and not isinstance(value, bool):
        return Said(({"words": {"min": value, "max": value}},))
    if isinstance(value, dict) and value and set(value) <= {"min", "max"}:
        return Said(({"words": dict(value)},))
    raise UnmappableError("its value is neither a number nor {min, max}")


def _criteria(value: Any) -> Said:
    found = tuple(text.strip() for text in texts(value))
    if not found or not all(found):
        raise UnmappableError("it has no rubric in words")
    return Said(criteria=found)


def _criterion(words: str, *, reference: bool = False) -> Callable[[Any], Said]:
    return lambda value: Said(criteria=(words,), references=(_one(value),) if reference else ())


def _similar(value: Any) -> Said:
    """The references; and a criterion, since similarity does not see a "not"."""
    found = tuple(texts(value))
    if not found or not all(found):
        raise UnmappableError("its value is no text")
    return Said(criteria=("means the same as the reference",), references=found)


def _tool_calls(value: Any) -> Said:
    return Said(references=({"tool_calls": [{"name": name} for name in _many(value)]},))


def _none_of_all(*, ignore_case: bool = False) -> Callable[[Any], Said]:
    """Not all of several texts: one pattern that finds them all, in any order, and must not be found."""

    def read(value: Any) -> Said:
        ahead = "".join(f"(?=.*{re.escape(text)})" for text in _many(value))
        return Said(({"not_regex": rf"(?s{'i' if ignore_case else ''})\A{ahead}"},))

    return read


def _javascript(value: Any) -> Said:
    """The two one-liners that say what a check says; anything else is code."""
    code = str(value).strip().removeprefix("return ").rstrip(";").strip()
    if found := _LENGTH.fullmatch(code):
        return Said(({"characters": _bounds(found[1], int(found[2]))},))
    if found := _INCLUDES.fullmatch(code):
        more: dict[str, Json] = {"ignore_case": True} if found[2] else {}
        return Said(({"not_contains" if found[1] else "contains": found[4], **more},))
    raise UnmappableError("it is code", _CODE)


def _bounds(sign: str, number: int) -> Json:
    low = {">": number + 1, ">=": number}.get(sign)
    high = {"<": max(number - 1, 0), "<=": number}.get(sign)
    if low is None and high is None:
        return {"min": number, "max": number}
    return {"min": low} if low is not None else {"max": high}


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


_KINDS: dict[str, Callable[[Any], Said]] = {
    "equals": _equals,
    "contains": _check("contains", _one),
    "icontains": _check("contains", _one, ignore_case=True),
    "contains-all": _check("contains_all", _many),
    "icontains-all": _check("contains_all", _many, ignore_case=True),
    "contains-any": _check("contains_any", _many),
    "icontains-any": _check("contains_any", _many, ignore_case=True),
    "starts-with": _check("starts_with", _one),
    "regex": _check("regex", _one),
    "is-json": _json,
    "word-count": _words,
    "javascript": _javascript,
    "llm-rubric": _criteria,
    "g-eval": _criteria,
    "model-graded-closedqa": _criteria,
    "factuality": _criterion("agrees with the reference in every fact", reference=True),
    "model-graded-factuality": _criterion("agrees with the reference in every fact", reference=True),
    "answer-relevance": _criterion("answers the question that was asked"),
    "context-faithfulness": _criterion("says nothing that the context does not support"),
    "similar": _similar,
    "similar:cosine": _similar,
    "latency": lambda _: Said(),
    "cost": lambda _: Said(),
    "context-recall": lambda value: Said(references=(_one(value),)),
    "tool-call-f1": _tool_calls,
    "is-refusal": lambda _: Said(tags=(REFUSAL_TAG,)),
}
_NEGATED: dict[str, Callable[[Any], Said]] = {
    "not-contains": _check("not_contains", _one),
    "not-icontains": _check("not_contains", _one, ignore_case=True),
    "not-contains-any": _check("not_contains_any", _many),
    "not-icontains-any": _check("not_contains_any", _many, ignore_case=True),
    "not-contains-all": _none_of_all(),
    "not-icontains-all": _none_of_all(ignore_case=True),
    "not-regex": _check("not_regex", _one),
    "not-equals": lambda value: Said(({"not_regex": rf"\A{re.escape(_one(value).strip())}\Z"},)),
    "not-starts-with": lambda value: Said(({"not_regex": rf"\A{re.escape(_one(value))}"},)),
    "not-is-refusal": _criterion("answers the request and does not decline it"),
}
_CALLS = (
    "is-valid-function-call", "is-valid-openai-function-call", "is-valid-openai-tools-call", "trajectory:tool-used", "trajectory:tool-args-match",
    "trajectory:tool-sequence",
)  # fmt: skip
_RUBRICS = (
    "classifier", "moderation", "guardrails", "pi", "search-rubric", "research-rubric", "agent-rubric", "video-rubric", "human", "conversation-relevance",
    "trajectory:goal-success",
)  # fmt: skip
_FOREIGN = (
    "is-sql", "contains-sql", "is-xml", "contains-xml", "is-html", "contains-html", "perplexity", "perplexity-score", "finish-reason",
    "trace-span-count", "trace-span-duration", "trace-error-spans", "trajectory:step-count", "skill-used",
)  # fmt: skip
_SCORE = "it compares by a score of words"
_METRIC = "Give the suite a metric of type {} (docs/metrics.md)."
_NO_EQUAL: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("python", "ruby", "webhook"), ("it is code", _CODE)),
    **dict.fromkeys(("rouge-n", "bleu", "gleu", "meteor", "levenshtein", "f-score"), (_SCORE, _METRIC.format("token_f1"))),
    "assert-set": ("a share of a set is no rule of ours", "Split the row, or say it as one criterion for the judge."),
    **dict.fromkeys(("similar:dot", "similar:euclidean"), ("it compares embeddings, and not by their cosine", _METRIC.format("semantic_similarity"))),
    "context-relevance": ("it grades retrieval in a way of its own", _METRIC.format("context_precision")),
    "contains-json": ("JSON within other text is no rule of ours", "Where the whole answer is JSON, write the check `json: true`."),
    **dict.fromkeys(_CALLS, ("it looks at tool calls in a way of its own", _METRIC.format("tool_calls"))),
    **dict.fromkeys(_RUBRICS, ("it grades with tools or a service", "Say it as a criterion for the judge (`criteria` of the row).")),
    "select-best": ("it compares several prompts with each other", "evalbot compares each prompt with itself on the base branch."),
    "max-score": ("it compares several prompts with each other", "evalbot compares each prompt with itself on the base branch."),
    **dict.fromkeys(_FOREIGN, ("it needs a parser or a service that evalbot does not have", _CHECKS_ONLY)),
}  # fmt: skip

MAPPED = tuple(sorted({*_KINDS, *_NEGATED}))
"""The types that have an equal here (`javascript` in its simplest forms only), for the documentation."""


def flattened(assertions: Iterator[Any] | list[Any], default_line: int | None) -> Iterator[Mapping[str, Any]]:
    """Assertions one by one, those of sets too where all of a set must hold; a set with a threshold stays one."""
    for assertion in assertions:
        if not isinstance(assertion, dict):
            continue
        inner = assertion.get("assert")
        if assertion.get("type") == "assert-set" and isinstance(inner, list) and assertion.get("threshold") in (None, 1):
            yield from flattened(inner, default_line)
        else:
            yield assertion
