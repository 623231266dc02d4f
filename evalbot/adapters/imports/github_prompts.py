"""GitHub's `.prompt.yml`: its `testData` as examples, its `evaluators` as checks and criteria.

The service behind the format ended on 2026-07-30; the files live on (docs.github.com, "Storing prompts in GitHub repositories").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from evalbot.adapters.imports import foreign
from evalbot.adapters.imports.foreign import line_of, listed
from evalbot.adapters.imports.imported import Imported, Notes, named, slug, without_empty
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

_PLACEHOLDER = re.compile(r"\{\{([\w.-]+)\}\}", re.ASCII)
_STRINGS = {"contains": "contains", "startsWith": "starts_with", "endsWith": "ends_with"}
_USES = {
    "similarity": "means the same as the reference",
    "relevance": "answers what was asked",
    "coherence": "reads as one coherent answer",
    "fluency": "is written in fluent, correct language",
    "groundedness": "says nothing that the context does not support",
}


def read_prompt_file(tree: Tree, path: str) -> Imported:
    """A prompt file with its test data as a suite; raises ConfigError where it cannot be read."""
    value = foreign.read(tree.read(path), path)
    if not isinstance(value, dict) or not isinstance(value.get("messages"), list):
        raise ConfigError(Problem("this is no .prompt.yml file: it has no `messages`.", path, 1))
    notes = Notes(path)
    data = listed(value.get("testData"))
    rows = [_row(given, listed(value.get("evaluators")), notes) for given in data if isinstance(given, dict)]
    model = value.get("model")
    name = slug(path.rpartition("/")[2].partition(".")[0], "suite")
    description = value.get("description")
    return Imported(
        name, path, (path,), models=((model, {}),) if isinstance(model, str) and model else (), rows=tuple(named(rows, name)),
        task=description.strip() if isinstance(description, str) else "", mapped=dict(notes.mapped), left_out=tuple(notes.left_out),
    )  # fmt: skip


def _row(given: Mapping[str, Any], evaluators: list[Any], notes: Notes) -> tuple[str, Mapping[str, Json]]:
    values = {key: value for key, value in given.items() if value is not None}
    checks: list[Json] = []
    criteria: list[Json] = []
    for evaluator in evaluators:
        if isinstance(evaluator, dict):
            _add(evaluator, values, checks, criteria, notes)
    expected = values.get("expected")
    row: dict[str, Json] = {
        "partition": "golden",
        "input": {key: value for key, value in values.items() if key != "expected"} or {"user_input": ""},
        "expected_output": expected if isinstance(expected, str) else "",
        "checks": checks,
        "criteria": criteria,
    }
    return "", without_empty(row)


def _add(evaluator: Mapping[str, Any], values: Mapping[str, Any], checks: list[Json], criteria: list[Json], notes: Notes) -> None:
    """One evaluator, as what it is here; else it is noted."""
    name, line = str(evaluator.get("name") or "without a name"), line_of(evaluator)
    strings, uses, model = evaluator.get("string"), evaluator.get("uses"), evaluator.get("llm")
    if isinstance(strings, dict):
        for kind, text in strings.items():
            _add_string(kind, _filled(str(text), values), name, line, checks, notes)
    elif isinstance(uses, str) and uses.rpartition("/")[2] in _USES:
        criteria.append(_USES[uses.rpartition("/")[2]])
        notes.mapped[uses] += 1
    elif isinstance(model, dict) and isinstance(model.get("prompt"), str):
        hint = "Write what it asks for as `criteria` of the rows, in a sentence each; the judge has its own scale."
        notes.leave(f"the evaluator {name!r} is a prompt with choices of its own and is not taken over.", line, hint)
    else:
        notes.leave(f"the evaluator {name!r} is of no kind that evalbot knows.", line)


def _add_string(kind: str, text: str, name: str, line: int | None, checks: list[Json], notes: Notes) -> None:
    if kind in _STRINGS and text:
        checks.append({_STRINGS[kind]: text})
        notes.mapped[f"string.{kind}"] += 1
    elif kind == "equals" and text:
        checks.append({"regex": rf"\A{re.escape(text.strip())}\Z"})
        notes.mapped["string.equals"] += 1
    else:
        notes.leave(f"the evaluator {name!r} compares with nothing, or by `{kind}`.", line)


def _filled(text: str, values: Mapping[str, Any]) -> str:
    """As GitHub's tools do it: `{{name}}` is replaced where the name is known."""
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)
