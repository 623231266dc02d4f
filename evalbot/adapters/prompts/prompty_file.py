"""Microsoft's prompt files (.prompty, versions 1 and 2): front matter, then a Jinja template with a line `role:` before each message.

Only what is rendered and asked is read. Where it would be sent (`connection`, `configuration`) is policy's word, and references such as
`${env:NAME}` are refused: a file of a pull request reads no environment. Formats: microsoft/prompty, runtime/prompty.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evalbot.adapters.prompts.formats import Parsed, Part, front_matter, parse_params
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.models import Role

if TYPE_CHECKING:
    from evalbot.adapters.strict_yaml import Located

_ROLE = re.compile(r"^[ \t]*(?P<role>system|developer|user|assistant)(?:\[[^\]\n]*\])?:[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
_PARAMS = {
    "temperature": "temperature", "maxOutputTokens": "max_output_tokens", "topP": "top_p", "frequencyPenalty": "frequency_penalty",
    "presencePenalty": "presence_penalty", "stopSequences": "stop", "seed": "seed", "topK": "top_k",
    "max_tokens": "max_output_tokens", "max_completion_tokens": "max_output_tokens", "top_p": "top_p", "stop": "stop",
    "frequency_penalty": "frequency_penalty", "presence_penalty": "presence_penalty", "response_format": "response_format",
}  # fmt: skip
_PROVIDERS = ("openai", "anthropic")  # what we know by that name; a deployment of another cloud is the suite's own model
_KINDS = {"string": "string", "integer": "integer", "float": "number", "number": "number", "boolean": "boolean", "array": "array", "object": "object"}


def parse(text: str, path: str) -> Parsed:
    """Messages, model, params and the schema of the answer; raises ConfigError at path:line."""
    from evalbot.adapters.strict_yaml import read_yaml

    found = front_matter(text, path)
    if not found:
        raise ConfigError(Problem("a .prompty file begins with front matter between two lines of three dashes.", path, 1))
    located = read_yaml(found["yaml"], path, first_line=2)
    front = located.value if located.value is not None else {}
    if not isinstance(front, Mapping):
        raise ConfigError(Problem("the front matter must be a mapping.", path, 2))
    _refuse(front, text, located, path)
    model = front.get("model")
    described: Mapping[str, Json] = model if isinstance(model, Mapping) else {}
    params = parse_params(_params(described), path, located.line("model"))
    name = model if isinstance(model, str) else _model(described)
    body, line = text[found.end() :], text.count("\n", 0, found.end()) + 1
    return Parsed("chat", _messages(body, line), name or None, params, _schema(front.get("outputs")))


def _refuse(front: Mapping[str, Json], text: str, located: Located, path: str) -> None:
    template: Any = front.get("template")
    kind = template.get("format", template.get("type")) if isinstance(template, Mapping) else template
    kind = kind.get("kind") if isinstance(kind, Mapping) else kind
    if kind not in (None, "jinja2"):
        raise ConfigError(Problem(f"templates of kind {str(kind)[:40]!r} are not read.", path, located.line("template"), "Only jinja2 is."))
    for number, line in enumerate(text.splitlines(), 1):
        if re.search(r"\$\{(?:env|file):", line) and not re.search(r"endpoint|key|connection|deployment|version", line, re.IGNORECASE):
            hint = "A prompt reads neither the environment nor other files: give it the value as an input."
            raise ConfigError(Problem("references such as ${env:…} are not read.", path, number, hint))


def _model(described: Mapping[str, Json]) -> str:
    """Its name, with the provider where that is one of ours; version 1 keeps both in `configuration`."""
    configuration = described.get("configuration")
    where: Mapping[str, Json] = configuration if isinstance(configuration, Mapping) else described
    name = where.get("id") or where.get("name") or where.get("model")
    provider = str(where.get("provider") or where.get("type") or "")
    if not isinstance(name, str) or "${" in name:
        return ""
    return f"{provider}/{name}" if provider in _PROVIDERS else name


def _params(described: Mapping[str, Json]) -> dict[str, Json]:
    """Version 2 has `options`, version 1 `parameters`; what we have no name for passes through."""
    found: dict[str, Json] = {}
    for section in ("parameters", "options"):
        values = described.get(section)
        for name, value in values.items() if isinstance(values, Mapping) else ():
            if name == "additionalProperties" and isinstance(value, Mapping):
                found |= value
            elif value is not None and name not in ("tools", "tool_choice"):
                found[_PARAMS.get(name, name)] = value
    return found


def _messages(body: str, line: int) -> tuple[Part, ...]:
    """The parts between role lines; text before the first is the system's."""
    marks = list(_ROLE.finditer(body))
    if not marks:
        return (Part(None, body.strip("\n"), line),)
    parts = [Part("system", body[: marks[0].start()].strip("\n"), line)] if body[: marks[0].start()].strip() else []
    for mark, following in zip(marks, [*marks[1:], None], strict=True):
        source = body[mark.end() : following.start() if following else len(body)]
        first = line + body.count("\n", 0, mark.end()) + len(source) - len(source.lstrip("\n"))
        parts.append(Part(_ROLES[mark["role"].lower()], source.strip("\n"), first))
    return tuple(part for part in parts if part.source.strip())


def _schema(outputs: Json) -> Mapping[str, Json] | None:
    """Version 2's list of properties as a JSON Schema; None without one."""
    listed = outputs if isinstance(outputs, list) else [{"name": name, **(about if isinstance(about, Mapping) else {})} for name, about in outputs.items()] if isinstance(outputs, Mapping) else []
    properties: dict[str, Json] = {}
    needed: list[Json] = []
    for one in listed:
        if isinstance(one, Mapping) and isinstance(one.get("name"), str):
            kind = str(one.get("kind") or one.get("type") or "string")
            properties[str(one["name"])] = {"type": _KINDS.get(kind, "string")} | ({"description": one["description"]} if one.get("description") else {})
            needed += [one["name"]] if one.get("required", True) else []
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False} if properties else None
