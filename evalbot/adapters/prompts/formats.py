"""Which file is which kind of prompt, and what all kinds have in common."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal

from evalbot.adapters.trees import shown
from evalbot.domain.canonical import Json
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.models import Role

if TYPE_CHECKING:
    from evalbot.adapters.strict_yaml import Located

Syntax = Literal["text", "chat", "github", "python", "format", "prompty", "dotprompt", "mustache"]
"""How a file is read; `format` and `mustache` are what a constant of a Python file or an export of a prompt hub may turn out to be."""

SYNTAXES: dict[str, Syntax] = {
    ".prompt.yml": "github", ".prompt.yaml": "github",
    ".md": "text", ".txt": "text", ".j2": "text", ".jinja": "text", ".jinja2": "text",
    ".json": "chat", ".yaml": "chat", ".yml": "chat", ".prompty": "prompty", ".prompt": "dotprompt",
}  # fmt: skip
_FRONT_MATTER = re.compile(r"---[ \t]*\n(?P<yaml>.*?)^---[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_DASHES = re.compile(r"---[ \t]*(?:\n|\Z)")
_CONSTANT = re.compile(r"(?P<file>.+)\.py:(?P<name>[A-Za-z_]\w*)\Z")
# What decides where a call goes, or how it is made, is policy's word (contract, section 3) or a field of its own.
_NOT_PARAMS = (
    "provider", "base_url", "api_key", "api_key_env", "price", "messages", "model", "stream", "timeout",
    "extra_headers", "extra_query", "extra_body",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Part:
    """One message before it is rendered.

    `role` is None where the template's use of `user_input` decides it; `line` is where its text begins in the file.
    """

    role: Role | None
    source: str
    line: int = 1


@dataclass(frozen=True)
class Parsed:
    """What a prompt file says, not yet rendered."""

    syntax: Syntax
    parts: tuple[Part, ...]
    model: str | None = None
    params: Mapping[str, Json] = field(default_factory=dict)
    schema: Mapping[str, Json] | None = None


def prompt_id(path: str) -> str:
    """A prompt's id: its path without suffix. `.prompt.yml` and `.prompt.yaml` are one suffix; a constant keeps its name."""
    if constant := _CONSTANT.match(path):
        return f"{constant['file']}:{constant['name']}"
    suffix = _suffix(path)
    stem = path[: len(path) - len(suffix)]
    return stem if stem and not stem.endswith("/") else path


def syntax_of(path: str) -> Syntax:
    """How a prompt file is read; raises ConfigError, naming what is supported, where it cannot be."""
    if _CONSTANT.match(path):
        return "python"
    suffix = _suffix(path).lower()
    if suffix in SYNTAXES:
        return SYNTAXES[suffix]
    if suffix == ".py":
        raise ConfigError(Problem("a Python file is no prompt.", shown(path), 1, "Name the constant: `file.py:NAME`."))
    supported = ", ".join([*sorted(SYNTAXES), "file.py:NAME"])
    raise ConfigError(Problem(f"{suffix or 'files without a suffix'} is not supported as a prompt.", shown(path), 1, f"Supported: {supported}."))


def front_matter(text: str, path: str) -> re.Match[str] | None:
    """What stands between two lines of three dashes at the beginning; group `yaml` without them.

    Raises:
        ConfigError: The file begins with such a line and has no second one: what was meant for us would be sent as text.
    """
    found = _FRONT_MATTER.match(text)
    if not found and _DASHES.match(text):
        hint = "Close it with a line of three dashes. Text that begins with such a line needs an empty line before it."
        raise ConfigError(Problem("the front matter that begins here has no end.", path, 1, hint))
    return found


def parse_model(value: Json, path: str, line: int | None) -> str | None:
    """The model that a prompt names, None where it names none."""
    if value is None or (isinstance(value, str) and value.strip()):
        return value
    raise ConfigError(Problem("'model' must be a name of `models:` or \"provider/model\".", path, line))


def parse_params(value: Json, path: str, line: int | None) -> Mapping[str, Json]:
    """The params that a prompt sets; raises ConfigError for one that is not a prompt's to set."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ConfigError(Problem("'params' must be a mapping, such as {temperature: 0.2}.", path, line))
    refused = [name for name in value if name in _NOT_PARAMS]
    if refused:
        hint = "Provider, endpoint, key and price come from evalbot.yml on the base branch."
        raise ConfigError(Problem(f"{name!r} is no param that a prompt can set.", path, line, hint) for name in refused)
    return value


def refuse_unknown(located: Located, known: tuple[str, ...], path: str) -> None:
    """Raise ConfigError with one problem for each key of the file's mapping that is not known."""
    keys = located.value if isinstance(located.value, Mapping) else {}
    problems = [Problem(f"unknown key {key!r}.", path, located.line(key), nearest(key, known)) for key in keys if key not in known]
    if problems:
        raise ConfigError(problems)


def _suffix(path: str) -> str:
    name = PurePosixPath(path).name
    known = [suffix for suffix in SYNTAXES if name.lower().endswith(suffix)]
    return name[-len(max(known, key=len)) :] if known else PurePosixPath(path).suffix
