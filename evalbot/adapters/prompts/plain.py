"""Templates that only name variables: rendered by joining strings, exactly as Jinja would, but bounded without a sandbox."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from evalbot.domain.errors import nearest

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z_][A-Za-z0-9_]*)\s*\}\}")
# Words that mean something of their own to Jinja.
_JINJA_WORDS = frozenset({
    "true", "false", "none", "True", "False", "None", "and", "or", "not", "in", "is", "if", "else",
    "range", "dict", "lipsum", "cycler", "joiner", "namespace", "self", "super", "loop", "caller", "varargs", "kwargs",
})  # fmt: skip


class MissingVariableError(KeyError):
    """The template names a variable that the row lacks; `line` counts within the template, from 0."""

    def __init__(self, name: str, line: int) -> None:
        self.name, self.line = name, line
        super().__init__(name)


@dataclass(frozen=True, slots=True)
class Plain:
    """A template as text and variables in turn: `texts[0]`, `names[0]`, `texts[1]`, …"""

    texts: tuple[str, ...]
    names: tuple[str, ...]

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every variable replaced once; raises MissingVariableError."""
        pieces = [self.texts[0]]
        for index, name in enumerate(self.names):
            if name not in values:
                raise MissingVariableError(name, sum(text.count("\n") for text in self.texts[: index + 1]))
            pieces += (values[name], self.texts[index + 1])
        return "".join(pieces)


def plain(source: str) -> Plain | None:
    """The template, or None where Jinja is needed to know what it means."""
    if "{%" in source or "{#" in source:
        return None
    source = source.removesuffix("\n")  # as Jinja does: the line end of the file's last line is not the prompt's
    texts, names, start = [], [], 0
    while (found := source.find("{{", start)) >= 0:
        variable = _VARIABLE.match(source, found)
        if not variable or variable[1] in _JINJA_WORDS:
            return None
        texts.append(source[start:found])
        names.append(variable[1])
        start = variable.end()
    return Plain((*texts, source[start:]), tuple(names))


def missing_variable(name: str, known: Iterable[str]) -> str:
    """What to say of a variable that a row lacks."""
    return f"the template needs {name!r}, which the row's input does not have. {nearest(name, known)}".rstrip()
