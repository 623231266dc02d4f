"""What a repository holds that evalbot can use: prompts of every kind, other tools' tests, models, and how many people commit."""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from evalbot.adapters.imports.foreign import read
from evalbot.adapters.imports.openai_evals import is_samples
from evalbot.adapters.imports.promptfoo import is_promptfoo
from evalbot.adapters.prompts import load_prompt
from evalbot.adapters.prompts.python_file import constants, readable
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

_SKIPPED = re.compile(
    r"(^|/)(node_modules|vendor|third_party|dist|build|site-packages|\.venv|venv|\.github|\.git|tests?|__tests__|__pycache__|docs?|fixtures?)/"
)
_PROMPT_FOLDER = re.compile(r"(^|/)(system[_-]?)?prompts?([_-]templates?)?/", re.IGNORECASE)
_PROMPT_NAME = re.compile(r"prompt", re.IGNORECASE)
_NOT_PROMPTS = re.compile(r"(^|/)(readme|changelog|license|contributing|todo|notes|agents|claude)\b|(^|/)_|\.schema\.json$", re.IGNORECASE)
_TEXT = (".md", ".txt", ".j2", ".jinja", ".jinja2")
_CHAT = (".json", ".yaml", ".yml")
_GITHUB = (".prompt.yml", ".prompt.yaml")
_LATER = (".prompty", ".prompt")
_CONSTANT = re.compile(r"PROMPT|INSTRUCTIONS?\Z|\ASYSTEM(_MESSAGE|_TEXT)?\Z|(SYSTEM|CHAT)_MESSAGES?\Z")
_SOURCES = (".py", ".ts", ".tsx", ".js", ".mjs", ".jsx", ".go", ".rb", ".java", ".kt", ".cs", ".rs", ".php")
_MANIFESTS = ("pyproject.toml", "requirements.txt", "package.json", "go.mod", "Gemfile", "pom.xml", "Cargo.toml", "composer.json", "setup.py")
_SDKS = {
    "openai": re.compile(rb"(?m)^\s*(?:from|import) openai\b|['\"]openai['\"]|^openai\b|\"openai[<>=~\[ ]|openai-(?:go|java)"),
    "anthropic": re.compile(rb"(?m)^\s*(?:from|import) anthropic\b|@anthropic-ai/sdk|['\"]anthropic['\"]|^anthropic\b|\"anthropic[<>=~\[ ]"),
}
_MODEL = re.compile(rb"['\"](?:openai/|anthropic/)?((?:gpt-[0-9o][\w.-]{0,40}|o[1-9](?:-[\w.-]{1,30})?|claude-[\w.-]{3,50}))['\"]")
_MOST_FILES, _MOST_BYTES, _SHORTEST = 5_000, 1_000_000, 20


@dataclass(frozen=True)
class Found:
    """What was seen.

    Attributes:
        promptfoo: Paths of promptfoo configurations.
        github: Paths of `.prompt.yml` files.
        prompts: Paths of text and chat prompts and of constants (`file.py:NAME`).
        samples: Paths of OpenAI Evals' JSON Lines.
        datasets: Paths of files that already hold evalbot's rows.
        vendors: Whose SDK the code uses.
        models: Model names in the code, most frequent first.
        people: How many people have committed.
        unread: Prompts that cannot be used as they are, each with the reason.
    """

    promptfoo: tuple[str, ...] = ()
    github: tuple[str, ...] = ()
    prompts: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    vendors: frozenset[str] = frozenset()
    models: tuple[str, ...] = ()
    people: int = 0
    unread: tuple[Problem, ...] = field(default=())


def look(tree: Tree, people: int) -> Found:
    """Look through the files; none of them is run.

    Args:
        tree: The work tree.
        people: How many people have committed.
    """
    paths = [path for path in tree.paths() if not _SKIPPED.search(path)]
    unread: list[Problem] = []
    candidates = [path for path in paths if _may_be_prompt(path)][:_MOST_FILES]
    files = [path for path in candidates if _is_prompt(tree, path, unread)]
    sources = dict(_contents(tree, [path for path in paths if path.endswith((*_SOURCES, *_MANIFESTS))][:_MOST_FILES]))
    found = [*files, *_constants(sources, unread)]
    data = dict(_contents(tree, [path for path in paths if path.endswith((".jsonl", ".ndjson"))][:_MOST_FILES]))
    unread += [Problem("prompts of this kind are not supported yet.", path) for path in paths if path.endswith(_LATER)]
    return Found(
        promptfoo=tuple(path for path in paths if _is_promptfoo(tree, path)),
        github=tuple(path for path in paths if path.endswith(_GITHUB)),
        prompts=tuple(path for path in found if path not in _included(tree, files)),
        samples=tuple(path for path, content in data.items() if _first(content, path, is_samples)),
        datasets=tuple(path for path, content in data.items() if _first(content, path, _is_row)),
        vendors=frozenset(vendor for vendor, pattern in _SDKS.items() if any(map(pattern.search, sources.values()))),
        models=tuple(name for name, _ in _models(sources.values()).most_common()),
        people=people,
        unread=tuple(unread),
    )


def application(path: str, tree: Tree) -> str:
    """The folder of the application that a path belongs to: the nearest one above it with a manifest; "" is the root."""
    folder = posixpath.dirname(path)
    while folder:
        if any(tree.exists(f"{folder}/{name}") for name in _MANIFESTS):
            return folder
        folder = posixpath.dirname(folder)
    shared = re.match(r"((?:apps|services|packages|projects)/[^/]+)/", path)
    return shared[1] if shared else ""


def _may_be_prompt(path: str) -> bool:
    if path.endswith((*_GITHUB, *_LATER)) or _NOT_PROMPTS.search(path):
        return False
    named = bool(_PROMPT_FOLDER.search(path) or _PROMPT_NAME.search(posixpath.basename(path)))
    return named and path.lower().endswith((*_TEXT, *_CHAT)) and "promptfoo" not in posixpath.basename(path)


def _is_prompt(tree: Tree, path: str, unread: list[Problem]) -> bool:
    try:
        load_prompt(tree, path)
    except ConfigError as error:
        if path.lower().endswith(_TEXT):  # data files may be anything
            unread += error.problems
        return False
    return True


def _included(tree: Tree, paths: Iterable[str]) -> set[str]:
    """Files that other prompts include: they are parts, no prompts."""
    return {part for path in paths for part in load_prompt(tree, path).dependencies[1:]}


def _constants(sources: Mapping[str, bytes], unread: list[Problem]) -> Iterator[str]:
    for path, content in sources.items():
        if path.endswith(".py") and re.search(rb"PROMPT|INSTRUCTION|SYSTEM|MESSAGES", content):
            yield from _constants_of(path, content, unread)


def _constants_of(path: str, content: bytes, unread: list[Problem]) -> Iterator[str]:
    import ast

    try:
        assigned = constants(content.decode("utf-8"), path)
    except (UnicodeDecodeError, ConfigError):
        return
    for name, values in assigned.items():
        if not _CONSTANT.search(name) or len(values) != 1:
            continue
        text = readable(values[0])
        if isinstance(values[0], ast.List) or (text is not None and len(text) >= _SHORTEST and " " in text):
            yield f"{path}:{name}"
        elif isinstance(values[0], ast.JoinedStr):
            unread.append(Problem(f"{name} is an f-string, which only running the file could fill in.", path, values[0].lineno))


def _contents(tree: Tree, paths: Iterable[str]) -> Iterator[tuple[str, bytes]]:
    for path in paths:
        try:
            content = tree.read(path)
        except ConfigError:  # a link, a submodule, too large: none of what is looked for
            continue
        if len(content) <= _MOST_BYTES:
            yield path, content


def _is_promptfoo(tree: Tree, path: str) -> bool:
    if not path.endswith(_CHAT) or "promptfoo" not in path.lower():
        return False
    try:
        return is_promptfoo(read(tree.read(path), path))
    except ConfigError:
        return False


def _first(content: bytes, path: str, fits: object) -> bool:
    """Whether the first line of a JSON Lines file fits."""
    try:
        value = read(content.split(b"\n", 1)[0], path)
    except ConfigError:
        return False
    return bool(value) and callable(fits) and bool(fits(value[0]))


def _is_row(value: object) -> bool:
    return isinstance(value, dict) and {"id", "partition", "input"} <= set(value)


def _models(sources: Iterable[bytes]) -> Counter[str]:
    return Counter(found.decode("ascii") for content in sources for found in _MODEL.findall(content))
