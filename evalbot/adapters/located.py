"""A value read from a file that still knows on which line each of its keys and items stands."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

from evalbot.domain.errors import ConfigError, Problem

MOST_BYTES = 5 * 1024 * 1024
MOST_VALUES = 1_000_000
DEEPEST = 100
_LISTED = 20
_UTF8 = "Save it as UTF-8."


@dataclass(slots=True)
class Place:
    """Where a mapping or a list begins, and where each of its entries does."""

    line: int
    entries: dict[str, Where] | list[Where]


Where: TypeAlias = "int | Place"


class Located:
    """Plain JSON-able data with lines.

    Args:
        value: dict, list, str, int, float, bool or None, nested; keys are strings, numbers are finite.
        path: The file, for messages.
        places: Finds the lines when they are first asked for.
    """

    def __init__(self, value: Any, path: str, places: Callable[[], Where]) -> None:
        self.value, self.path, self._find = value, path, places

    @cached_property
    def _places(self) -> Where:
        return self._find()

    def line(self, *keys: str | int) -> int:
        """The 1-based line of a nested key or item; of its nearest existing parent where there is none."""
        place = self._places
        for key in keys:
            if isinstance(place, int):
                return place
            entries = place.entries
            if isinstance(entries, dict):
                inner = entries.get(key) if isinstance(key, str) else None
            else:
                inner = entries[key] if isinstance(key, int) and 0 <= key < len(entries) else None
            if inner is None:
                return place.line
            place = inner
        return place if isinstance(place, int) else place.line

    def problem(self, message: str, *keys: str | int, hint: str = "") -> Problem:
        """A problem at the line of a nested key or item."""
        return Problem(message, self.path, self.line(*keys), hint)


@dataclass(slots=True)
class _Open:
    """A mapping or list that is not finished; `key` is the mapping's key whose value comes next."""

    value: dict[str, Any] | list[Any]
    place: Place
    key: str | None = None
    key_line: int = 0


@dataclass(slots=True)
class Builder:
    """Puts a value and its lines together from what a parser meets, without recursion; collects what is wrong.

    `value` and `where` are the result once everything that was opened is closed.
    """

    path: str
    value: Any = None
    where: Where = 1
    problems: list[Problem] = field(default_factory=list)
    _open: list[_Open] = field(default_factory=list)
    _count: int = 0

    @property
    def wants_key(self) -> bool:
        """Whether what comes next is a mapping's key."""
        return bool(self._open) and isinstance(self._open[-1].value, dict) and self._open[-1].key is None

    def key(self, key: str, line: int) -> None:
        """A mapping's key; a second one of that name is a problem that names both lines."""
        top = self._open[-1]
        entries = top.place.entries
        if isinstance(entries, dict) and (first := entries.get(key)) is not None:
            known = first if isinstance(first, int) else first.line
            self.wrong(f"duplicate key {key!r:.80}: it is on line {known} already.", line, "Keep one of them.")
        top.key, top.key_line = key, line

    def scalar(self, value: Any, line: int) -> None:
        """A value without entries."""
        self._put(value, line)

    def start(self, value: dict[str, Any] | list[Any], line: int) -> None:
        """A mapping or list begins; its entries follow until `end`."""
        at = self._open[-1].key_line if self._open and self._open[-1].key is not None else line
        place = Place(at, {} if isinstance(value, dict) else [])
        self._put(value, place)
        if len(self._open) >= DEEPEST:
            self.give_up(f"nests deeper than {DEEPEST} levels.", line)
        self._open.append(_Open(value, place))

    def end(self) -> None:
        """The innermost open mapping or list is complete."""
        self._open.pop()

    def wrong(self, message: str, line: int, hint: str = "") -> None:
        """Note a problem and go on, up to a limit."""
        problem = Problem(message, self.path, line, hint)
        if problem not in self.problems:
            self.problems.append(problem)
        if len(self.problems) > _LISTED:
            raise ConfigError(
                [*self.problems[:_LISTED], Problem("more problems follow; only these are shown.", self.path)]
            )

    def give_up(self, message: str, line: int, hint: str = "") -> None:
        """Raise ConfigError with a last problem beside those noted."""
        raise ConfigError([*self.problems, Problem(message, self.path, line, hint)])

    def _put(self, value: Any, where: Where) -> None:
        line = where if isinstance(where, int) else where.line
        self._count += 1
        if self._count > MOST_VALUES:
            self.give_up(f"holds more than {MOST_VALUES:,} values.", line, "Split it.")
        if not self._open:
            self.value, self.where = value, where
            return
        top = self._open[-1]
        if isinstance(top.value, list) and isinstance(top.place.entries, list):
            top.value.append(value)
            top.place.entries.append(where)
        elif isinstance(top.value, dict) and isinstance(top.place.entries, dict) and top.key is not None:
            top.value[top.key] = value
            top.place.entries[top.key] = top.key_line if isinstance(where, int) else where
            top.key = None


def decode(source: bytes | str, path: str, first_line: int = 1) -> str:
    """The text, without a byte order mark and with `\\n` line ends.

    Raises:
        ConfigError: It is too large or no UTF-8, or holds a NUL byte, a lone carriage return or half a surrogate pair.
    """

    def fault(message: str, before: int, hint: str = _UTF8) -> ConfigError:
        return ConfigError(Problem(message, path, before + first_line, hint))

    if len(source) > MOST_BYTES:
        raise fault(f"is larger than {MOST_BYTES // 1024 // 1024} MiB.", 0, "Split it.")
    text = source if isinstance(source, str) else _from_bytes(source, fault)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n")
    if (nul := text.find("\0")) >= 0:
        raise fault("holds a NUL byte, so it is not UTF-8 text.", text.count("\n", 0, nul))
    if (lone := text.find("\r")) >= 0:
        raise fault(
            "has a carriage return that ends no line.", text.count("\n", 0, lone), "Use \\n or \\r\\n line ends."
        )
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise fault(
            "holds half of a surrogate pair, which is no character.", text.count("\n", 0, error.start)
        ) from None
    return text


def _from_bytes(source: bytes, fault: Callable[[str, int], ConfigError]) -> str:
    if source[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise fault("is UTF-16.", 0)
    if (nul := source.find(b"\0")) >= 0:  # before the decoding, since UTF-16 without its mark is full of them
        raise fault("holds a NUL byte, so it is not UTF-8 text.", source.count(b"\n", 0, nul))
    try:
        return source.decode("utf-8")
    except UnicodeDecodeError as error:
        raise fault(f"is not UTF-8: byte 0x{source[error.start]:02x}.", source.count(b"\n", 0, error.start)) from None
