"""A tree of files given as text, and examples in a word, for tests of prompts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from evalbot.adapters.prompts import PromptFile, load_prompt
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example, Partition


class Files:
    """A `Tree` of text files."""

    name = "files"

    def __init__(self, files: Mapping[str, str]) -> None:
        self._files = files

    def paths(self) -> Sequence[str]:
        return sorted(self._files)

    def exists(self, path: str) -> bool:
        return path in self._files

    def read(self, path: str) -> bytes:
        if path not in self._files:
            raise ConfigError(Problem("there is no such file.", path))
        return self._files[path].encode()


def load(source: str, path: str = "prompts/a.md", **others: str) -> PromptFile:
    """The prompt of one source; `others` are further files, `__` for a slash and `_md` for the suffix."""
    named = {name.replace("__", "/").replace("_md", ".md"): text for name, text in others.items()}
    return load_prompt(Files({path: source, **named}), path)


def example(**fields: Any) -> Example:
    """An example whose `input` is the fields, but for `context` (a list) and `messages`."""
    context, messages = fields.pop("passages", ()), fields.pop("messages", ())
    return Example("e", Partition.GOLDEN, fields, context=tuple(context), messages=tuple(messages))


def rendered(prompt: PromptFile, **fields: Any) -> list[tuple[str, str]] | str:
    """(Role, content) of each message for one example, or the reason why there are none."""
    (result,) = prompt.render_all([example(**fields)])
    return result if isinstance(result, str) else [(message.role, message.content) for message in result]
