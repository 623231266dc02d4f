"""The Jinja that prompts are written in: immutable, sandboxed, strict about names, and only ever given plain data.

Parsing is done by evalbot itself, everything else in the worker: compiling a template folds its constants, and that alone
can take all memory.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from jinja2 import Environment, StrictUndefined, TemplateNotFound, TemplateSyntaxError, nodes
from jinja2.loaders import FunctionLoader
from jinja2.sandbox import ImmutableSandboxedEnvironment

from evalbot.adapters.prompts.scopes import reads
from evalbot.domain.errors import nearest

MOST_SOURCE_CHARS = 200_000  # a second or two to parse, at worst
_Including = nodes.Include | nodes.Extends | nodes.Import | nodes.FromImport


class BadTemplateError(Exception):
    """A template that cannot be parsed; `line` counts from 1 within it."""

    def __init__(self, message: str, line: int, hint: str = "") -> None:
        self.line, self.hint = line, hint
        super().__init__(message)


class OutsideError(Exception):
    """An included path that leaves the repository."""


@dataclass(frozen=True, slots=True)
class Include:
    """One include, import or extends. `names` are alternatives as written; none where the name is computed."""

    names: tuple[str, ...]
    line: int
    optional: bool


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a template says of itself without being run."""

    includes: tuple[Include, ...]
    uses_user_input: bool


def environment(find: Callable[[str], str | None] = lambda _: None) -> Environment:
    """Jinja as evalbot offers it.

    Args:
        find: The source of a path, or None where it has none.
    """


    def load(path: str) -> tuple[str, str, None] | None:
        source = find(path)
        return None if source is None else (source, path, None)  # the path as file name, for tracebacks

    env = _Sandbox(undefined=StrictUndefined, autoescape=False, loader=FunctionLoader(load))
    # A prompt must come out the same each time.
    del env.globals["lipsum"], env.filters["random"]
    return env


def candidates(name: str, parent: str) -> Iterator[str]:
    """Where an included path is looked for: beside the including file, then from the root. Raises OutsideError."""
    if name.startswith(("/", "\\", "~")) or "\0" in name:
        raise OutsideError(name)
    found = [posixpath.normpath(posixpath.join(folder, name)) for folder in dict.fromkeys((posixpath.dirname(parent), ""))]
    inside = [path for path in found if path != ".." and not path.startswith("../")]
    if not inside:
        raise OutsideError(name)
    yield from inside


def inspect(source: str) -> Inspected:
    """The includes of a template, and whether it uses `user_input`; raises BadTemplateError."""
    if len(source) > MOST_SOURCE_CHARS:
        raise BadTemplateError(f"a template can have {MOST_SOURCE_CHARS:,} characters, not {len(source):,}.", 1, "Split it.")
    env = environment()
    try:
        tree = env.parse(source)
        _refuse_unknown(tree, nodes.Filter, env.filters, "filter")
        _refuse_unknown(tree, nodes.Test, env.tests, "test")
        includes = tuple(_include(node) for node in tree.find_all(nodes.Stmt) if isinstance(node, _Including))
        return Inspected(includes, reads(tree, "user_input"))
    except TemplateSyntaxError as error:
        raise BadTemplateError(f"the template cannot be parsed: {error.message}", error.lineno) from None
    except (RecursionError, ValueError, OverflowError, MemoryError) as error:
        raise BadTemplateError(f"the template cannot be parsed: {type(error).__name__}, {error!s:.100}", 1) from None


class _Sandbox(ImmutableSandboxedEnvironment):
    def join_path(self, template: str, parent: str) -> str:
        try:
            found = list(candidates(template, parent))
        except OutsideError:
            raise TemplateNotFound(template, f"{template!r} leaves the repository") from None
        for path in found:
            if self.loader is not None and _has(self.loader, self, path):
                return path
        return found[-1]


def _has(loader: object, env: Environment, path: str) -> bool:
    try:
        loader.get_source(env, path)  # type: ignore[attr-defined] # FunctionLoader's only way to ask
    except TemplateNotFound:
        return False
    return True


def _refuse_unknown(tree: nodes.Template, kind: type[nodes.Filter | nodes.Test], known: Mapping[str, object], what: str) -> None:
    for node in tree.find_all(kind):
        if node.name not in known:
            raise BadTemplateError(f"there is no {what} {node.name!r:.60}.", node.lineno, nearest(node.name, known))


def _include(node: _Including) -> Include:
    wanted = node.template
    items = wanted.items if isinstance(wanted, nodes.Tuple | nodes.List) else [wanted]
    names = tuple(item.value for item in items if isinstance(item, nodes.Const) and isinstance(item.value, str))
    computed = len(names) != len(items)
    return Include(() if computed else names, node.lineno, isinstance(node, nodes.Include) and bool(node.ignore_missing))
