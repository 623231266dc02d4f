"""Suites as they will be written: each with its prompts, its model and rows that can be rendered."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

from evalbot.adapters.datasets import read_datasets
from evalbot.adapters.imports.github_prompts import read_prompt_file
from evalbot.adapters.imports.imported import Imported, slug
from evalbot.adapters.imports.openai_evals import read_samples
from evalbot.adapters.imports.promptfoo import read_promptfoo
from evalbot.adapters.prompts import PromptFile, load_prompt, prompt_id
from evalbot.adapters.prompts.variables import TEXT, asks_for_input, variables
from evalbot.app.setup.look import Found, application
from evalbot.app.setup.starter import starter
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree
from evalbot.domain.runs import file_of

MOST_SUITES = 12
_GITHUB = (".prompt.yml", ".prompt.yaml")


@dataclass(frozen=True)
class Draft:
    """One suite.

    Attributes:
        source: The file that it was made from, for a comment.
        dataset: The dataset's path; with `rows` it is written, without it is there.
        models: Models that its files name, the first answers.
        mapped: How often each kind of assertion was taken over.
        metrics: Metrics beside the judge, by name; a `model` that is empty is the judge's.
    """

    name: str
    source: str
    prompts: tuple[str, ...]
    dataset: str
    rows: tuple[Mapping[str, Json], ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    models: tuple[tuple[str, Mapping[str, Json]], ...] = ()
    judge: str = ""
    mapped: Mapping[str, int] = field(default_factory=dict)
    left_out: tuple[Problem, ...] = ()
    metrics: Mapping[str, Mapping[str, Json]] = field(default_factory=dict)


class Overlay:
    """A `Tree` with files that are not written yet.

    Args:
        tree: What is there.
        files: What will be.
    """

    def __init__(self, tree: Tree, files: Mapping[str, str]) -> None:
        self._tree, self._files = tree, files

    @property
    def name(self) -> str:
        """The tree's name."""
        return self._tree.name

    def paths(self) -> Sequence[str]:
        """The paths of both."""
        return sorted({*self._tree.paths(), *self._files})

    def exists(self, path: str) -> bool:
        """Whether one of the two has it."""
        return path in self._files or self._tree.exists(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file."""
        return self._files[path].encode() if path in self._files else self._tree.read(path)

    def identity(self, path: str) -> str:
        """Mode and content of a file."""
        return f"100644 {sha256(self.read(path)).hexdigest()}"


def from_file(tree: Tree, path: str, usable: Callable[[Mapping[str, Json]], str]) -> Draft:
    """The suite that another tool's file describes.

    Args:
        usable: Why a check cannot be used, or nothing.

    Raises:
        ConfigError: It is none that evalbot knows, or cannot be read.
    """
    folder = posixpath.join(application(path, tree), "evals")
    if path.endswith(_GITHUB):
        found = read_prompt_file(tree, path)
    elif path.endswith((".jsonl", ".ndjson")):
        found = read_samples(tree, path, f"{folder}/prompts")
    elif path.endswith((".yaml", ".yml", ".json")):
        found = read_promptfoo(tree, path, f"{folder}/prompts", usable)
    else:
        hint = "promptfoo configurations, OpenAI Evals' .jsonl files and .prompt.yml files are."
        raise ConfigError(Problem("this is no file that can be imported.", path, None, hint))
    return _completed(found, tree, folder)


def from_found(tree: Tree, found: Found, usable: Callable[[Mapping[str, Json]], str]) -> tuple[list[Draft], list[Problem]]:
    """A suite for each thing that was found, and what was left out."""
    drafts, left_out = list[Draft](), list(found.unread)
    for path in [*found.promptfoo, *found.github]:
        try:
            drafts.append(from_file(tree, path, usable))
        except ConfigError as error:
            left_out += error.problems
    taken = {file for draft in drafts for prompt in draft.prompts for file in _dependencies(tree, draft, prompt)}
    for path in found.prompts:
        if path not in taken:
            try:
                drafts.append(_of_prompt(tree, path, found.datasets))
            except ConfigError as error:
                left_out += error.problems
    if not drafts:
        drafts = [from_file(tree, path, usable) for path in found.samples]
    return distinct(drafts, tree), left_out


def _dependencies(tree: Tree, draft: Draft, prompt: str) -> Sequence[str]:
    try:
        return (prompt, *load_prompt(Overlay(tree, draft.files), prompt).dependencies)
    except ConfigError:
        return (prompt,)


def _of_prompt(tree: Tree, path: str, datasets: Iterable[str]) -> Draft:
    """A suite of one prompt: with a dataset that is there and fits, else with a starter."""
    prompt, home = load_prompt(tree, path), application(path, tree)
    name = _name(path)
    models: tuple[tuple[str, Mapping[str, Json]], ...] = ((prompt.model, {}),) if prompt.model else ()
    for dataset in datasets:
        if application(dataset, tree) == home and _fits(prompt, tree, dataset):
            return Draft(name, path, (path,), dataset, models=models)
    rows = _started(name, [prompt], ())
    broken = [text for text in prompt.render_all(_examples(rows)) if isinstance(text, str)]
    if broken:
        raise ConfigError(Problem(f"no input could be made up for it: {broken[0]}", path, None, "Write a dataset for it, then add a suite."))
    return Draft(name, path, (path,), posixpath.join(home, "evals", f"{name}.jsonl"), tuple(rows), models=models)


def _name(path: str) -> str:
    """After the file; after the constant where it is one."""
    stem = path.rpartition(":")[2] if file_of(path) != path else posixpath.basename(prompt_id(path))
    return slug(stem.removesuffix("_PROMPT").removesuffix(".prompt"), "suite")


def _fits(prompt: PromptFile, tree: Tree, dataset: str) -> bool:
    try:
        rows = read_datasets(tree, [dataset])
    except ConfigError:
        return False
    return bool(rows) and not any(isinstance(text, str) for text in prompt.render_all(rows))


def _completed(found: Imported, tree: Tree, folder: str) -> Draft:
    """An imported suite with prompts that load, rows that every one of them can render, and starter rows beside golden ones."""
    prompts, left_out = _loaded(found, Overlay(tree, found.files))
    if not prompts:
        reason = left_out[0] if left_out else Problem("it names no prompt that evalbot can read.", found.source)
        raise ConfigError([reason, *left_out[1:]])
    needed = {name: shape for prompt in prompts for name, shape in variables(prompt).items()}
    if any(asks_for_input(prompt) for prompt in prompts):
        needed.setdefault("user_input", TEXT)
    # promptfoo and GitHub leave an unknown name empty or as it is; here a row says so itself.
    rows = [{**row, "input": {**dict.fromkeys(needed, TEXT), **_input(row)}} for row in found.rows]
    good, bad = _rendered(rows, prompts, found.source)
    started = _started(found.name, prompts, good)
    partitions = {"regression", "adversarial", "distribution"} if good else {"golden", "regression", "adversarial", "distribution"}
    more, _ = _rendered([row for row in started if row["partition"] in partitions], prompts, found.source)
    paths = tuple(prompt.path for prompt in prompts)
    files = {path: text for path, text in found.files.items() if path in paths}
    return Draft(
        found.name, found.source, paths, f"{folder}/{found.name}.jsonl", (*good, *more), files, found.models, found.judge, found.mapped,
        (*found.left_out, *left_out, *bad), found.metrics,
    )  # fmt: skip


def _loaded(found: Imported, tree: Tree) -> tuple[list[PromptFile], list[Problem]]:
    prompts, left_out = list[PromptFile](), list[Problem]()
    for path in found.prompts:
        try:
            prompts.append(load_prompt(tree, path))
        except ConfigError as error:
            left_out += error.problems
    return prompts, left_out


def _rendered(rows: Sequence[Mapping[str, Any]], prompts: Sequence[PromptFile], source: str) -> tuple[list[Mapping[str, Json]], list[Problem]]:
    """The rows that each prompt can render, and why the others cannot be taken over."""
    reasons: dict[int, str] = {}
    for prompt in prompts:
        for number, text in enumerate(prompt.render_all(_examples(rows))):
            if isinstance(text, str):
                reasons.setdefault(number, text)
    good = [row for number, row in enumerate(rows) if number not in reasons]
    return good, [Problem(f"example {rows[number]['id']!r} is not taken over: {text}", source) for number, text in reasons.items()]


def _started(name: str, prompts: Sequence[PromptFile], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Json]]:
    needed = {variable: shape for prompt in prompts for variable, shape in variables(prompt).items()}
    if any(asks_for_input(prompt) for prompt in prompts):
        needed.setdefault("user_input", TEXT)
    return starter(name, needed, prompts[0].text, _input(rows[0]) if rows else None)


def _input(row: Mapping[str, Any]) -> Mapping[str, Json]:
    given = row.get("input")
    return given if isinstance(given, Mapping) else {}


def _examples(rows: Sequence[Mapping[str, Any]]) -> list[Any]:
    """The rows as examples, by the same reader that will read the file."""
    text = dumped(rows)
    return list(read_datasets(Overlay(_Nothing(), {"rows.jsonl": text}), ["rows.jsonl"])) if rows else []


def dumped(rows: Iterable[Mapping[str, Json]]) -> str:
    """Rows as JSON Lines."""
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


class _Nothing:
    """A tree without files."""

    name = "nothing"

    def paths(self) -> Sequence[str]:
        return ()

    def exists(self, path: str) -> bool:  # noqa: ARG002 - the port's signature
        return False

    def read(self, path: str) -> bytes:
        raise ConfigError(Problem("there is no such file.", path))


def distinct(drafts: Sequence[Draft], tree: Tree) -> list[Draft]:
    """The drafts with names and datasets of their own: with the application's name before, else with a number."""
    names = [draft.name for draft in drafts]
    taken: set[str] = set()
    found = []
    for draft in drafts:
        home = slug(posixpath.basename(application(draft.source, tree)), "")
        name = f"{home}-{draft.name}" if names.count(draft.name) > 1 and home and home != draft.name else draft.name
        base, turn = name, 2
        while name in taken:
            name, turn = f"{base}-{turn}", turn + 1
        taken.add(name)
        found.append(_renamed(draft, name, tree))
    return found


def _renamed(draft: Draft, name: str, tree: Tree) -> Draft:
    if not draft.rows:
        return replace(draft, name=name)
    path, turn = posixpath.join(posixpath.dirname(draft.dataset), f"{name}.jsonl"), 2
    while tree.exists(path):
        path, turn = posixpath.join(posixpath.dirname(draft.dataset), f"{name}-{turn}.jsonl"), turn + 1
    return replace(draft, name=name, dataset=path)
