"""Chat prompts (.json .yaml .yml): a list of messages, or a mapping of messages, model and params."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, get_args

from evalbot.adapters.prompts import hub_file
from evalbot.adapters.prompts.formats import Parsed, Part, parse_model, parse_params, refuse_unknown
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.models import Role

if TYPE_CHECKING:
    from evalbot.adapters.strict_yaml import Located

_KEYS = ("messages", "model", "params")
_MESSAGE_KEYS = ("role", "content")
_ROLES: dict[str, Role] = {role: role for role in get_args(Role)}


def parse(text: str, path: str) -> Parsed:
    """The messages with their roles; raises ConfigError at path:line."""
    from evalbot.adapters.strict_yaml import read_json, read_yaml

    located = read_json(text, path) if path.lower().endswith(".json") else read_yaml(text, path)
    value = located.value
    if not isinstance(value, Mapping):
        return Parsed("chat", parse_messages(value, (), located, path))
    if hub_file.is_hub(value):
        return hub_file.parse(value, path)
    refuse_unknown(located, _KEYS, path)
    model = parse_model(value.get("model"), path, located.line("model"))
    params = parse_params(value.get("params"), path, located.line("params"))
    return Parsed("chat", parse_messages(value.get("messages"), ("messages",), located, path), model, params)


def parse_messages(value: Json, keys: tuple[str, ...], located: Located, path: str) -> tuple[Part, ...]:
    """The parts of a list of {role, content}; all problems at once."""
    if not isinstance(value, list) or not value:
        hint = "A chat prompt is a list of {role, content}, or a mapping whose `messages` is one."
        raise ConfigError(Problem("there are no messages.", path, located.line(*keys) if keys else 1, hint))
    parts: list[Part] = []
    problems: list[Problem] = []
    for index, message in enumerate(value):
        line = located.line(*keys, index) or 1
        found = _objections(message, path, line)
        problems += found
        if not found and isinstance(message, Mapping):
            where = located.line(*keys, index, "content") or line
            parts.append(Part(_ROLES[str(message["role"])], str(message["content"]), where))
    if problems:
        raise ConfigError(problems)
    return tuple(parts)


def _objections(message: Json, path: str, line: int) -> list[Problem]:
    if not isinstance(message, Mapping):
        return [Problem("a message must be a mapping of role and content.", path, line)]
    found = [Problem(f"unknown key {key!r}.", path, line, nearest(key, _MESSAGE_KEYS)) for key in message if key not in _MESSAGE_KEYS]
    role = message.get("role")
    if not isinstance(role, str) or role not in _ROLES:
        found.append(Problem(f"a message's role cannot be {role!r:.40}.", path, line, nearest(str(role), _ROLES)))
    if not isinstance(message.get("content"), str):
        found.append(Problem("a message's content must be a string.", path, line))
    return found
