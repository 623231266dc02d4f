"""Google's dotprompt files (.prompt): front matter, then a Handlebars template whose `{{role "…"}}` tags begin messages.

Read is the part of Handlebars that `handlebars.py` translates; what is not is refused by name. A name that a row lacks is an error
here, as in all our formats, where Handlebars would leave it empty. Format: google/dotprompt.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping, Sequence
from typing import Any

from evalbot.adapters.prompts.formats import Parsed, Part, front_matter, parse_model, parse_params
from evalbot.adapters.prompts.handlebars import Piece, UnknownTag, translate
from evalbot.adapters.prompts.picoschema import json_schema
from evalbot.adapters.trees import Through
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.models import Role
from evalbot.domain.ports import Tree

_ROLES: Mapping[str, Role] = {"": "user", "user": "user", "system": "system", "model": "assistant"}
_PARAMS = {"maxOutputTokens": "max_output_tokens", "topP": "top_p", "topK": "top_k", "stopSequences": "stop"}
_HINT = "Names, #if, #unless, #each, partials and roles are read."


def parse(text: str, path: str) -> Parsed:
    """Messages, model, params and schema; raises ConfigError at path:line."""
    from evalbot.adapters.strict_yaml import read_yaml

    found = front_matter(text, path)
    body, line = (text[found.end() :], text.count("\n", 0, found.end()) + 1) if found else (text, 1)
    located = read_yaml(found["yaml"], path, first_line=2) if found and found["yaml"].strip() else None
    front: Any = located.value if located is not None else {}
    if not isinstance(front, Mapping):
        raise ConfigError(Problem("the front matter must be a mapping.", path, 2))
    at = located.line if located is not None else lambda *_: 2
    config = front.get("config")
    params: Any = {_PARAMS.get(str(name), str(name)): value for name, value in config.items()} if isinstance(config, Mapping) else None
    output = front.get("output")
    schema = json_schema(output["schema"]) if isinstance(output, Mapping) and output.get("schema") is not None else None
    parts = tuple(_part(piece, line, path) for piece in pieces(body, path, line) if piece.source.strip())
    model = parse_model(front.get("model"), path, at("model"))
    return Parsed("chat", parts or (Part("user", "", line),), model, parse_params(params, path, at("config")), schema)


def pieces(body: str, path: str, first_line: int = 1) -> Sequence[Piece]:
    """The template's messages as Jinja; raises ConfigError at path:line for a tag that is not read."""
    try:
        return translate(body)
    except UnknownTag as error:
        raise ConfigError(Problem(f"the tag {{{{{error.tag[:60]}}}}} is not read.", path, first_line + error.line - 1, _HINT)) from None


def with_partials(tree: Tree) -> Tree:
    """The tree with its partials (`_name.prompt`) read as Jinja."""
    return Through(tree, _translated)


def _translated(path: str, content: bytes) -> bytes:
    if not posixpath.basename(path).startswith("_") or not path.endswith(".prompt"):
        return content
    text = content.decode("utf-8", "replace")
    found = front_matter(text, path)
    body = text[found.end() :] if found else text
    return "".join(piece.source for piece in pieces(body, path)).encode()


def _part(piece: Piece, line: int, path: str) -> Part:
    if piece.role not in _ROLES:
        known = ", ".join(role for role in _ROLES if role)
        raise ConfigError(Problem(f"a message's role cannot be {piece.role!r:.40}.", path, line + piece.line - 1, f"Known: {known}."))
    source = piece.source
    skipped = len(source) - len(source.lstrip("\n"))
    return Part(_ROLES[piece.role], source.strip("\n"), line + piece.line - 1 + skipped)


