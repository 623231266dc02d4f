"""Globs of the configuration: which of a tree's paths they name, and an error for each that names none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from difflib import get_close_matches

from evalbot.domain.errors import ConfigError, Problem

_WILD = re.compile(r"[*?\[\\]")
_CONSTANT = re.compile(r"(?P<file>.+\.py):(?P<name>[A-Za-z_]\w*)\Z")
_OUTSIDE = re.compile(r"/|~|[A-Za-z][A-Za-z0-9+.-]*:/|[A-Za-z]:\\")
_MOST_STARS = 3  # a glob becomes a regular expression; a dozen stars over a long file name would not come back
_MOST_COMPARED = 5_000


def match(patterns: Sequence[str], paths: Sequence[str]) -> list[str]:
    """The paths that the patterns name, sorted; a pattern that names none adds none.

    A path is itself. `*` and `?` stay within a folder, `**` spans folders, `folder/` and `folder/**` are everything below
    it, `!pattern` takes paths away that earlier patterns named. All are relative to the repository's root.
    A constant of a Python file, `file.py:NAME`, is matched by its file and keeps its name.

    Raises:
        ConfigError: A pattern leaves the repository (absolute, `..`, `~`, a URL) or has too many wildcards.
    """
    _refuse(patterns, path="")
    found: set[str] = set()
    known = frozenset(paths)
    for pattern in patterns:
        if pattern.startswith("!"):
            found.difference_update(_named(pattern[1:], paths, known))
        else:
            found.update(_named(pattern, paths, known))
    return sorted(found)


def expand(
    patterns: Sequence[str], paths: Sequence[str], *, what: str, path: str, lines: Sequence[int] = ()
) -> list[str]:
    """The paths that the patterns name, sorted, where each pattern names at least one.

    Args:
        patterns: As in `match`.
        paths: Every path of the tree.
        what: What is looked for, for messages: "prompt", "dataset".
        path: The file that holds the patterns.
        lines: The line of each, 1-based.

    Raises:
        ConfigError: One problem for each pattern that leaves the repository or names nothing.
    """
    _refuse(patterns, path=path, lines=lines)
    known = frozenset(paths)
    lost = [pattern for pattern in patterns if not _named(pattern.removeprefix("!"), paths, known)]
    if lost:
        raise ConfigError(
            Problem(f"no {what} matches {pattern!r}.", path, line_of(pattern, patterns, lines), suggestion(pattern, paths))
            for pattern in lost
        )
    found = match(patterns, paths)
    if patterns and not found:
        raise ConfigError(Problem(f"no {what} file is left: the patterns with ! exclude all of them.", path, lines[0] if lines else None))
    return found


def _named(pattern: str, paths: Sequence[str], known: frozenset[str]) -> list[str]:
    constant = _CONSTANT.match(pattern)
    if constant and pattern not in known:
        return [f"{file}:{constant['name']}" for file in _named(constant["file"], paths, known)]
    plain = pattern.removeprefix("./")
    if plain in known:  # first, so that a file whose name holds a bracket or a star can be named
        return [plain]
    if not _WILD.search(plain) and not plain.endswith("/"):
        return []
    fits = _matcher(plain)
    return [path for path in paths if fits(path)]


def _matcher(pattern: str) -> Callable[[str], bool]:
    from pathspec.patterns.gitignore.spec import GitIgnoreSpecPattern

    # Without the slash in front, gitignore would look for `*.md` in every folder.
    regex = GitIgnoreSpecPattern(f"/{pattern}").regex
    if regex is None:
        return lambda _: False
    if pattern.endswith(("/", "/**")) or pattern == "**":
        return lambda path: regex.match(path) is not None
    # gitignore also takes everything below a folder that matches; `evals/*` should not reach into evals/old/.
    return lambda path: regex.fullmatch(path) is not None


def _refuse(patterns: Sequence[str], *, path: str, lines: Sequence[int] = ()) -> None:
    problems = [Problem(message, path, line_of(pattern, patterns, lines)) for pattern in patterns if (message := _objection(pattern))]
    if problems:
        raise ConfigError(problems)


def _objection(pattern: str) -> str:
    bare = pattern.removeprefix("!")
    if not bare.strip():
        return "an empty path names no file."
    if "\0" in bare:
        return f"{pattern!r} holds a NUL byte and can name no file."
    if _OUTSIDE.match(bare) or ".." in re.split(r"[/\\]", bare):
        return (
            f"{pattern!r} is outside the repository; write a path relative to its root, such as 'evals/golden.jsonl'."
        )
    segments = bare.split("/")
    if segments.count("**") > _MOST_STARS or any(len(re.findall(r"\*+", part)) > _MOST_STARS for part in segments):
        return f"{pattern!r} has more than {_MOST_STARS} wildcards in one name, or more than {_MOST_STARS} times '**'."
    return ""


def line_of(pattern: str, patterns: Sequence[str], lines: Sequence[int]) -> int | None:
    """Where a pattern stands, as far as that is known."""
    return dict(zip(patterns, lines, strict=False)).get(pattern)


def suggestion(pattern: str, paths: Sequence[str]) -> str:
    """What to write in place of a pattern that names none of the paths."""
    pattern = pattern.removeprefix("!")
    folder = pattern.rstrip("/") + "/"
    if any(path.startswith(folder) for path in paths):
        return f"It is a folder: write '{folder}**'."
    suffix = re.search(r"\.\w+$", pattern)
    alike = [path for path in paths if suffix and path.endswith(suffix[0])] or list(paths)
    close = get_close_matches(pattern, alike[:_MOST_COMPARED], n=1, cutoff=0.6)
    if close:
        return f"Did you mean '{close[0]}'?"
    return "Paths are relative to the repository's root, and only files that git tracks are seen."
