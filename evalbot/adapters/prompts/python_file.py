"""Constants of Python files (`file.py:NAME`): read from the source text; nothing of the file is run.

A constant is a literal string, strings joined by `+` or by standing side by side, `dedent(…)`, `cleandoc(…)` or `.strip()` of one,
or a literal list of chat messages. What only running the file could tell (an f-string, a call) is refused.
"""

from __future__ import annotations

import ast
import inspect
import re
import string
import textwrap
import warnings
from collections.abc import Callable
from difflib import get_close_matches

from evalbot.adapters.prompts.formats import Parsed, Part, Syntax
from evalbot.adapters.prompts.plain import Plain
from evalbot.domain.errors import ConfigError, Problem, nearest
from evalbot.domain.models import Role

_LONGEST = 1_000_000  # characters of a source file that is parsed
_CALLS: dict[str, Callable[[str], str]] = {"dedent": textwrap.dedent, "cleandoc": inspect.cleandoc}
_METHODS: dict[str, Callable[[str], str]] = {"strip": str.strip, "lstrip": str.lstrip, "rstrip": str.rstrip}
_ROLES: dict[str, Role] = {"system": "system", "user": "user", "assistant": "assistant"}
_FIELD = re.compile(r"[A-Za-z_]\w*")


class _NotStaticError(Exception):
    def __init__(self, node: ast.expr, what: str) -> None:
        super().__init__(what)
        self.line = node.lineno


def parse(text: str, path: str) -> Parsed:
    """The constant's text, or its chat messages.

    Args:
        text: The whole Python file.
        path: `file.py:NAME`, as messages show it.

    Raises:
        ConfigError: The file is no Python, has no such constant at its top level, or the constant cannot be read statically.
    """
    file, _, name = path.rpartition(":")
    value = _constant(constants(text, file), name, file)
    try:
        parts = _chat(value) if isinstance(value, ast.List) else (Part(None, _string(value), value.lineno),)
    except _NotStaticError as error:
        hint = "Write it as one literal string (or a literal list of messages), or move it to a file of its own."
        raise ConfigError(Problem(f"{name} cannot be read without running the file: {error}.", file, error.line, hint)) from None
    return Parsed(_syntax(parts), parts)


def constants(text: str, file: str) -> dict[str, list[ast.expr]]:
    """What is assigned to each name at the top level of a Python file; raises ConfigError where it is no Python."""
    if len(text) > _LONGEST:
        raise ConfigError(Problem(f"a Python file of more than {_LONGEST:,} characters is not read.", file))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the file's own escapes: they are its author's business
            tree = ast.parse(text)
    except SyntaxError as error:
        raise ConfigError(Problem(f"this is no Python: {error.msg}.", file, error.lineno)) from None
    except (ValueError, RecursionError, MemoryError) as error:
        raise ConfigError(Problem(f"this Python cannot be read: {type(error).__name__}.", file)) from None
    found: dict[str, list[ast.expr]] = {}
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        for target in targets:
            if isinstance(target, ast.Name) and isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None:
                found.setdefault(target.id, []).append(node.value)
    return found


def readable(value: ast.expr) -> str | None:
    """The text of an expression that is a literal string, or None where running the file alone could tell."""
    try:
        return _string(value)
    except _NotStaticError:
        return None


def split(source: str) -> Plain:
    """A format string as text and variables: `{name}` is one, `{{` and `}}` are braces."""
    texts, names = [""], []
    for literal, field, _, _ in string.Formatter().parse(source):
        texts[-1] += literal
        if field is not None:
            names.append(field)
            texts.append("")
    return Plain(tuple(texts), tuple(names))


def is_format(source: str) -> bool:
    """Whether `str.format` would fill the text in: it has `{name}`, and no brace that `str.format` would stumble over."""
    try:
        fields = [(field, spec, turn) for _, field, spec, turn in string.Formatter().parse(source) if field is not None]
    except ValueError:
        return False
    return bool(fields) and all(_FIELD.fullmatch(field) and not spec and not turn for field, spec, turn in fields)


def _constant(found: dict[str, list[ast.expr]], name: str, file: str) -> ast.expr:
    values = found.get(name, [])
    if not values:
        close = get_close_matches(name, found, n=1)
        line = found[close[0]][0].lineno if close else 1
        raise ConfigError(Problem(f"there is no constant {name!r} at the top level.", file, line, nearest(name, found)))
    if len(values) > 1:
        raise ConfigError(Problem(f"{name} is assigned {len(values)} times.", file, values[-1].lineno, "Give each prompt a name of its own."))
    return values[0]


def _string(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _string(node.left) + _string(node.right)
    if isinstance(node, ast.Call) and not node.keywords:
        known = _called(node)
        if known:
            return known[0](_string(known[1]))
    raise _NotStaticError(node, _what(node))


def _called(node: ast.Call) -> tuple[Callable[[str], str], ast.expr] | None:
    """The function and its text, of `dedent(text)`, `textwrap.dedent(text)` or `text.strip()`."""
    function = node.func
    name = function.id if isinstance(function, ast.Name) else function.attr if isinstance(function, ast.Attribute) else ""
    if name in _CALLS and len(node.args) == 1:
        return _CALLS[name], node.args[0]
    if name in _METHODS and not node.args and isinstance(function, ast.Attribute):
        return _METHODS[name], function.value
    return None


def _chat(node: ast.List) -> tuple[Part, ...]:
    parts = []
    for message in node.elts:
        fields = {_string(key): value for key, value in zip(message.keys, message.values, strict=True) if key} if isinstance(message, ast.Dict) else {}
        role = _ROLES.get(_string(fields["role"])) if "role" in fields else None
        if set(fields) != {"role", "content"} or role is None:
            raise _NotStaticError(message, f"a message is {{role, content}} with one of the roles {', '.join(_ROLES)}")
        parts.append(Part(role, _string(fields["content"]), fields["content"].lineno))
    if not parts:
        raise _NotStaticError(node, "the list holds no message")
    return tuple(parts)


def _syntax(parts: tuple[Part, ...]) -> Syntax:
    """`str.format`'s where every text with a brace is one of its; else templates."""
    braced = [part.source for part in parts if "{" in part.source or "}" in part.source]
    return "format" if braced and all(map(is_format, braced)) else "text"


def _what(node: ast.expr) -> str:
    kinds = ((ast.JoinedStr, "it is an f-string"), (ast.Call, "it is the result of a call"), (ast.Name, "it is another name's value"))
    return next((words for kind, words in kinds if isinstance(node, kind)), f"it is no literal string ({type(node).__name__})")
