"""Makes untrusted text harmless: the only way a word of a model, a file or a person gets onto a page or into a log."""

from __future__ import annotations

import html as _html
import re
from functools import lru_cache
from unicodedata import category

EMPTY = "(empty)"

# What GitHub turns into a link, a mention, an image or a formula, on the page or in a later filter over its text.
# A backslash stops none of these filters; a code span stops all of them.
_LIVE = re.compile(
    r"@|\$|://|#\d|\bgh-\d|\b(?:ghsa|cve|cwe)-|www\.|mailto:|xmpp:|:[\w+-]*[a-z][\w+-]*:|(?<![0-9a-z])[0-9a-f]{7,}(?![0-9a-z])|\\[uU][0-9a-f]",
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[\\`*~\[\]|]|<|&(?=#?\w)|(?<![^\W_])_|_(?![^\W_])")
_LEADING = re.compile(r"^(?:([#>+=:-])|(\d+)([.)])(?!\S))")
# A parser compares runs only up to some length (GitHub's: 80 or 1,000 in spans, 255 in fences): longer ones are counted.
_LONG_IN_SPAN, _LONG_IN_BLOCK = re.compile(r"`{9,}"), re.compile(r"`{101,}")
_TICKS = re.compile(r"`+")
_BLANKS = re.compile(r"(?:\r\n|[ \n\t\u00a0])+")
# Inert inside code, and broken all the same: who greps the raw page for a marker, or prints the page on a runner,
# must not be fooled either.
_FORGERIES = re.compile(r"<(?=!--|/?(?:details|summary)\b)|#(?=#\[)|^([^\S\n]*):(?=:)", re.IGNORECASE | re.MULTILINE)
# Invisible although their category is a letter's or a mark's.
_BLANK_GLYPHS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")


def visible(text: str) -> str:
    r"""Every character that hides, reorders or controls as a visible escape like `\u202e`; keeps newline and tab."""
    if text.isprintable() and not _odd(text):
        return text
    return "".join(map(_shown, text.replace("\r\n", "\n")))


def inline(text: str, limit: int = 300) -> str:
    """Words within a sentence, heading, list item or table cell; what GitHub would bring to life stands in code spans."""
    pieces: list[tuple[bool, list[str]]] = []
    for word in _one_line(text, limit).split(" "):
        live = _LIVE.search(word) is not None
        if pieces and pieces[-1][0] == live:
            pieces[-1][1].append(word)
        else:
            pieces.append((live, [word]))
    shown = " ".join(_span(" ".join(words)) if live else _plain(" ".join(words)) for live, words in pieces)
    return _LEADING.sub(_leading, shown) if shown else EMPTY


def code(text: str, limit: int = 120) -> str:
    """A code span on one line, safe in a table cell too (a pipe becomes a broken bar)."""
    return _span(_one_line(text, limit) or EMPTY)


def block(text: str, limit: int = 2000) -> str:
    """A fenced block of plain text; its fence is longer than any run of backticks inside. Stands on lines of its own."""
    body = _LONG_IN_BLOCK.sub(_counted, _FORGERIES.sub(_broken, visible(shortened(text, limit)))).strip("\n")
    fence = "`" * max(3, 1 + max(map(len, _TICKS.findall(body)), default=0))
    return f"{fence}text\n{body if body.strip() else EMPTY}\n{fence}"


def html(text: str, limit: int = 120) -> str:
    """A `<code>` element for use inside the page's own raw HTML (`<summary>`), where Markdown is not read."""
    return f"<code>{_html.escape(_FORGERIES.sub(_broken, _one_line(text, limit)) or EMPTY)}</code>"


def text(content: str) -> str:
    """Words of an HTML page that is all our own (`report.html`), where no Markdown is read; not cut."""
    return _html.escape(visible(content))


def command(text: str, limit: int = 4096) -> str:
    """One line for a runner's log that cannot be a workflow command: newlines visible, `::` and `##[` pulled apart."""
    line = visible(shortened(text, limit)).replace("\n", "\\n").replace("\t", " ")
    return re.sub(r"##(?=\[)", "## ", re.sub(r":(?=:)", ": ", line))


def shortened(text: str, limit: int) -> str:
    """The text with its middle left out where it is longer than `limit` characters; the count says how much."""
    if len(text) <= limit:
        return text
    note = f" … {len(text) - limit:,} characters left out … "
    keep = max(limit - len(note), 0)
    tail = keep // 3
    return text[: keep - tail] + note + (text[-tail:] if tail else "")


def _one_line(text: str, limit: int) -> str:
    return visible(shortened(_BLANKS.sub(" ", text).strip(" "), limit))


def _plain(text: str) -> str:
    return _MARKUP.sub(lambda m: {"<": "&lt;", "&": "&amp;"}.get(m[0], "\\" + m[0]), text)


def _leading(match: re.Match[str]) -> str:
    return "\\" + match[1] if match[1] else f"{match[2]}\\{match[3]}"


def _span(text: str) -> str:
    body = _LONG_IN_SPAN.sub(_counted, _FORGERIES.sub(_broken, text).replace("|", "¦"))
    ticks = "`" * (1 + max(map(len, _TICKS.findall(body)), default=0))
    pad = " " if body[:1] == "`" or body[-1:] == "`" else ""
    return f"{ticks}{pad}{body}{pad}{ticks}"


def _broken(match: re.Match[str]) -> str:
    character = match[0][-1]
    return f"{match[0][:-1]}\\u{ord(character):04x}"


def _counted(match: re.Match[str]) -> str:
    return f"\\u0060×{len(match[0])}"


@lru_cache(maxsize=4096)
def _shown(character: str) -> str:
    point = ord(character)
    if character in "\n\t" or not _hides(character, point):
        return character
    return f"\\u{point:04x}" if point <= 0xFFFF else f"\\U{point:08x}"


def _hides(character: str, point: int) -> bool:
    if character in _BLANK_GLYPHS or 0xFE00 <= point <= 0xFE0E or 0xE0000 <= point <= 0xE0FFF:
        return True
    # Unassigned ones stay, except non-characters: what is assigned depends on the Python that looks.
    return (
        category(character) in {"Cc", "Cf", "Cs", "Zl", "Zp"} or point & 0xFFFE == 0xFFFE or 0xFDD0 <= point <= 0xFDEF
    )


def _odd(text: str) -> bool:
    return not text.isascii() and any(_hides(character, ord(character)) for character in set(text))
