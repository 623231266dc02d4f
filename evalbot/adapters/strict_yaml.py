"""The one reader of YAML and JSON files: nothing in them can run, expand, be guessed at or be silently dropped."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from evalbot.adapters.located import DEEPEST, Builder, Located, Where, decode
from evalbot.domain.canonical import parse_json
from evalbot.domain.errors import ConfigError, Problem

__all__ = ["Located", "read_json", "read_yaml"]

_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MAYBE_NUMBER = frozenset("-.0123456789")
# JSON's numbers, and the core schema's `.5` and `1.`. What other YAML readers disagree about stays a string: 0123 (octal?),
# 1:30 (sexagesimal?), 1_000, 0x1F, +49, 2026-01-31.
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MOST_DIGITS = 300  # below the largest float, so that every number can be compared with every other
_JSON_PART = re.compile(r'"(?:[^"\\\n]|\\.)*"|[{}\[\]:,\n]|[^\s{}\[\]:,"]+')
_ASTRAL = re.compile(r"\\[uU]", re.ASCII)

# What libyaml says, and what its writer usually meant.
_HINTS = (
    ("tab character", "Indent with spaces."),
    ("cannot start any token", "Indent with spaces, and put text that begins with @, %, ` or a tab in quotes."),
    ("mapping values are not allowed", "Put text that holds ': ' in quotes, and check the indentation."),
    ("expected ':'", "A key ends in ': '; check the line above too."),
    ("expected key", "Check the indentation: the keys of one mapping begin in the same column."),
    ("expected '-' indicator", "Check the indentation: the items of one list begin in the same column."),
    ("expected ',' or", "A [ or { is not closed, or a comma is missing."),
    ("unexpected end of stream", "A quote is not closed."),
    ("document start", "Check the indentation; text after a closing quote, ] or } is not allowed."),
)


def read_yaml(text: bytes | str, path: str, *, first_line: int = 1) -> Located:
    """The one document of a YAML text; an empty text is None.

    Numbers are JSON's, booleans are `true` and `false`, null is `null`, `~` or nothing; every other plain word is a
    string: `yes`, `no`, `on`, `off`, dates, `0123`, `1:30`. A key is its text, so `1: a` has the key "1".

    Args:
        text: UTF-8 bytes or text; a byte order mark and CRLF are fine.
        path: The file, for messages.
        first_line: The file's line at which the text begins (front matter).

    Raises:
        ConfigError: It is no YAML, or holds an alias, an anchor, a tag, a merge key, a duplicate key, a NaN or an infinity,
            a key that is no string, a second document, or more than can be read. All problems that can be told at once.
    """
    source = decode(text, path, first_line)
    builder = Builder(path, where=first_line)
    escapes = _ASTRAL.search(source) is not None
    documents = 0
    for event in _events(source, builder, first_line):
        line, kind = event.start_mark.line + first_line, type(event).__name__
        if kind == "DocumentStartEvent":
            documents += 1
            if documents > 1:
                builder.give_up("a second document begins here.", line, "Keep one document a file: remove the '---'.")
        else:
            _take(builder, kind, event, line, escapes)
    if builder.problems:
        raise ConfigError(builder.problems)
    where = builder.where
    return Located(builder.value, path, lambda: where)


def read_json(text: bytes | str, path: str) -> Located:
    """The value of a JSON text; strict, as `read_yaml` is. Arguments and errors are as there; an empty text is an error."""
    source = decode(text, path)
    if source.count("[") + source.count("{") > DEEPEST:
        _refuse_deep(source, path)
    try:
        value = parse_json(source)
        if "\\u" in source:
            json.dumps(value, ensure_ascii=False).encode()
    except json.JSONDecodeError as error:
        early = error.pos >= len(source.rstrip())
        reason = "it ends too early" if early else error.msg[:1].lower() + error.msg[1:]
        raise ConfigError(Problem(f"not valid JSON: {reason}.", path, error.lineno)) from None
    except UnicodeEncodeError:
        line = source.count("\n", 0, source.lower().find("\\ud")) + 1
        raise ConfigError(Problem("holds half of a surrogate pair, which is no character.", path, line)) from None
    except ValueError as error:
        raise ConfigError(_refused_json(source, path, error)) from None
    return Located(value, path, lambda: _json_places(source, path))


def _events(source: str, builder: Builder, first_line: int) -> Iterator[Any]:
    """What libyaml meets, one by one: nothing is resolved, constructed or expanded. Whatever it raises is a ConfigError."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    source, back = _as_one_line(source)
    try:
        for event in yaml.parse(source, Loader=loader):
            if back and isinstance(event, yaml.ScalarEvent):
                event.value = event.value.translate(back)
            yield event
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = first_line + min(mark.line, source.rstrip("\n").count("\n")) if mark else first_line
        said = (error.problem or error.context or "it cannot be parsed").rstrip(".")
        builder.give_up(f"not valid YAML: {said}.", line, next((hint for part, hint in _HINTS if part in said), ""))
    except yaml.reader.ReaderError as error:
        char = chr(error.character) if isinstance(error.character, int) else str(error.character)
        line = first_line + source.count("\n", 0, max(source.find(char), 0))
        builder.give_up(f"holds the control character U+{ord(char[:1] or '?'):04X}.", line, "Remove it.")
    except Exception as error:  # PyYAML raises more than YAMLError; none of it may end the run as our bug
        builder.give_up(f"not valid YAML: {error}.", first_line)


def _as_one_line(source: str) -> tuple[str, dict[int, str]]:
    """The text with the characters that only YAML 1.1 ends a line at as others that it does not hold, and the way back.

    libyaml would fold them, and the spaces around them, inside a string, and count lines that no editor shows.
    """
    found = [char for char in "\x85\u2028\u2029" if char in source]
    free = (chr(code) for code in range(0xE000, 0xF900) if chr(code) not in source)
    there: dict[str, str | int | None] = dict(zip(found, free, strict=False))
    back = {ord(str(new)): old for old, new in there.items()}
    return source.translate(str.maketrans(there)) if there else source, back


def _take(builder: Builder, kind: str, event: Any, line: int, escapes: bool) -> None:
    if kind == "AliasEvent":
        builder.wrong(f"the alias *{event.anchor} is not allowed here.", line, "Write the value out.")
        _nothing(builder, line)
    elif kind == "ScalarEvent":
        _refuse_extras(builder, event, line)
        if escapes and any("\ud800" <= char <= "\udfff" for char in event.value):
            builder.wrong("holds half of a surrogate pair, which is no character.", line)
        if builder.wants_key:
            builder.key(_key(builder, event, line), line)
        else:
            builder.scalar(_value(builder, event, line), line)
    elif kind in ("MappingStartEvent", "SequenceStartEvent"):
        _refuse_extras(builder, event, line)
        if builder.wants_key:
            builder.give_up(
                "a key must be a string, not a list or a mapping.", line, "Put text that holds [ ] { } in quotes."
            )
        builder.start({} if kind == "MappingStartEvent" else [], line)
    elif kind in ("MappingEndEvent", "SequenceEndEvent"):
        builder.end()


def _nothing(builder: Builder, line: int) -> None:
    """A place holder for what was refused, so that the rest of the file is still checked."""
    if builder.wants_key:
        builder.key(f"\0{line}", line)
    else:
        builder.scalar(None, line)


def _refuse_extras(builder: Builder, event: Any, line: int) -> None:
    if event.anchor is not None:
        builder.wrong(f"the anchor &{event.anchor} is not allowed here.", line, "Write the value out where it is used.")
    if event.tag is not None:
        shown = event.tag.replace("tag:yaml.org,2002:", "!!")
        builder.wrong(
            f"the tag {shown:.80} is not allowed here.", line, "Write plain text, numbers, lists and mappings."
        )


def _key(builder: Builder, event: Any, line: int) -> str:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text == "<<":
        builder.wrong("the merge key << is not allowed here.", line, "Write the keys out.")
        return f"\0{line}"
    value = _value(builder, event, line)
    if not isinstance(value, str) and (isinstance(value, bool) or not isinstance(value, int)):
        what = repr(text) if text else "nothing"
        builder.wrong(
            f"a key must be a string, not {what}.", line, "Put it in quotes." if text else "Write the key before ':'."
        )
    return text


def _value(builder: Builder, event: Any, line: int) -> Any:
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _MAYBE_NUMBER and text[0] != "+":
        return text
    if len(text) > _MOST_DIGITS and _FLOAT.fullmatch(text):
        builder.wrong(f"a number has more than {_MOST_DIGITS} digits.", line, "Put it in quotes.")
    elif _INTEGER.fullmatch(text):
        return int(text)
    elif _NOT_FINITE.fullmatch(text) or (_FLOAT.fullmatch(text) and not math.isfinite(float(text))):
        builder.wrong(
            f"{text} is not a finite number.", line, "Numbers here are finite; put it in quotes if it is text."
        )
    elif _FLOAT.fullmatch(text):
        return float(text)
    return text


def _json_places(source: str, path: str) -> Where:
    """The lines of a text that is JSON; raises ConfigError for duplicate keys."""
    builder, line = Builder(path), 1
    for part in _JSON_PART.findall(source):
        if part == "\n":
            line += 1
        elif part in "{[":
            builder.start({} if part == "{" else [], line)
        elif part in "}]":
            builder.end()
        elif part[0] == '"' and builder.wants_key:
            builder.key(json.loads(part), line)
        elif part not in ":,":
            builder.scalar(None, line)
    if builder.problems:
        raise ConfigError(builder.problems)
    return builder.where


def _refuse_deep(source: str, path: str) -> None:
    """Count the levels before a recursive parser meets them."""
    depth = 0
    for part in _JSON_PART.finditer(source):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(part[0], 0)
        if depth > DEEPEST:
            line = source.count("\n", 0, part.start()) + 1
            raise ConfigError(Problem(f"nests deeper than {DEEPEST} levels.", path, line))


def _refused_json(source: str, path: str, error: ValueError) -> Problem:
    """A value that strict JSON refuses, with its line; raises ConfigError, with both lines, where it is a duplicate key."""
    with suppress(IndexError, ValueError):  # what follows the refused value may be no JSON at all
        _json_places(source, path)
    said = str(error).partition(";")[0]
    found = source.find(said.partition(" ")[0])
    return Problem(f"not valid JSON: {said}.", path, source.count("\n", 0, found) + 1 if found >= 0 else None)
