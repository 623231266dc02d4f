"""Words in a prompt's change that speak to a judge instead of to a user: shown on their line, and decided by nobody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from evalbot.app.changes import PromptPair
from evalbot.domain.errors import ConfigError
from evalbot.domain.ports import Tree
from evalbot.domain.record import Notice
from evalbot.domain.runs import file_of
from evalbot.domain.verdicts import Finding, Level, Rule
from evalbot.instruments.directed import directed_lines

_MOST = 10  # of one file
_SHOWN = 60


def directed(pairs: Iterable[PromptPair], merge_base: Tree, head: Tree) -> tuple[Notice, ...]:
    """The lines that head adds to prompts and their partials and that speak to a judge; by path and line."""
    paths = sorted({path for pair in pairs if pair.head is not None and pair.causes for path in _files(pair)})
    return tuple(notice for path in paths for notice in list(_notices(path, merge_base, head))[:_MOST])


def directed_findings(notices: Iterable[Notice], suite: str) -> Iterator[Finding]:
    """One warning a file; the verdict does not hang on a scan."""
    found: dict[str, list[Notice]] = {}
    for one in notices:
        found.setdefault(one.path, []).append(one)
    for path, own in found.items():
        lines = ", ".join(str(one.line) for one in own)
        words = own[0].words if len(own[0].words) <= _SHOWN else own[0].words[: _SHOWN - 1] + "…"
        message = f"{path} speaks to a judge on line{'s' if len(own) > 1 else ''} {lines}: {words!r}"
        yield Finding(Rule.JUDGE_DIRECTED, Level.WARNS, message, suite, example=path)


def _files(pair: PromptPair) -> tuple[str, ...]:
    own = file_of(pair.path)
    return tuple(dict.fromkeys((own, *getattr(pair.head, "dependencies", ()))))


def _notices(path: str, merge_base: Tree, head: Tree) -> Iterator[Notice]:
    before = set(_text(merge_base, path).splitlines())
    after = _text(head, path)
    lines = after.splitlines()
    for number, words in directed_lines(after):
        if lines[number - 1] not in before:
            yield Notice(path, number, words)


def _text(tree: Tree, path: str) -> str:
    try:
        return tree.read(path).decode("utf-8", "replace") if tree.exists(path) else ""
    except ConfigError:
        return ""
