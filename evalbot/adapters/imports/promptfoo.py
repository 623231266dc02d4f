"""promptfoo configurations: prompts, variables, tests and those assertions that have an equal here.

Keys and their meaning: promptfoo.dev/docs/configuration, read on 2026-11-26. Nothing that the configuration names is run: JavaScript, Python
and generated tests are named in `Imported.left_out`.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from evalbot.adapters.imports import foreign
from evalbot.adapters.imports.foreign import line_of, mapping, path_of, texts
from evalbot.adapters.imports.imported import Imported, Notes, named, slug, without_empty
from evalbot.adapters.imports.promptfoo_assertions import Said, UnmappableError, flattened, said
from evalbot.adapters.imports.promptfoo_metrics import KINDS, Wish, suite_metrics, wish
from evalbot.adapters.imports.promptfoo_prompts import prompts
from evalbot.adapters.imports.promptfoo_tests import Files, Test, tests
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

_APIS = {"chat": "chat", "responses": "responses", "completion": ""}
_PARAMS = {
    "temperature": "temperature", "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens",
    "max_output_tokens": "max_output_tokens", "top_p": "top_p", "stop": "stop", "seed": "seed", "reasoning_effort": "reasoning_effort",
    "tools": "tools", "tool_choice": "tool_choice",
}  # fmt: skip
_KNOWN = frozenset({"description", "prompts", "providers", "targets", "tests", "defaultTest", "scenarios", "$schema", "assertionTemplates"})
_NO_MATTER = frozenset({"outputPath", "sharing", "evaluateOptions", "commandLineOptions", "env", "metadata", "tags", "writeLatestResults"})


def is_promptfoo(value: object) -> bool:
    """Whether a file's value looks like a promptfoo configuration."""
    return isinstance(value, dict) and "prompts" in value and any(key in value for key in ("providers", "targets", "tests", "scenarios"))


def read_promptfoo(tree: Tree, path: str, folder: str, usable: Callable[[Mapping[str, Json]], str]) -> Imported:
    """A configuration as a suite.

    Args:
        tree: The repository's files.
        path: The configuration.
        folder: Where new prompt files go.
        usable: Why a check cannot be used, or nothing.

    Raises:
        ConfigError: It is no promptfoo configuration, or cannot be read.
    """
    value = foreign.read(tree.read(path), path)
    if not is_promptfoo(value):
        raise ConfigError(Problem("this is no promptfoo configuration.", path, 1, "It has `prompts`, and `providers` or `tests`."))
    notes, files = Notes(path), Files(tree, path)
    for key in value:
        if key not in _KNOWN and key not in _NO_MATTER:
            notes.leave(f"the key `{key}` is not taken over.", line_of(value, key=key))
    name = _name(path)
    found, new = prompts(value.get("prompts"), files, name, folder, notes)
    models, judge = _models(value, notes)
    templates = value.get("assertionTemplates")
    given = [_row(test, templates if isinstance(templates, dict) else {}, files, notes, usable) for test in tests(value, files, notes)]
    metrics = suite_metrics([(row, wishes) for _, row, wishes in given], _embedding(value), notes)
    rows = [(title, row) for title, row, _ in given]
    description = value.get("description")
    return Imported(
        name, path, tuple(found), new, tuple(models), judge, tuple(named(rows, name)), description.strip() if isinstance(description, str) else "",
        dict(notes.mapped), tuple(notes.left_out), metrics,
    )  # fmt: skip


def _name(path: str) -> str:
    """After the file where it has a name of its own, else after its folder."""
    stem = posixpath.basename(path).split(".")[0].replace("promptfooconfig", "").strip("-_")
    return slug(stem or posixpath.basename(posixpath.dirname(path)), "support" if not stem else "suite")


def _row(
    test: Test, templates: Mapping[str, Any], files: Files, notes: Notes, usable: Callable[[Mapping[str, Json]], str]
) -> tuple[str, Mapping[str, Json], list[Wish]]:
    found = [each for assertion in flattened(list(test.assertions), test.line) if (each := _said(assertion, test, templates, files, notes, usable))]
    parts, wishes = [part for part, _ in found], [asked for _, asked in found if asked]
    references: list[Json] = []
    for text in (text for part in parts for text in part.references):
        references += [text] if text not in references else []
    context = test.values.get("context")
    row: dict[str, Json] = {
        "partition": "golden",
        "input": {name: value for name, value in test.values.items() if value is not None},
        "expected_output": references[0] if references else "",
        "references": references[1:],
        "context": list(texts(context)) if isinstance(context, str | list) else [],
        "criteria": list(dict.fromkeys(text for part in parts for text in part.criteria)),
        "checks": [dict(check) for part in parts for check in part.checks],
        "tags": list(dict.fromkeys(tag for part in parts for tag in part.tags)),
        "metadata": dict(test.metadata),
    }
    return test.title, without_empty(row), wishes


def _said(
    assertion: Mapping[str, Any], test: Test, templates: Mapping[str, Any], files: Files, notes: Notes,
    usable: Callable[[Mapping[str, Json]], str],
) -> tuple[Said, Wish | None] | None:  # fmt: skip
    """What an assertion adds to its row, and what it asks of a metric of the suite; None where it is named instead."""
    line, path = line_of(assertion, test.line), path_of(assertion, test.path)
    reference = assertion.get("$ref")
    if isinstance(reference, str):
        assertion = {**mapping(templates.get(reference.rpartition("/")[2])), **assertion}
    kind = assertion.get("type")
    if not isinstance(kind, str):
        notes.leave("an assertion has no type.", line, path=path)
        return None
    try:
        part = said(assertion, test.values, files.load)
        asked = wish(kind, assertion, line, path) if kind in KINDS else None
        for check in part.checks:
            if reason := usable(check):
                raise UnmappableError(reason.partition(": ")[2].rstrip(".") or reason)
    except UnmappableError as error:
        notes.leave(f"the assertion `{kind}` is not taken over: {error}.", line, error.hint, path)
        return None
    except ConfigError as error:
        notes.leave(f"the assertion `{kind}` is not taken over: {error}", line, path=path)
        return None
    notes.mapped[kind] += 1
    return part, asked


def _models(config: Mapping[str, Any], notes: Notes) -> tuple[list[tuple[str, Mapping[str, Json]]], str]:
    """The models that answer, and the one that grades where `defaultTest` names it."""
    found: list[tuple[str, Mapping[str, Json]]] = []
    for item in _providers(config.get("providers", config.get("targets"))):
        identity, options = _identity(item)
        label = _label(identity)
        if label is None:
            hint = "OpenAI, Anthropic and servers that speak OpenAI's format are built in; others are plug-ins (docs/extending.md)."
            notes.leave(f"the provider {identity!r:.80} is not taken over.", line_of(item, line_of(config)), hint)
            continue
        address = options.get("apiBaseUrl") or options.get("apiHost")
        if address:
            hint = "Give the model a name under `models:` with its `base_url`, once evalbot.yml is on the base branch."
            notes.leave(f"the address of {identity!r} is not taken over.", line_of(item, line_of(config)), hint)
        if isinstance(options.get("tools"), str):
            notes.leave(f"the tools of {identity!r} are in a file and not taken over.", line_of(item, line_of(config)), "Write them as `params: {tools: […]}`.")
            options = {key: value for key, value in options.items() if key not in ("tools", "tool_choice")}
        api = {"api": "responses"} if ":responses:" in identity else {}
        found.append((label, {**{_PARAMS[key]: value for key, value in options.items() if key in _PARAMS}, **api}))
    if len(found) > 1:
        hint = "evalbot compares base with head: add a suite for each model that you keep."
        notes.leave(f"{len(found)} providers: {found[0][0]} answers, the others are listed under `models:`.", line_of(config, key="providers"), hint)
    default = config.get("defaultTest")
    grader = mapping(mapping(default).get("options")).get("provider") if isinstance(default, dict) else None
    return found, (_label(_identity(grader)[0]) or "") if isinstance(grader, str | dict) else ""


def _embedding(config: Mapping[str, Any]) -> str:
    """The model of embeddings that `defaultTest` names for comparisons; empty where it names none that is built in."""
    grader = mapping(mapping(mapping(config.get("defaultTest")).get("options")).get("provider"))
    vendor, kind, model = (*_identity(grader.get("embedding") or grader)[0].split(":", 2), "", "")[:3]
    return f"openai/{model}" if (vendor, kind) in (("openai", "embedding"), ("openai", "embeddings")) and model else ""


def _providers(value: Any) -> Iterator[Any]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and "id" not in item and len(item) == 1:  # {openai:gpt-5: {config: …}}
            (name, inner), *_ = item.items()
            yield {"id": name, **mapping(inner)}
        elif item:
            yield item


def _identity(item: Any) -> tuple[str, Mapping[str, Any]]:
    if isinstance(item, dict):
        return str(item.get("id", "")), mapping(item.get("config"))
    return str(item), {}


def _label(identity: str) -> str | None:
    """`openai:chat:gpt-5-mini` as `openai/gpt-5-mini`; None for what is not built in."""
    vendor, _, rest = identity.partition(":")
    kind, _, model = rest.partition(":")
    if vendor == "openai" and (not model or kind in ("chat", "responses")):
        return f"openai/{model or kind}" if rest else None
    if vendor == "anthropic" and (not model or kind == "messages"):
        return f"anthropic/{model or kind}" if rest else None
    return None
