"""promptfoo's tests, wherever they stand: inline, in files, in scenarios; each with its variables and assertions."""

from __future__ import annotations

import itertools
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalbot.adapters.globs import match
from evalbot.adapters.imports import foreign
from evalbot.adapters.imports.foreign import Mapped, line_of, listed, mapping
from evalbot.adapters.imports.imported import Notes
from evalbot.adapters.located import decode
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

_EXPECTED = re.compile(r"__expected\d*")
_SHORT = re.compile(r"(?P<type>(?:not-)?[a-z][a-z0-9-]*)(?:\((?P<threshold>[0-9.]+)\))?\s*:\s*(?P<value>.*)", re.DOTALL)
_SHORT_NAMES = {"grade": "llm-rubric", "fn": "javascript", "eval": "javascript"}
_BARE = frozenset({"is-json", "is-html", "is-sql", "is-xml", "is-refusal", "answer-relevance"})
_DATA = (".yaml", ".yml", ".json", ".jsonl", ".csv")
_TEXTS = (".txt", ".md", ".markdown")
_MOST = 5_000
_GENERATED = "evalbot runs no code and fetches nothing for a dataset: export the tests to a file first."


@dataclass(frozen=True)
class Test:
    """One test with what `defaultTest` adds; `line` is its place in `path`."""

    title: str
    values: Mapping[str, Any]
    assertions: tuple[Any, ...]
    metadata: Mapping[str, Any]
    path: str
    line: int | None


class Files:
    """Reads the files that a configuration names, relative to its own folder.

    Args:
        tree: The repository's files.
        config: The configuration's path.
    """

    def __init__(self, tree: Tree, config: str) -> None:
        self.tree, self.folder = tree, posixpath.dirname(config)

    def path(self, name: str) -> str:
        """A path or glob of the configuration, from the repository's root."""
        return posixpath.normpath(posixpath.join(self.folder, name.removeprefix("file://")))

    def named(self, name: str) -> list[str]:
        """The files that a path or glob names; raises ConfigError where it leaves the repository."""
        return match([self.path(name)], self.tree.paths())

    def load(self, name: str) -> Any:
        """What a file holds: data of YAML and JSON, the text of others; raises ConfigError."""
        path = self.path(name)
        content = self.tree.read(path)
        return foreign.read(content, path) if path.endswith(_DATA) else decode(content, path).removesuffix("\n")


def tests(config: Mapping[str, Any], files: Files, notes: Notes) -> list[Test]:
    """Every test of a configuration; what cannot be had without running code is noted."""
    default = config.get("defaultTest")
    if isinstance(default, str):
        default = files.load(default)
    base = default if isinstance(default, dict) else {}
    found = [test for raw, path in _listed(config.get("tests"), files, notes, notes.path, line_of(config)) for test in _expanded(raw, base, path, files, notes)]
    for scenario in listed(config.get("scenarios")):
        found += _of_scenario(scenario, base, files, notes)
    if len(found) > _MOST:
        notes.leave(f"only the first {_MOST:,} of {len(found):,} tests are taken over.", None)
    return found[:_MOST]


def short(text: str) -> Mapping[str, Any]:
    """An assertion as promptfoo writes it in a CSV cell: `contains: Paris`, `similar(0.8): …`, or the expected text itself."""
    if text in _BARE:
        return {"type": text}
    found = _SHORT.fullmatch(text)
    if not found:
        return {"type": "equals", "value": text}
    threshold = {"threshold": float(found["threshold"])} if found["threshold"] else {}
    return {"type": _SHORT_NAMES.get(found["type"], found["type"]), "value": found["value"].strip(), **threshold}


def _listed(value: Any, files: Files, notes: Notes, path: str, line: int | None) -> Iterator[tuple[Mapping[str, Any], str]]:
    """(Raw test, file) of a list, of what its entries name, or of a single name."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and "path" in item and "vars" not in item:
            item = item["path"]
        if isinstance(item, dict):
            yield item, path
        elif isinstance(item, str) and not isinstance(value, dict):
            yield from _of_file(item, files, notes, line_of(value, line))


def _of_file(name: str, files: Files, notes: Notes, line: int | None) -> Iterator[tuple[Mapping[str, Any], str]]:
    if "://" in name.removeprefix("file://") or not name.lower().endswith(_DATA):
        notes.leave(f"tests are generated or fetched: {name}.", line, _GENERATED)
        return
    found = files.named(name)
    if not found:
        notes.leave(f"there is no file {name}.", line)
    for path in found:
        if path.endswith(".csv"):
            yield from ((_of_row(row), path) for row in foreign.rows(files.tree.read(path), path))
        else:
            yield from _listed(foreign.read(files.tree.read(path), path), files, notes, path, 1)


def _of_row(row: Mapped) -> Mapping[str, Any]:
    test = Mapped(
        description=row.get("__description", ""),
        vars={key: value for key, value in row.items() if not key.startswith("__")},
        metadata={key.removeprefix("__metadata:"): value for key, value in row.items() if key.startswith("__metadata:")},
    )
    test["assert"] = [short(value.strip()) for key, value in row.items() if _EXPECTED.fullmatch(key) and value.strip()]
    test["options"] = {key: row[f"__{key}"] for key in ("prefix", "suffix") if row.get(f"__{key}")}
    test.line = row.line
    return test


def _of_scenario(scenario: Any, base: Mapping[str, Any], files: Files, notes: Notes) -> list[Test]:
    """Each of the scenario's data sets meets each of its tests."""
    if isinstance(scenario, str):
        scenario = files.load(scenario)
    if not isinstance(scenario, dict):
        return []
    found = []
    data = [raw for raw, _ in _listed(scenario.get("config") or [{}], files, notes, notes.path, None)]
    for raw, path in _listed(scenario.get("tests") or [{}], files, notes, notes.path, line_of(scenario)):
        for given in data:
            merged = _merged(given, raw)
            merged.line = line_of(raw) or line_of(given) or 0
            found += list(_expanded(merged, base, path, files, notes))
    return found


def _merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> Mapped:
    """Two tests as one: the second's words go before, variables and assertions of both count."""
    merged = Mapped({**one, **other})
    for key in ("vars", "options", "metadata"):
        merged[key] = {**mapping(one.get(key)), **mapping(other.get(key))}
    merged["assert"] = [*listed(one.get("assert")), *listed(other.get("assert"))]
    return merged


def _expanded(raw: Mapping[str, Any], base: Mapping[str, Any], path: str, files: Files, notes: Notes) -> Iterator[Test]:
    """A test for each combination of its variables' values, as promptfoo multiplies lists out."""
    line = line_of(raw)
    merged = _merged(base, raw)
    title = str(raw.get("description") or "")
    options = merged["options"]
    for option in ("transform", "prefix", "suffix", "postprocess"):
        if options.get(option):
            notes.leave(f"the option `{option}` of {_called(title)} is not taken over.", line, "Put it into the prompt.", path)
    if isinstance(merged.get("threshold"), int | float) and merged["threshold"] < 1:
        notes.leave(f"{_called(title)} passes at a share of its assertions (`threshold`); here all of them must hold.", line, path=path)
    try:
        values = {name: _loaded(value, files) for name, value in merged["vars"].items()}
    except ConfigError as error:
        notes.leave(f"{_called(title)} is left out: {error}", line, path=path)
        return
    many = {} if options.get("disableVarExpansion") else {name: value for name, value in values.items() if isinstance(value, list) and value}
    for chosen in itertools.islice(itertools.product(*many.values()), _MOST):
        yield Test(title, {**values, **dict(zip(many, chosen, strict=True))}, tuple(merged["assert"]), merged["metadata"], path, line)


def _loaded(value: Any, files: Files) -> Any:
    if not isinstance(value, str) or not value.startswith("file://"):
        return value
    if not value.lower().endswith((*_DATA, *_TEXTS)):
        raise ConfigError(_no_text(value))
    if value.lower().endswith(_DATA):
        path = files.path(value)
        return [dict(row) for row in foreign.rows(files.tree.read(path), path)] if value.endswith(".csv") else files.load(value)
    return files.load(value)


def _no_text(value: str) -> Problem:
    return Problem(f"its variable is the file {value.removeprefix('file://')}, which is neither text nor data.")


def _called(title: str) -> str:
    return f"test {title!r}" if title else "a test"
