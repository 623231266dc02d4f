"""Text prompts (.md .txt .j2 .jinja .jinja2): a template, with optional YAML front matter."""

from __future__ import annotations

from collections.abc import Mapping

from evalbot.adapters.prompts.formats import Parsed, Part, front_matter, parse_model, parse_params, refuse_unknown
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.models import Role

_KEYS = ("model", "params", "role")
_ROLES: dict[str, Role] = {"system": "system", "user": "user"}


def parse(text: str, path: str) -> Parsed:
    """One message whose role `role:` says, else its use of `user_input`; raises ConfigError at path:line."""
    found = front_matter(text, path)
    if not found:
        return Parsed("text", (Part(None, text),))
    body, line = text[found.end() :], text.count("\n", 0, found.end()) + 1
    if not found["yaml"].strip():
        return Parsed("text", (Part(None, body, line),))
    from evalbot.adapters.strict_yaml import read_yaml

    front = read_yaml(found["yaml"], path, first_line=2)
    value = front.value
    if value is None:
        return Parsed("text", (Part(None, body, line),))
    if not isinstance(value, Mapping):
        hint = "Text that begins with a line of three dashes needs an empty line before it."
        raise ConfigError(Problem("the front matter must be a mapping of model, params and role.", path, 2, hint))
    refuse_unknown(front, _KEYS, path)
    model = parse_model(value.get("model"), path, front.line("model"))
    params = parse_params(value.get("params"), path, front.line("params"))
    return Parsed("text", (Part(_role(value.get("role"), path, front.line("role")), body, line),), model, params)


def _role(value: Json, path: str, line: int | None) -> Role | None:
    if value is None:
        return None
    if isinstance(value, str) and value in _ROLES:
        return _ROLES[value]
    raise ConfigError(Problem("'role' must be system or user.", path, line, nearest(str(value), _ROLES)))
