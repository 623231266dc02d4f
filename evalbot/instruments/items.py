"""Verdicts on numbered items (claims, sentences, passages): one word for each, ids one to one, quotes that really occur."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from evalbot.domain.canonical import Json
from evalbot.domain.models import Reply
from evalbot.instruments.fences import Section
from evalbot.instruments.replies import (
    UnreadableReplyError,
    objects_at,
    read_object,
    shortened,
    text_at,
    text_of,
    texts_at,
)

PARSER_VERSION = 1  # part of the identity of what uses it: bump it when a reply may be read differently

_LONGEST_SHOWN = 80
_ELLIPSIS = re.compile(r"\s*(?:\[\s*(?:\.{3}|…)\s*\]|\.{3,}|…)\s*")
_AROUND = " \t\n\"'“”„‘’«».,;:"
_ALIKE = {ord(char): plain for chars, plain in (("“”„«»", '"'), ("‘’", "'"), ("‐‑‒–—−", "-"), ("*_`#|~", "")) for char in chars}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a judge says of one item; `evidence` are its quotes."""

    id: int
    word: str
    reasoning: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True)
class Form:
    """What may be said of an item.

    Args:
        words: The verdicts there are.
        quoted: Those that need a quote. Where there is none of them, quotes are not asked for.
    """

    words: tuple[str, ...]
    quoted: frozenset[str] = frozenset()

    def schema(self) -> dict[str, Json]:
        """The JSON Schema of a reply, for providers that can enforce one; the reasoning comes before the verdict."""
        verdict: dict[str, Json] = {"id": {"type": "integer"}, "reasoning": {"type": "string"}}
        if self.quoted:
            verdict["evidence"] = {"type": "array", "items": {"type": "string"}}
        verdict["verdict"] = {"type": "string", "enum": list(self.words)}
        return _object({"verdicts": {"type": "array", "items": _object(verdict)}})

    def read(self, reply: Reply, count: int, sources: Sequence[str] = ()) -> list[Verdict]:
        """One verdict for each item from 1 to `count`, in that order.

        Args:
            reply: The judge's reply.
            count: How many items it was given.
            sources: The texts of which its quotes must be parts; case, white space, marks of Markdown and the kind of
                quotation mark and dash do not count, and an ellipsis may stand for what is left out.

        Raises:
            UnreadableReplyError: An id is missing, strange or there twice, a word is none of the form's, a quote is missing
                or occurs in none of the sources.
        """
        keys = ("id", "reasoning", *(("evidence",) if self.quoted else ()), "verdict")
        given = objects_at(read_object(text_of(reply), ("verdicts",)), "verdicts", keys)
        verdicts = [self._verdict(each) for each in given]
        _one_to_one([verdict.id for verdict in verdicts], count)
        searchable = [_plain(source) for source in sources]
        for verdict in verdicts:
            self._check(verdict, searchable)
        return sorted(verdicts, key=lambda verdict: verdict.id)

    def _verdict(self, given: Mapping[str, Json]) -> Verdict:
        number = given["id"]
        if isinstance(number, bool) or not isinstance(number, int):
            raise UnreadableReplyError("the judge's id is no whole number")
        word = text_at(given, "verdict")
        if word not in self.words:
            raise UnreadableReplyError(f"the judge's verdict {shortened(word, 40)!r} is none of {', '.join(self.words)}")
        evidence = texts_at(given, "evidence") if self.quoted else ()
        return Verdict(number, word, text_at(given, "reasoning"), evidence)

    def _check(self, verdict: Verdict, searchable: Sequence[str]) -> None:
        if verdict.word in self.quoted and not verdict.evidence:
            raise UnreadableReplyError(f"the judge called item {verdict.id} {verdict.word} without a quote")
        for quote in verdict.evidence:
            if not any(_occurs(quote, source) for source in searchable):
                shown = shortened(quote, _LONGEST_SHOWN)
                raise UnreadableReplyError(f"the judge quoted for item {verdict.id} what does not occur: {shown!r}")


def numbered(items: Sequence[str]) -> list[Section]:
    """A section for each item: `item-1`, `item-2` and so on."""
    return [(f"item-{number}", text) for number, text in enumerate(items, start=1)]


def text_list_schema(key: str) -> dict[str, Json]:
    """The JSON Schema of a reply that is one list of texts."""
    return _object({key: {"type": "array", "items": {"type": "string"}}})


def read_text_list(reply: Reply, key: str) -> tuple[str, ...]:
    """The texts of such a reply, without blank ones; raises UnreadableReplyError where it is none."""
    found = texts_at(read_object(text_of(reply), (key,)), key)
    return tuple(text.strip() for text in found if text.strip())


def _object(properties: Mapping[str, Json]) -> dict[str, Json]:
    return {
        "type": "object", "properties": properties, "required": list(properties), "additionalProperties": False,
    }  # fmt: skip


def _one_to_one(ids: Sequence[int], count: int) -> None:
    twice = sorted({number for number in ids if ids.count(number) > 1})
    if twice:
        raise UnreadableReplyError(f"the judge gave item {twice[0]} two verdicts")
    strange = sorted(set(ids) - set(range(1, count + 1)))
    if strange:
        raise UnreadableReplyError(f"the judge gave a verdict on item {strange[0]}, which does not exist")
    missing = sorted(set(range(1, count + 1)) - set(ids))
    if missing:
        raise UnreadableReplyError(f"the judge gave no verdict on item {missing[0]}")


def _occurs(quote: str, source: str) -> bool:
    """Whether the quote's fragments stand in the source, one after the other."""
    fragments = [fragment for part in _ELLIPSIS.split(quote) if (fragment := _plain(part).strip(_AROUND))]
    position = 0
    for fragment in fragments:
        found = source.find(fragment, position)
        if found < 0:
            return False
        position = found + len(fragment)
    return bool(fragments)


def _plain(text: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", text).translate(_ALIKE).casefold().split())
