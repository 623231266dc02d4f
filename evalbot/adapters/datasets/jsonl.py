"""JSON Lines: one example a line; blank lines are no rows."""

from __future__ import annotations

from collections.abc import Iterator

from evalbot.adapters.datasets.row import Raw
from evalbot.adapters.datasets.strict_json import NotJsonError, parse
from evalbot.domain.errors import Problem

_SMALL = 2**20


def rows(text: str, path: str) -> Iterator[Raw | Problem]:
    """Each row with its line, or what is wrong with that line."""
    for number, line in enumerate(text.split("\n"), start=1):
        if not line or line.isspace():
            continue
        try:
            yield Raw(parse(line), path, number, small=len(line) < _SMALL)
        except NotJsonError as error:
            place = f" ({path}:{number}:{error.column})" if error.column else ""
            yield Problem(f"not valid JSON{place}: {error}.", path, number, "Each line is one JSON object.")
