"""promptfoo's prompts as files of evalbot: what is inline is written out, what is a user's message is wrapped as one.

promptfoo sends a text prompt as one user message. evalbot sends a text that does not use `user_input` as the system's; so such
a file gets a small prompt beside it that includes it and says `role: user`. The file itself is never touched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from evalbot.adapters.imports import foreign
from evalbot.adapters.imports.foreign import line_of
from evalbot.adapters.imports.imported import Notes, slug
from evalbot.adapters.imports.promptfoo_tests import Files
from evalbot.adapters.located import decode
from evalbot.domain.errors import ConfigError

_TEXT = (".txt", ".md", ".j2", ".jinja", ".jinja2")
_CHAT = (".json", ".yaml", ".yml")
_CODE = (".js", ".cjs", ".mjs", ".ts", ".py", ".sh", ".bash", ".rb", ".pl")
_SEPARATOR = re.compile(r"^---\s*$\n?", re.MULTILINE)
_USES_INPUT = re.compile(r"\{[{%][^}]*\buser_input\b")
_DUMP = re.compile(r"\|\s*dump\b(?:\(\))?")
_NO_CODE = "evalbot reads prompts and runs none. Write the prompt to a file."


@dataclass(frozen=True)
class _Found:
    """One prompt: a file that is there (`path`), or a text that needs a file of its own."""

    label: str
    path: str = ""
    text: str = ""
    chat: bool = False


def prompts(value: Any, files: Files, name: str, folder: str, notes: Notes) -> tuple[list[str], dict[str, str]]:
    """The paths of the prompts, and the files that have to be written for them.

    Args:
        name: The suite's name, for prompts that have none.
        folder: Where new files go.
    """
    found = [one for item in (value if isinstance(value, list) else [value]) for one in _found(item, files, notes, line_of(value))]
    paths: list[str] = []
    new: dict[str, str] = {}
    for number, one in enumerate(found, start=1):
        default = name if len(found) == 1 else f"{name}-{number}"
        path, text = _placed(one, f"{folder}/{slug(one.label, default)}", files, new)
        paths.append(path)
        new.update({path: text} if text else {})
    return list(dict.fromkeys(paths)), new


def _found(item: Any, files: Files, notes: Notes, line: int | None) -> Iterator[_Found]:
    label = ""
    if isinstance(item, dict):
        line, label = line_of(item, line), str(item.get("label") or "")
        if item.get("config"):
            notes.leave("the `config` of a prompt is not taken over.", line, "Put params into the prompt's front matter.")
        item = item.get("raw") or item.get("id") or item.get("prompt")
    if not isinstance(item, str) or not item.strip():
        return
    if re.match(r"(langfuse|portkey|helicone)://|exec:", item) or _is_code(item):
        notes.leave(f"the prompt {item!r:.80} is not taken over: it is not a file of this repository, or has to be run.", line, _NO_CODE)
    elif "\n" not in item and (item.startswith("file://") or item.lower().endswith((*_TEXT, *_CHAT, ".csv"))):
        yield from _of_files(item, label, files, notes, line)
    else:
        yield _Found(label, text=item, chat=_is_chat(item))


def _is_code(item: str) -> bool:
    return "\n" not in item and bool(re.search(rf"({'|'.join(map(re.escape, _CODE))})(:\w+)?$", item.strip()))


def _of_files(item: str, label: str, files: Files, notes: Notes, line: int | None) -> Iterator[_Found]:
    try:
        named = files.named(item)
    except ConfigError as error:
        notes.leave(f"the prompt {item!r:.80} is not taken over: {error}", line)
        return
    if not named:
        notes.leave(f"there is no prompt file {item.removeprefix('file://')}.", line)
    for path in named:
        content = files.tree.read(path)
        if path.endswith(".csv"):
            yield from (_Found(row.get("label", ""), text=row["prompt"]) for row in foreign.rows(content, path) if row.get("prompt"))
        elif path.lower().endswith(_CHAT):
            yield _Found(label, path=path, chat=True)
        elif path.lower().endswith(_TEXT):
            yield from _of_text(decode(content, path), path, label)
        else:
            notes.leave(f"the prompt file {path} is of no kind that evalbot reads.", line, _NO_CODE)


def _of_text(text: str, path: str, label: str) -> Iterator[_Found]:
    """One file may hold several prompts, separated by lines of three dashes."""
    pieces = [piece.strip("\n") for piece in _SEPARATOR.split(text) if piece.strip()]
    if len(pieces) > 1:
        yield from (_Found(label and f"{label}-{number}", text=piece) for number, piece in enumerate(pieces, start=1))
    elif _is_chat(text):
        yield _Found(label or path.rpartition("/")[2].partition(".")[0], text=text, chat=True)
    else:
        yield _Found(label or path.rpartition("/")[2].partition(".")[0], path=path, text=text)


def _is_chat(text: str) -> bool:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, list) and all(isinstance(message, dict) and "role" in message for message in value)


def _placed(one: _Found, stem: str, files: Files, new: Mapping[str, str]) -> tuple[str, str]:
    """(Path, text to write or nothing) of a prompt."""
    if one.path and (one.chat or _USES_INPUT.search(one.text)):
        return one.path, ""
    path = _free(f"{stem}.json" if one.chat else f"{stem}.md", files, new)
    if one.chat:
        return path, one.text.rstrip("\n") + "\n"
    body = f'{{% include "{one.path}" %}}' if one.path else _DUMP.sub("| tojson", one.text).rstrip("\n")
    return path, f"---\nrole: user\n---\n{body}\n"


def _free(path: str, files: Files, new: Mapping[str, str]) -> str:
    """The path, or the next with a number that nobody has."""
    stem, dot, suffix = path.rpartition(".")
    turn, found = 2, path
    while found in new or files.tree.exists(found):
        found, turn = f"{stem}-{turn}{dot}{suffix}", turn + 1
    return found
