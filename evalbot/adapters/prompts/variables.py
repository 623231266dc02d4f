"""Which variables a prompt's templates read, and of what shape a value has to be for them to be rendered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from evalbot.adapters.prompts.partials import SPLITS
from evalbot.adapters.prompts.plain import plain
from evalbot.adapters.prompts.prompt import PromptFile
from evalbot.adapters.prompts.rendering import roles_of

if TYPE_CHECKING:
    from jinja2 import nodes

TEXT = ""


def variables(prompt: PromptFile) -> dict[str, Any]:
    """Name → the smallest value that fits: a text, `{attribute: text}` where attributes are read, a list where it is looped over.

    What a template computes about its names is not followed: the values are a start, and rendering says whether they do.
    """
    found: dict[str, Any] = {}
    split = SPLITS.get(prompt.parsed.syntax)
    computed = prompt.partials.computed
    partials = [source for path, source in prompt.partials.sources.items() if path not in computed]
    for source in [*(part.source for part in prompt.parsed.parts), *partials]:
        if split:
            found.update(dict.fromkeys(split(source).names, TEXT))
        elif (simple := plain(source)) is not None:
            found.update(dict.fromkeys(simple.names, TEXT))
        else:
            found = {**_of_template(source), **found}
    return found


def asks_for_input(prompt: PromptFile) -> bool:
    """Whether the user's message has to come from `input.user_input`, since no message of the prompt is the user's."""
    return "user" not in roles_of(prompt.parsed, prompt.partials.uses_user_input)


def _of_template(source: str) -> dict[str, Any]:
    from jinja2 import nodes
    from jinja2.meta import find_undeclared_variables

    from evalbot.adapters.prompts.sandbox import environment

    tree = environment().parse(source)
    found: dict[str, Any] = dict.fromkeys(sorted(find_undeclared_variables(tree)), TEXT)
    for name, attributes in _attributes(tree).items():
        if name in found:
            found[name] = dict.fromkeys(attributes, TEXT)
    for loop in tree.find_all(nodes.For):
        if isinstance(loop.iter, nodes.Name) and isinstance(loop.target, nodes.Name) and loop.iter.name in found:
            inner = _attributes(loop).get(loop.target.name)
            found[loop.iter.name] = [dict.fromkeys(inner, TEXT) if inner else TEXT]
    return found


def _attributes(tree: nodes.Node) -> Mapping[str, list[str]]:
    """Name → the attributes and text keys that are read of it."""
    from jinja2 import nodes

    found: dict[str, list[str]] = {}
    for attribute in tree.find_all(nodes.Getattr):
        if isinstance(attribute.node, nodes.Name):
            found.setdefault(attribute.node.name, []).append(attribute.attr)
    for item in tree.find_all(nodes.Getitem):
        if isinstance(item.node, nodes.Name) and isinstance(item.arg, nodes.Const) and isinstance(item.arg.value, str):
            found.setdefault(item.node.name, []).append(item.arg.value)
    return found
