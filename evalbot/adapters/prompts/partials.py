"""What a prompt includes: found without running it, beside the including file or from the root, never outside."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from evalbot.adapters.located import decode
from evalbot.adapters.prompts import github_file, hub_file, python_file
from evalbot.adapters.prompts.formats import Parsed
from evalbot.adapters.prompts.plain import Plain, plain
from evalbot.adapters.trees import shown
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

if TYPE_CHECKING:
    from evalbot.adapters.prompts.sandbox import Include

SPLITS: dict[str, Callable[[str], Plain]] = {"github": github_file.split, "format": python_file.split, "mustache": hub_file.split}
"""Syntaxes that replace names once and know nothing else: how each takes a text apart."""

MOST_FILES, MOST_CHARS = 500, 2_000_000
_MOST_COMPARED = 5_000


@dataclass(frozen=True)
class Partials:
    """All that a prompt's templates may include.

    Attributes:
        sources: Path → template.
        named: (name as written, template) of each; for computed includes the path within the prompt's folder.
        computed: Paths that are here only because an include computes its name.
        uses_user_input: Whether the prompt, or what it names, uses `user_input`.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    named: tuple[tuple[str, str], ...] = ()
    computed: frozenset[str] = frozenset()
    uses_user_input: bool = False


def gather(tree: Tree, path: str, parsed: Parsed) -> Partials:
    """The partials of a prompt.

    Where an include computes its name, every text file of the prompt's folder may be meant: all of them are read.

    Raises:
        ConfigError: A template cannot be parsed, or names what is not there, is outside or is too much; at path:line.
    """
    split = SPLITS.get(parsed.syntax)
    if split:
        return Partials(uses_user_input=any("user_input" in split(part.source).names for part in parsed.parts))
    found = _Search(tree)
    for part in parsed.parts:
        found.visit(part.source, path, part.line)
    computed = found.folder(posixpath.dirname(path), path) if found.computes else {}
    return Partials(
        {**computed, **found.sources}, (*found.named, *_within(computed, path)), frozenset(computed) - set(found.sources),
        found.uses_user_input,
    )  # fmt: skip


class _Search:
    """Follows includes from file to file; each is read once."""

    def __init__(self, tree: Tree) -> None:
        self._tree, self._chars = tree, 0
        self.sources: dict[str, str] = {}
        self.named: list[tuple[str, str]] = []
        self.uses_user_input = self.computes = False

    def visit(self, source: str, path: str, first_line: int) -> None:
        """Take in one template and, through it, all that it names."""
        waiting = [(source, path, first_line)]
        while waiting:
            including = waiting.pop()
            for name, place in self._included(*including):
                if place not in self.sources:
                    self.sources[place] = self._read(place, including[1])
                    waiting.append((self.sources[place], place, 1))
                self.named.append((name, self.sources[place]))

    def folder(self, folder: str, path: str) -> dict[str, str]:
        """The text files of a prompt's folder, path → content; links and what is no text cannot be included."""
        inside = [found for found in self._tree.paths() if found != path and (not folder or found.startswith(f"{folder}/"))]
        if len(inside) > MOST_FILES:
            message = f"an include computes its name, so each of the {len(inside)} files of its folder may be meant."
            raise ConfigError(Problem(message, shown(path), hint=f"Move the prompt to a folder of at most {MOST_FILES} files."))
        texts: dict[str, str] = {}
        for found in inside:
            try:
                content = self._tree.read(found)
                texts[found] = decode(content, found)
            except ConfigError:  # other files of the folder need not be templates; an include of this one fails by name
                continue
            self._count(len(content), path)
        return texts

    def _included(self, source: str, path: str, first_line: int) -> list[tuple[str, str]]:
        """(Name as written, path) of what one template includes by a name that it spells out."""
        simple = plain(source)
        if simple is not None:
            self.uses_user_input |= "user_input" in simple.names
            return []
        from evalbot.adapters.prompts.sandbox import BadTemplateError, inspect

        try:
            seen = inspect(source)
        except BadTemplateError as error:
            raise ConfigError(Problem(str(error), shown(path), first_line + error.line - 1, error.hint)) from None
        self.uses_user_input |= seen.uses_user_input
        self.computes |= any(not include.names for include in seen.includes)
        return [pair for include in seen.includes for pair in self._located(include, path, first_line + include.line - 1)]

    def _located(self, include: Include, path: str, line: int) -> list[tuple[str, str]]:
        from evalbot.adapters.prompts.sandbox import OutsideError, candidates

        try:
            places = {name: list(candidates(name, path)) for name in include.names}
        except OutsideError as error:
            message = f"the include of {shown(str(error))!r} leaves the repository."
            raise ConfigError(Problem(message, shown(path), line, "Included paths are relative.")) from None
        there = [(name, place) for name, options in places.items() for place in options if self._tree.exists(place)]
        found = dict(reversed(there))  # the first place of each name
        if places and not found and not include.optional:
            raise ConfigError(self._missing(places, path, line))
        return list(found.items())

    def _read(self, path: str, including: str) -> str:
        content = decode(self._tree.read(path), path)
        self._count(len(content), including)
        return content

    def _count(self, chars: int, path: str) -> None:
        self._chars += chars
        if len(self.sources) >= MOST_FILES or self._chars > MOST_CHARS:
            message = f"a prompt can include {MOST_FILES} files with {MOST_CHARS:,} characters in all."
            raise ConfigError(Problem(message, shown(path), hint="Include less."))

    def _missing(self, places: Mapping[str, list[str]], path: str, line: int) -> Problem:
        looked = list(dict.fromkeys(place for options in places.values() for place in options))
        others = [known for known in self._tree.paths()[:_MOST_COMPARED] if known != path]
        close = get_close_matches(looked[0], others, n=1)
        hint = f"Did you mean '{shown(close[0])}'?" if close else ""
        tried = " or ".join(shown(place) for place in looked)
        return Problem(f"there is no {shown(next(iter(places)))!r} to include: {tried} does not exist.", shown(path), line, hint)


def _within(computed: Mapping[str, str], path: str) -> list[tuple[str, str]]:
    folder = posixpath.dirname(path)
    return [(f"./{posixpath.relpath(found, folder or '.')}", source) for found, source in computed.items()]
