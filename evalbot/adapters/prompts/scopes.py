"""Whether a template takes a name from its row, told from its syntax tree alone.

Jinja's own answer (`meta.find_undeclared_variables`) folds constants on the way, which a template can make expensive.
"""

from __future__ import annotations

from collections.abc import Iterable

from jinja2 import nodes


def reads(template: nodes.Template, name: str) -> bool:
    """Whether the template reads a name before, or where, it has not set it itself."""
    return _any([template], name, set())


def _any(children: Iterable[nodes.Node], name: str, bound: set[str]) -> bool:
    """As `reads`, over siblings in the order in which they run; adds to `bound` what they set for those after them."""
    return any(_node(child, name, bound) for child in children)


def _node(node: nodes.Node, name: str, bound: set[str]) -> bool:
    match node:
        case nodes.Name(ctx="load"):
            return node.name == name and name not in bound
        case nodes.Name():
            bound.add(node.name)
            return False
        case nodes.Assign():
            return _any([node.node, node.target], name, bound)
        case nodes.Import():
            bound.add(node.target)
        case nodes.FromImport():
            bound.update(alias if isinstance(alias, str) else alias[1] for alias in node.names)
        case nodes.Macro():
            bound.add(node.name)
    scope = _scope(node)
    if scope is None:
        return _any(node.iter_child_nodes(), name, bound)
    outside, *insides, after = scope
    return _any(outside, name, bound) or any(_any(inside, name, set(bound)) for inside in insides) or _any(after, name, bound)


def _scope(node: nodes.Node) -> list[list[nodes.Node]] | None:
    """What a node runs outside of its scope, in one scope each, and after them; None where it opens none."""
    match node:
        case nodes.AssignBlock():
            return [[], [*node.body, *([node.filter] if node.filter else [])], [node.target]]
        case nodes.For():
            return [[node.iter], [node.target, *([node.test] if node.test else []), *node.body], [*node.else_], []]
        case nodes.With():
            return [[*node.values], [*node.targets, *node.body], []]
        case nodes.Macro():
            return [[*node.defaults], [*node.args, *node.body], []]
        case nodes.CallBlock():
            return [[node.call, *node.defaults], [*node.args, *node.body], []]
        case nodes.If():  # a name that only one branch sets may still be the row's after it
            return [[node.test], [*node.body], [*node.elif_], [*node.else_], []]
        case nodes.Block() | nodes.FilterBlock() | nodes.Scope():
            return [[], [*node.iter_child_nodes()], []]
    return None
