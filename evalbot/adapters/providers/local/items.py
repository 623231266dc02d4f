"""The lexical judge of numbered items: a verdict for each, by the words that it shares with what stands beside it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from evalbot.adapters.providers.local.rubric import Asked
from evalbot.adapters.providers.local.words import terms, written
from evalbot.domain.canonical import Json

_HELD = 0.75  # of an item's words: so many must stand in the context
_LEANS = 0.5  # with half of its words there and a number that is not, it says something else
_TOUCHES = 0.2  # of the question's or the reference's words: so many make an item useful
_GOOD = ("supported", "useful", "relevant", "yes")
_BAD = ("unsupported", "useless", "irrelevant", "no")
_OTHER, _NOTHING = "contradicted", ("not_checkable", "cannot_judge")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def listed(schema: Mapping[str, Json], asked: Asked) -> str | None:
    """The response's sentences, where the schema asks for one list of texts and nothing else; else None."""
    properties = schema.get("properties")
    if not isinstance(properties, Mapping) or len(properties) != 1:
        return None
    ((key, shape),) = properties.items()
    item = shape.get("items") if isinstance(shape, Mapping) else None
    if not isinstance(item, Mapping) or item.get("type") != "string":
        return None
    return json.dumps({key: [part for part in _sentences(asked.response) if terms(part)]}, ensure_ascii=False)


def judged(schema: Mapping[str, Json], asked: Asked) -> str | None:
    """A verdict on each item, in the words that the schema has for one; None where it asks for something else."""
    shape = _verdict_shape(schema)
    if not asked.items or shape is None:
        return None
    words, with_evidence = shape
    verdicts = [_verdict(number, item, asked, words, with_evidence) for number, item in enumerate(asked.items, start=1)]
    return json.dumps({"verdicts": verdicts}, ensure_ascii=False)


def _verdict_shape(schema: Mapping[str, Json]) -> tuple[list[str], bool] | None:
    """The words of a verdict and whether evidence is wanted."""
    found: Json = schema
    for key in ("properties", "verdicts", "items", "properties"):
        found = found.get(key) if isinstance(found, Mapping) else None
    verdict = found.get("verdict") if isinstance(found, Mapping) else None
    words = verdict.get("enum") if isinstance(verdict, Mapping) else None
    if not isinstance(words, list) or not isinstance(found, Mapping):
        return None
    return [str(word) for word in words], "evidence" in found


def _verdict(number: int, item: str, asked: Asked, words: Sequence[str], with_evidence: bool) -> dict[str, Json]:
    word, why, quote = _judge(item, asked)
    named = {"good": _first(_GOOD, words), "bad": _first(_BAD, words), "nothing": _first(_NOTHING, words)}
    chosen = _OTHER if word == "other" and _OTHER in words else named.get(word) or named["bad"] or words[-1]
    found: dict[str, Json] = {"id": number, "reasoning": why}
    if with_evidence:
        found["evidence"] = [quote] if quote and chosen in (named["good"], _OTHER) else []
    return {**found, "verdict": chosen}


def _judge(item: str, asked: Asked) -> tuple[str, str, str]:
    """`good`, `bad`, `other` (it says something else) or `nothing` (no word of weight); why; and the nearest sentence."""
    own = set(terms(item))
    if not own:
        return "nothing", "By word overlap only: it holds no word of weight.", ""
    sources = asked.contexts or ((asked.response,) if asked.response else ())
    if not sources:
        wanted = {word for text in asked.references or (asked.question,) for word in terms(text)}
        touched = len(wanted & own) / len(wanted) if wanted else 0.0
        return "good" if touched >= _TOUCHES else "bad", f"By word overlap only: {touched:.0%} of the words asked for.", ""
    quote = max((part for text in sources for part in _sentences(text)), key=lambda part: len(own & set(terms(part))))
    held = {word for text in sources for word in terms(text)} & own
    missing = [word for stem, word in written(item) if stem not in held]
    share = len(held) / len(own)
    why = f"By word overlap only: {share:.0%} of its words stand there." + (f" Missing: {', '.join(missing[:5])}." if missing else "")
    if share >= _LEANS and any(word[0].isdigit() for word in missing):
        return "other", why, quote
    return ("good" if share >= _HELD else "bad"), why, quote


def _first(known: Sequence[str], words: Sequence[str]) -> str | None:
    return next((word for word in known if word in words), None)


def _sentences(text: str) -> list[str]:
    return [part.strip() for part in _SENTENCE_END.split(text) if part.strip()]
