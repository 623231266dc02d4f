"""GitHub's prompt files (.prompt.yml .prompt.yaml): its keys, and `{{name}}` replaced as its own tools do.

Format: docs.github.com, "Storing prompts in GitHub repositories"; the replacement is that of actions/ai-inference.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from evalbot.adapters.prompts.chat_file import parse_messages
from evalbot.adapters.prompts.formats import Parsed, parse_model, refuse_unknown
from evalbot.adapters.prompts.plain import Plain
from evalbot.domain.canonical import Json, parse_json
from evalbot.domain.errors import ConfigError, Problem, nearest

if TYPE_CHECKING:
    from evalbot.adapters.strict_yaml import Located

_KEYS = (
    "name", "description", "model", "modelParameters", "responseFormat", "jsonSchema", "messages", "testData", "evaluators",
)  # fmt: skip
_PARAMS = {
    "maxCompletionTokens": "max_output_tokens", "maxTokens": "max_output_tokens", "temperature": "temperature", "topP": "top_p",
}  # fmt: skip
_FORMATS = ("text", "json_object", "json_schema")
_VARIABLE = re.compile(r"\{\{([\w.-]+)\}\}", re.ASCII)  # no spaces inside: GitHub's tools leave `{{ name }}` as it is


def parse(text: str, path: str) -> Parsed:
    """Messages, model, params and schema; `testData` and `evaluators` are no part of what the model is asked."""
    from evalbot.adapters.strict_yaml import read_yaml

    located = read_yaml(text, path)
    value = located.value
    if not isinstance(value, Mapping):
        raise ConfigError(Problem("a .prompt.yml file must be a mapping with `messages`.", path, 1))
    refuse_unknown(located, _KEYS, path)
    messages = parse_messages(value.get("messages"), ("messages",), located, path)
    model = parse_model(value.get("model"), path, located.line("model"))
    params = _params(value.get("modelParameters"), path, located)
    wanted = value.get("responseFormat")
    if wanted is not None and wanted not in _FORMATS:
        line = located.line("responseFormat")
        raise ConfigError(Problem(f"unknown responseFormat {wanted!r:.40}.", path, line, nearest(str(wanted), _FORMATS)))
    if wanted == "json_object":
        params = {**params, "response_format": {"type": "json_object"}}
    schema = _schema(value.get("jsonSchema"), path, located.line("jsonSchema")) if wanted == "json_schema" else None
    return Parsed("github", messages, model, params, schema)


def split(source: str) -> Plain:
    """A message as text and variables: each `{{name}}` is replaced once, and nothing else means anything."""
    pieces = _VARIABLE.split(source)
    return Plain(tuple(pieces[::2]), tuple(pieces[1::2]))


def spoken(value: Json) -> str:
    """A value as text: a string as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _params(value: Json, path: str, located: Located) -> Mapping[str, Json]:
    if value is None:
        return {}
    line = located.line("modelParameters")
    if not isinstance(value, Mapping):
        raise ConfigError(Problem("'modelParameters' must be a mapping.", path, line))
    unknown = [name for name in value if name not in _PARAMS]
    if unknown:
        raise ConfigError(
            Problem(f"unknown model parameter {name!r}.", path, located.line("modelParameters", name) or line, nearest(name, _PARAMS))
            for name in unknown
        )
    # Last wins: the deprecated maxTokens gives way to maxCompletionTokens, whatever their order in the file.
    return {_PARAMS[name]: value[name] for name in sorted(value, reverse=True)}


def _schema(value: Json, path: str, line: int | None) -> Mapping[str, Json]:
    """GitHub keeps {name, schema, strict} as a JSON text."""
    try:
        wrapped = parse_json(value) if isinstance(value, str) else value
    except (ValueError, RecursionError) as error:
        raise ConfigError(Problem(f"'jsonSchema' is not JSON: {error}.", path, line)) from None
    schema = wrapped.get("schema") if isinstance(wrapped, Mapping) else None
    if not isinstance(schema, Mapping):
        hint = "responseFormat json_schema needs a jsonSchema with name, schema and strict."
        raise ConfigError(Problem("'jsonSchema' holds no schema.", path, line, hint))
    return schema
