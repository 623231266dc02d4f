"""The part of Handlebars that prompts use, as Jinja: names, conditions, loops, partials, roles; anything else is refused by name."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TAG = re.compile(r"\{\{!--.*?--\}\}|\{\{\{(?P<raw>[^{}]+)\}\}\}|\{\{(?P<tag>[^{}]*)\}\}", re.DOTALL)
_PATH = re.compile(r"(?P<up>(?:\.\./)*)(?P<name>this|@[a-z]+|[A-Za-z_]\w*)(?P<rest>(?:\.\w+)*)\Z")
_ROLE = re.compile(r"role\s+[\"'](?P<role>\w+)[\"']\Z")
_PARTIAL = re.compile(r">\s*(?P<name>[\w./-]+)\s*\Z")
_LOOP = {"@index": "loop.index0", "@first": "loop.first", "@last": "loop.last"}


class UnknownTag(ValueError):  # noqa: N818 - reads as what it is
    """A tag that is not translated; `line` counts from 1 within the text."""

    def __init__(self, tag: str, line: int) -> None:
        self.tag, self.line = tag, line
        super().__init__(f"{{{{{tag}}}}} is not read")


@dataclass
class Piece:
    """A message: its role ("" before the first role tag), its Jinja source, and the line that it begins on."""

    role: str
    source: str = ""
    line: int = 1


@dataclass
class _Scope:
    """What `this` is called: the nesting of loops, outermost first."""

    loops: list[str] = field(default_factory=list)

    def expression(self, path: str) -> str | None:
        """A path as Jinja, None where it is none."""
        found = _PATH.match(path)
        if not found:
            return None
        up = found["up"].count("../")
        if up > len(self.loops):
            return None
        inside = self.loops[: len(self.loops) - up]
        name = found["name"]
        if name in _LOOP:
            return _LOOP[name] if inside and not up else None
        if name.startswith("@"):
            return None
        here = inside[-1] if inside else ""
        if name == "this":
            return f"{here}{found['rest']}" if here else None
        return f"{here}.{name}{found['rest']}" if here else f"{name}{found['rest']}"


def translate(text: str) -> list[Piece]:
    """The messages of a template in their order; raises UnknownTag for what has no translation."""
    pieces = [Piece("")]
    scope, blocks, end = _Scope(), list[tuple[str, str]](), 0
    for match in _TAG.finditer(text):
        line = text.count("\n", 0, match.start()) + 1
        pieces[-1].source += _literal(text[end : match.start()])
        end = match.end()
        tag = (match["raw"] or match["tag"] or "!").strip().strip("~").strip()
        if role := _ROLE.match(tag):
            pieces.append(Piece(role["role"], line=line))
        elif not tag.startswith("!") and tag != "history":
            pieces[-1].source += _tag(tag, scope, blocks, line)
    if blocks:
        raise UnknownTag(f"#{blocks[-1][0]}", text.count("\n") + 1)
    pieces[-1].source += _literal(text[end:])
    return pieces


def _tag(tag: str, scope: _Scope, blocks: list[tuple[str, str]], line: int) -> str:
    if partial := _PARTIAL.match(tag):
        folder, _, name = partial["name"].rpartition("/")
        return f'{{% include "{folder + "/" if folder else ""}_{name}.prompt" %}}'
    if tag == "else" and blocks:
        return "{% else %}"
    word, _, rest = tag.removeprefix("#").removeprefix("/").partition(" ")
    if tag.startswith("/") and blocks and blocks[-1][0] == word:
        if word == "each":
            scope.loops.pop()
        return blocks.pop()[1]
    expression = scope.expression(rest.strip() if tag.startswith("#") else tag)
    if expression is None:
        raise UnknownTag(tag, line)
    if not tag.startswith("#"):
        return f"{{{{ {expression} }}}}"
    return _opened(word, expression, scope, blocks, tag, line)


def _opened(word: str, expression: str, scope: _Scope, blocks: list[tuple[str, str]], tag: str, line: int) -> str:
    if word in ("if", "unless"):
        blocks.append((word, "{% endif %}"))
        return f"{{% if {'not ' if word == 'unless' else ''}({expression} is defined and {expression}) %}}"
    if word == "each":
        blocks.append((word, "{% endfor %}"))
        scope.loops.append(f"item{len(scope.loops)}")
        return f"{{% for {scope.loops[-1]} in {expression} %}}"
    raise UnknownTag(tag, line)


def _literal(text: str) -> str:
    """Text that means nothing to Jinja either."""
    return re.sub(r"\{(?=[{%#])", "{{ '{' }}", text)
