"""Prompts as Langfuse and LangSmith export them (.json): read as data, none of their own loaders is used.

Formats: langfuse, api/prompts/types; LangChain's constructor manifest as LangSmith's prompt hub writes it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from evalbot.adapters.prompts.formats import Parsed, Part, Syntax, parse_params
from evalbot.adapters.prompts.plain import Plain
from evalbot.adapters.prompts.python_file import is_format
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.models import Role

_NAME = re.compile(r"\{\{\s*([\w.-]+)\s*\}\}")
_ROLES: Mapping[str, Role] = {"system": "system", "developer": "system", "user": "user", "human": "user", "assistant": "assistant", "ai": "assistant"}
_LANGCHAIN: Mapping[str, Role] = {"SystemMessagePromptTemplate": "system", "HumanMessagePromptTemplate": "user", "AIMessagePromptTemplate": "assistant"}
_SYNTAXES: Mapping[str, Syntax] = {"f-string": "format", "jinja2": "text", "mustache": "mustache"}


def is_hub(value: Json) -> bool:
    """Whether a file is one of theirs: a manifest, or a prompt with its type."""
    return isinstance(value, Mapping) and ("lc" in value or (value.get("type") in ("text", "chat") and "prompt" in value))


def parse(value: Any, path: str) -> Parsed:
    """Messages and, from Langfuse, params; raises ConfigError for what is not read."""
    return _langchain(value, path) if "lc" in value else _langfuse(value, path)


def split(source: str) -> Plain:
    """`{{name}}` and `{{ name }}` are replaced, and nothing else means anything."""
    pieces = _NAME.split(source)
    return Plain(tuple(pieces[::2]), tuple(pieces[1::2]))


def _langfuse(value: Mapping[str, Any], path: str) -> Parsed:
    prompt, config = value["prompt"], value.get("config")
    listed = [{"role": None, "content": prompt}] if isinstance(prompt, str) else prompt
    parts: list[Part] = []
    for message in listed if isinstance(listed, list) else [None]:
        if not isinstance(message, Mapping) or not isinstance(message.get("content"), str):
            if isinstance(message, Mapping) and message.get("type") == "placeholder":
                continue  # earlier turns: a row's `messages` stand there
            raise ConfigError(Problem("a message must have a role and a content.", path, 1))
        if "@@@langfusePrompt:" in message["content"]:
            raise ConfigError(Problem("references to other Langfuse prompts are not resolved.", path, 1, "Export the prompt with its references resolved."))
        parts.append(Part(_role(message.get("role"), path), message["content"]))
    given = {name: inner for name, inner in config.items() if name != "model"} if isinstance(config, Mapping) else {}
    model = config.get("model") if isinstance(config, Mapping) else None
    return Parsed("mustache", tuple(parts) or (Part(None, ""),), model if isinstance(model, str) else None, parse_params(_ours(given), path, 1))


def _ours(given: Mapping[str, Json]) -> dict[str, Json]:
    return {{"max_tokens": "max_output_tokens", "maxTokens": "max_output_tokens"}.get(name, name): value for name, value in given.items()}


def _role(role: Any, path: str) -> Role | None:
    if role is None:
        return None
    if role not in _ROLES:
        raise ConfigError(Problem(f"a message's role cannot be {role!r:.40}.", path, 1))
    return _ROLES[role]


def _langchain(value: Mapping[str, Any], path: str) -> Parsed:
    parts: list[Part] = []
    formats: set[str] = set()
    for role, template in _templates(value, path):
        formats.add(str(template.get("template_format", "f-string")))
        parts.append(Part(role, str(template.get("template", ""))))
    unread = formats - set(_SYNTAXES)
    if not parts or unread or len(formats) > 1:
        what = f"templates of format {sorted(unread)[0]!r:.40} are" if unread else "templates of several formats are" if parts else "a manifest without messages is"
        raise ConfigError(Problem(f"{what} not read.", path, 1, f"Known formats: {', '.join(_SYNTAXES)}."))
    syntax = _SYNTAXES[formats.pop()]
    braced = [part.source for part in parts if "{" in part.source or "}" in part.source]
    if syntax == "format" and not all(map(is_format, braced)):
        raise ConfigError(Problem("a template reaches into a value or formats it.", path, 1, "Only `{name}` is filled in."))
    return Parsed(syntax, tuple(parts))


def _templates(value: Any, path: str) -> Iterator[tuple[Role | None, Mapping[str, Any]]]:
    """Each message's role and template, in order: a walk over the constructors, of which none is called."""
    name = (value.get("id") or [""])[-1] if isinstance(value, Mapping) else ""
    given = value.get("kwargs", {}) if isinstance(value, Mapping) else {}
    if name == "RunnableSequence":
        yield from _templates(given.get("first"), path)
    elif name in ("ChatPromptTemplate", "StructuredPrompt"):
        for message in given.get("messages", []):
            yield from _message(message, path)
    elif name == "PromptTemplate":
        yield None, given
    else:
        raise ConfigError(Problem(f"a manifest of {name or 'nothing known'!r:.60} is not read.", path, 1, "Known: ChatPromptTemplate, PromptTemplate."))


def _message(message: Any, path: str) -> Iterator[tuple[Role | None, Mapping[str, Any]]]:
    name = (message.get("id") or [""])[-1] if isinstance(message, Mapping) else ""
    if name == "MessagesPlaceholder":
        return  # earlier turns: a row's `messages` stand there
    if name not in _LANGCHAIN:
        raise ConfigError(Problem(f"a message of {name or 'nothing known'!r:.60} is not read.", path, 1, f"Known: {', '.join(_LANGCHAIN)}."))
    prompt = message.get("kwargs", {}).get("prompt", {})
    inner = prompt.get("kwargs", {}) if isinstance(prompt, Mapping) else {}
    yield _LANGCHAIN[name], inner
