"""What people can say to evalbot in a pull request: a fixed grammar on the first line of a comment, and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeAlias

from evalbot.domain.errors import nearest

MOST_CHARACTERS = 1000  # of the line
MOST_EPOCHS = 100
_OURS = re.compile(r"/evalbot(?![\w./-])")
_SHA = r"[0-9a-f]{40}|[0-9a-f]{64}"
_REASON = r'[^"]{1,500}'
_EXAMPLE = r"[A-Za-z0-9._:/-]{1,200}"  # what an example's id may be in a dataset


@dataclass(frozen=True, slots=True)
class Rerun:
    """`rerun [--epochs N]`: measure this head again."""

    epochs: int | None = None


@dataclass(frozen=True, slots=True)
class Accept:
    """`accept <id> "reason"`: merge it as it is."""

    id: str
    reason: str


@dataclass(frozen=True, slots=True)
class Run:
    """`run <sha>`: let a fork's head be evaluated."""

    sha: str


@dataclass(frozen=True, slots=True)
class Explain:
    """`explain <example>`: everything known about one example of the last run."""

    example: str


@dataclass(frozen=True, slots=True)
class Help:
    """`help`: the commands."""


@dataclass(frozen=True, slots=True)
class NotForUs:
    """No command of ours: other words, a quotation, another bot's command."""


@dataclass(frozen=True, slots=True)
class Malformed:
    """Meant for us and not in the grammar; `message` is one line of plain text without words of the comment."""

    message: str


Command: TypeAlias = Rerun | Accept | Run | Explain | Help

USAGE = {
    "rerun": "/evalbot rerun [--epochs N]",
    "accept": '/evalbot accept <id> "reason"',
    "run": "/evalbot run <sha>",
    "explain": "/evalbot explain <example>",
    "help": "/evalbot help",
}
_SAYS = {
    "rerun": f"measure this head again; what was measured and has not changed is kept, N is 1 to {MOST_EPOCHS}",
    "accept": "merge it as it is; the id stands in the comment and holds for one head and its findings",
    "run": "let this head of a fork be evaluated; the full sha, so that nobody can put another commit under it",
    "explain": "show everything about one example: both answers, scores, reasons",
    "help": "show this list",
}
_GRAMMAR = re.compile(
    rf"rerun(?: +--epochs +(?P<epochs>[1-9][0-9]{{0,2}}))?"
    rf'|accept +(?P<id>[0-9a-f]{{8}}) +"(?P<reason>{_REASON})"'
    rf"|run +(?P<sha>{_SHA})"
    rf"|explain +(?P<example>{_EXAMPLE})"
    r"|(?P<help>help)"
)


def parse(body: str) -> Command | NotForUs | Malformed:
    """The command that a comment is.

    It starts at the first character of the first line, in plain ASCII with plain spaces; the lines after it are the
    person's own. Whether the comment was edited, and who may say this, is for the caller to ask.
    """
    line = body[: MOST_CHARACTERS + 2].split("\n", 1)[0].removesuffix("\r")
    if not _OURS.match(line):
        return NotForUs()
    if len(line) > MOST_CHARACTERS:
        return Malformed(f"The line is longer than {MOST_CHARACTERS:,} characters.")
    if not line.isprintable():
        return Malformed("The line holds a space or character that is not plain text. Type it anew.")
    words = line.removeprefix("/evalbot")
    said = words.strip(" ")
    found = _GRAMMAR.fullmatch(said) if words.startswith(" ") else None
    return _command(found) if found else _malformed(said.split(" ", 1)[0])


def help_text() -> str:
    """The commands as a Markdown list."""
    lines = [f"- `{usage}`: {_SAYS[name]}" for name, usage in USAGE.items()]
    rules = "A command is the first line of a new comment, by somebody with write access; edited comments are not read."
    return "\n".join(["### What evalbot understands", "", *lines, "", rules])


def _command(found: re.Match[str]) -> Command | Malformed:
    if found["epochs"] is not None or found[0] == "rerun":
        count = int(found["epochs"]) if found["epochs"] else None
        return Rerun(count) if (count or 1) <= MOST_EPOCHS else _malformed("rerun")
    if found["id"]:
        reason = found["reason"].strip()
        return Accept(found["id"], reason) if reason else _malformed("accept")
    if found["sha"]:
        return Run(found["sha"])
    return Explain(found["example"]) if found["example"] else Help()


def _malformed(word: str) -> Malformed:
    if word in USAGE:
        return Malformed(f"Write it as: {USAGE[word]}")
    return Malformed(f"There is no such command. {nearest(word[:40], USAGE)}")
