"""The frame of every page that is all our own: a policy that lets nothing be loaded, styles, and tables."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from importlib.resources import files

from evalbot.report.escape import text


def head(heading: str, style: str, script: str) -> Iterator[str]:
    """Everything before the page's own content.

    Its policy allows this style and this script and nothing else: the page works from disk, loads nothing and connects nowhere.

    Args:
        style: The page's own rules; those of the frame come first.
    """
    whole = asset(__package__, "frame.css") + style
    policy = f"default-src 'none'; style-src '{_hash(whole)}'; script-src '{_hash(script)}'; base-uri 'none'; form-action 'none'"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">\n<meta name="referrer" content="no-referrer">\n'
    yield f"<title>{text(heading)}</title>\n<style>{whole}</style>\n</head>\n<body>\n"


def foot(script: str) -> str:
    """Everything after it."""
    return f"<script>{script}</script>\n</body>\n</html>\n"


def table(headers: Iterable[str], rows: Sequence[Sequence[str]], numbers: range) -> Iterator[str]:
    """Cells are markup already; columns in `numbers` do not wrap."""
    if not rows:
        return
    yield '<div class="scroll"><table><thead><tr>' + "".join(f"<th>{text(one)}</th>" for one in headers) + "</tr></thead><tbody>\n"
    for row in rows:
        cells = (f'<td class="number">{cell}</td>' if index in numbers else f"<td>{cell}</td>" for index, cell in enumerate(row))
        yield f"<tr>{''.join(cells)}</tr>\n"
    yield "</tbody></table></div>"


@cache
def asset(package: str, name: str) -> str:
    """A style or script that lies beside the code."""
    return files(package).joinpath(name).read_text(encoding="utf-8")


def _hash(content: str) -> str:
    """As a Content-Security-Policy names an inline script or style that may be used."""
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
