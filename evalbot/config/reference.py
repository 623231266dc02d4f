"""docs/configuration.md, written from the shape of `evalbot.yml`, so that it cannot say anything else."""

from __future__ import annotations

import sys
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from evalbot.config.problems import shown
from evalbot.config.shape import File

_INTRODUCTION = """\
<!-- Written by `python -m evalbot.config.reference`; a test compares. -->
# Configuration

One file, `evalbot.yml`, at the repository's root (or where the `config` input says). All paths and globs in it are relative
to the root. It rules from the base branch: what a pull request changes here is listed, and applies once it is merged.

```yaml
version: 1
suites:
  support:
    prompt: prompts/support.md
    model: openai/gpt-6-luna
    dataset: evals/support.json
    judge: anthropic/claude-sonnet-5
```

`evalbot validate` checks the file and everything that it names; `evalbot schema` prints its JSON Schema for editors.

**YAML, strictly.** Unknown and duplicate keys, anchors, aliases, tags, NaN and infinities are errors, each with file and
line. Booleans are `true` and `false`; `yes`, `no`, `on` and `off` are plain words, as are dates, `0123` and `1:30`.
Environment variables are not expanded; keys are named by `api_key_env`, never written.

**Models** are named as `provider/model` or by a name of `models`. A param of a prompt's front matter goes before the suite's,
and that before one of `models`. `base_url` is https, or http on this machine.

**Metrics.** A suite's metrics are those that its `metrics` names; `judge` adds one of type `judge` named "judge" with the
default rubric. An example passes when at least one pass/fail metric applied and all that applied passed, so a suite without
any is refused. The types and their options are in [metrics.md](metrics.md).
"""


def render_reference() -> str:
    """The page as Markdown: an introduction, then one section with one table for each part of the file."""
    return _INTRODUCTION + "".join(f"\n{section}" for section in _sections("", File))


def _sections(path: str, part: type[BaseModel]) -> Iterator[str]:
    fields = part.model_fields
    about = " ".join((part.__doc__ or "").split())
    rows = "".join(_row(name, field) for name, field in fields.items())
    yield f"## {f'`{path}`' if path else 'The file'}\n\n{about}\n\n| key | value | default | |\n|---|---|---|---|\n{rows}"
    for name, field in fields.items():
        inner, step = _part(field.annotation)
        if inner is not None:
            yield from _sections(f"{path}.{name}{step}".lstrip("."), inner)


def _row(name: str, field: FieldInfo) -> str:
    return f"| `{name}` | {_kind(field.annotation, field.metadata)} | {_default(field)} | {field.description} |\n"


def _default(field: FieldInfo) -> str:
    if field.default is PydanticUndefined:
        return "required"
    if field.default in (None, "", {}) or isinstance(field.default, BaseModel):
        return ""
    return f"`{shown(field.default)}`".replace("'", "")


def _part(hint: Any) -> tuple[type[BaseModel] | None, str]:
    """The part that a key holds, and how it is reached: directly, or by a name of the user's."""
    if isinstance(hint, type) and issubclass(hint, BaseModel):
        return hint, ""
    for inner in get_args(hint):
        found, step = _part(inner)
        if found is not None:
            return found, f".<name>{step}" if get_origin(hint) is dict else step
    return None, ""


def _kind(hint: Any, metadata: list[Any]) -> str:
    origin, inner = get_origin(hint), get_args(hint)
    if any(isinstance(each, WithJsonSchema) for each in metadata):
        return "a string or a list of strings" if origin is list else "a whole number, or a mapping by partition"
    if origin is Annotated:
        return _kind(inner[0], list(inner[1:]))
    if origin in (Union, types.UnionType):
        return _kind(next(each for each in inner if each is not type(None)), metadata)
    if origin is Literal:
        return ", ".join(f"`{value}`" for value in inner)
    if origin is list:
        return f"a list of {_kind(inner[0], []).replace('a string', 'strings')}"
    if origin is dict or (isinstance(hint, type) and issubclass(hint, BaseModel)):
        return "a mapping"
    words = {bool: "true or false", int: "a whole number", float: "a number", str: "a string"}
    return words.get(hint, "a value") + _bounds(metadata)


def _bounds(metadata: list[Any]) -> str:
    words = {Ge: "from {0.ge:,}", Gt: "above {0.gt:,}", Le: "to {0.le:,}", Lt: "below {0.lt:,}"}
    flat = [inner for each in metadata for inner in getattr(each, "metadata", [each])]
    found = [words[type(each)].format(each) for each in flat if type(each) in words]
    return f" {' '.join(found)}" if found else ""


if __name__ == "__main__":
    sys.stdout.write(render_reference())
