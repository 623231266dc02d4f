"""Reads the project's Markdown pages: their fenced blocks, command lines, links, anchors and tables."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
DOCS = sorted(ROOT.glob("docs/**/*.md"))
PAGES = [ROOT / "README.md", *DOCS]

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_LAST_LINE = re.compile(r"([^\n]*)\n+$")
_HEADING = re.compile(r"^#{1,6} (.+?)\s*$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, the line before it and the text after it."""

    language: str
    text: str
    before: str
    after: str


def text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(page: Path, *languages: str) -> list[Block]:
    """The fenced blocks of a page, of some languages or of all."""
    whole = text(page)
    found = []
    for match in _FENCE.finditer(whole):
        before = _LAST_LINE.search(whole[: match.start()])
        found.append(Block(match[1], match[2], before[1] if before else "", whole[match.end() :].lstrip()))
    return [block for block in found if not languages or block.language in languages]


def command_lines(page: Path) -> Iterator[str]:
    """Commands of shell blocks that call evalbot, less the prompt sign and what is said of them."""
    for block in blocks(page, "bash", "console", "sh"):
        for line in block.text.splitlines():
            for part in line.removeprefix("$ ").split("&&"):
                bare = part.partition("  #")[0].strip()
                if bare.split(" ")[0] == "evalbot":
                    yield bare


def inline_code(page: Path) -> list[str]:
    return _CODE.findall(_FENCE.sub("", text(page)))


def links(page: Path) -> list[str]:
    """The targets of links and pictures that do not leave the repository."""
    prose = _CODE.sub("", _FENCE.sub("", text(page)))
    return [target for target in _LINK.findall(prose) if not re.match(r"[a-z]+:", target)]


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them: lower case, words joined by hyphens, no punctuation."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in _HEADING.findall(_FENCE.sub("", text(page))):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found


def table(page: Path, heading: str) -> list[list[str]]:
    """The body of the first table under a heading, cells stripped of white space and of the ticks around them."""
    section = text(page).split(f"\n## {heading}\n")[1].split("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[2:]]
