"""OpenAI Evals' JSON Lines: a sample's `input` and `ideal`, or an `item` of the hosted evals that end on 2026-11-30.

Formats: github.com/openai/evals (docs/build-eval.md) and the data files of OpenAI's hosted evals, as read on 2026-11-26.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from evalbot.adapters.imports import foreign
from evalbot.adapters.imports.foreign import line_of, texts
from evalbot.adapters.imports.imported import Imported, Notes, first, named, slug, without_empty
from evalbot.adapters.imports.records import kind_of, sample_of, unread
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

_EXPECTED = ("ideal", "expected", "expected_output", "ground_truth", "reference", "answer", "correct_label", "target")
_QUESTIONS = ("user_input", "question", "query", "input", "prompt", "text", "message")
_ROLES = ("user", "assistant")


def is_samples(value: object) -> bool:
    """Whether a value looks like one sample of OpenAI Evals, or of a tool whose records say the same in other words."""
    return kind_of(value) is not None or _is_own(value)


def _is_own(value: object) -> bool:
    return isinstance(value, dict) and ("id" not in value or "partition" not in value) and (("input" in value and "ideal" in value) or isinstance(value.get("item"), dict))


def read_samples(tree: Tree, path: str, folder: str) -> Imported:
    """A file of samples as a suite. A system message that all samples share becomes the prompt; one that differs is a variable of it.

    Raises:
        ConfigError: It is no JSON Lines file, or holds no such sample.
    """
    value = foreign.read(tree.read(path), path)
    notes = Notes(path)
    samples = [_sample(one, notes) for one in value if is_samples(one)] if isinstance(value, list) else []
    if not samples:
        hint = 'A sample is {"input": [messages], "ideal": "…"} or {"item": {…}}.'
        raise ConfigError(Problem("this holds no sample of OpenAI Evals, Inspect, DeepEval, Langfuse or Braintrust.", path, 1, hint))
    for other in value:
        if not is_samples(other):
            notes.leave("this line is no sample and is not taken over.", line_of(other))
    name = slug(path.rpartition("/")[2].partition(".")[0], "suite")
    systems = list(dict.fromkeys(_system(sample) for sample in samples))
    prompt, text = _prompt(systems, f"{folder}/{name}.md")
    rows = [(str(sample.get("id") or ""), row) for sample in samples if (row := _row(sample, len(systems) > 1, notes))]
    return Imported(name, path, (prompt,), {prompt: text}, rows=tuple(named(rows, name)), mapped={"ideal": len(rows)}, left_out=tuple(notes.left_out))


def _sample(value: Mapping[str, Any], notes: Notes) -> Mapping[str, Any]:
    """A sample in the words of OpenAI Evals, with the line of the record."""
    kind = None if _is_own(value) else kind_of(value)
    if kind is None:
        return value
    for key in unread(value, kind):
        notes.leave(f"{key!r} of {kind.tool} has no place in a row and is not taken over.", line_of(value))
    found = foreign.Mapped(sample_of(value, kind))
    found.line = line_of(value) or 0
    return found


def _prompt(systems: list[str], path: str) -> tuple[str, str]:
    if len(systems) > 1:
        return path, "{{ system }}\n"
    if systems[0]:
        return path, f"{{% raw %}}{systems[0]}{{% endraw %}}\n" if "{" in systems[0] else systems[0].rstrip("\n") + "\n"
    return path, "{{ user_input }}\n"


def _messages(sample: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    given = sample.get("input")
    if isinstance(given, list):
        return [message for message in given if isinstance(message, dict) and isinstance(message.get("content"), str)]
    return [{"role": "user", "content": given}] if isinstance(given, str) else []


def _system(sample: Mapping[str, Any]) -> str:
    return "\n\n".join(str(message["content"]) for message in _messages(sample) if message.get("role") in ("system", "developer"))


def _row(sample: Mapping[str, Any], differs: bool, notes: Notes) -> Mapping[str, Json] | None:
    item = sample.get("item")
    fields = dict(item) if isinstance(item, dict) else {}
    ideal = _ideal({**fields, **sample})
    talk = [message for message in _messages(sample) if message.get("role") in _ROLES]
    if item is None and (not talk or talk[-1]["role"] != "user"):
        notes.leave("this sample does not end in a user's message and is not taken over.", line_of(sample))
        return None
    question = str(talk[-1]["content"]) if talk else _question(fields)
    given: dict[str, Json] = {"system": _system(sample)} if differs else {}
    given |= {key: value for key, value in fields.items() if key not in _EXPECTED}
    return without_empty(
        {
            "partition": "golden",
            "input": {**given, "user_input": question},
            "messages": [{"role": message["role"], "content": message["content"]} for message in talk[:-1]],
            "expected_output": first(ideal),
            "references": ideal[1:],
            **(sample.get("row") or {}),
        }
    )


def _question(fields: Mapping[str, Any]) -> str:
    found = next((fields[key] for key in _QUESTIONS if isinstance(fields.get(key), str)), None)
    return str(found) if found is not None else json.dumps({key: value for key, value in fields.items() if key not in _EXPECTED}, ensure_ascii=False)


def _ideal(fields: Mapping[str, Any]) -> list[str]:
    return next((list(texts(fields[key])) for key in _EXPECTED if fields.get(key) not in (None, "", [])), [])
