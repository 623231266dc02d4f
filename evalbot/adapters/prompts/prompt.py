"""A prompt of one side: its file and everything that it includes, read once, ready to be rendered for any row."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from evalbot.adapters.located import decode
from evalbot.adapters.prompts import (
    chat_file,
    dotprompt_file,
    github_file,
    prompty_file,
    python_file,
    rendering,
    text_file,
)
from evalbot.adapters.prompts.formats import Parsed, prompt_id, syntax_of
from evalbot.adapters.prompts.partials import Partials, gather
from evalbot.adapters.prompts.reader import RecordingReader
from evalbot.adapters.trees import shown
from evalbot.domain.canonical import Json, digest
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.examples import Example
from evalbot.domain.models import Message
from evalbot.domain.ports import Tree
from evalbot.domain.runs import file_of

_PARSERS = {
    "text": text_file.parse, "chat": chat_file.parse, "github": github_file.parse, "python": python_file.parse,
    "prompty": prompty_file.parse, "dotprompt": dotprompt_file.parse,
}  # fmt: skip


@dataclass(frozen=True)
class PromptFile:
    """`domain.ports.Prompt`, with the paths of all files that it is made of in `dependencies` (its own first)."""

    path: str
    parsed: Parsed = field(repr=False)
    partials: Partials = field(repr=False)
    dependencies: tuple[str, ...] = ()
    digests: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def id(self) -> str:
        """Its path without suffix."""
        return prompt_id(self.path)

    @property
    def model(self) -> str | None:
        """The model that it names, if any."""
        return self.parsed.model

    @property
    def params(self) -> Mapping[str, Json]:
        """The params that it sets."""
        return self.parsed.params

    @property
    def schema(self) -> Mapping[str, Json] | None:
        """The JSON Schema of its answers, if it asks for one."""
        return self.parsed.schema

    @property
    def text(self) -> str:
        """The words of its messages and of its partials."""
        own = [part.source for part in self.parsed.parts]
        return "\n\n".join([*own, *(source for path, source in self.partials.sources.items() if path not in self.partials.computed)])

    def render_all(self, examples: Sequence[Example]) -> Sequence[tuple[Message, ...] | str]:
        """The messages of each example, or the one-line reason why there are none.

        Raises:
            CouldNotRun: The process that renders templates cannot be started.
        """
        return rendering.render_all(self.path, self.parsed, self.partials, examples)


def load_prompt(tree: Tree, path: str) -> PromptFile:
    """A prompt file and its partials.

    Args:
        tree: Where they are.
        path: The file, from the repository's root.

    Raises:
        ConfigError: It cannot be read, its kind is not supported, or it, its front matter or a partial is not well
            formed; the message says where.
    """
    syntax = syntax_of(path)
    reader = RecordingReader(tree)
    place = shown(path)
    parsed = _PARSERS[syntax](decode(reader.read(file_of(path)), file_of(place)), place)
    if not any(part.source.strip() for part in parsed.parts):
        raise ConfigError(Problem("the prompt is empty.", file_of(place), parsed.parts[0].line))
    partials = gather(dotprompt_file.with_partials(reader) if syntax == "dotprompt" else reader, path, parsed)
    return PromptFile(path, parsed, partials, reader.seen, _digests(parsed, partials))


def _digests(parsed: Parsed, partials: Partials) -> dict[str, str]:
    # Partials go by the names that templates call them by: moving a folder with all that is in it changes nothing.
    return {
        "template": digest([parsed.syntax, [[part.role, part.source] for part in parsed.parts]]),
        "partial": digest(sorted({(name, hashlib.sha256(source.encode()).hexdigest()) for name, source in partials.named})),
        "model": digest(parsed.model),
        "params": digest(parsed.params),
        "schema": digest(parsed.schema),
    }
