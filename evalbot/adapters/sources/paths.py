"""Where a value stands in a record: JMESPath, with plain dotted names found without its interpreter."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from evalbot.domain.canonical import Json

_DOTTED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\Z")


@dataclass(frozen=True)
class Finder:
    """`of(record)` is the value, None where there is none; `reason` says what is wrong with the path, if anything is."""

    of: Callable[[Json], Json]
    reason: str = ""


@cache
def finder(path: str) -> Finder:
    """The finder of a path. A million records are read in a run, so the usual case is kept fast."""
    if _DOTTED.match(path):
        return Finder(_dotted(tuple(path.split("."))))
    import jmespath
    from jmespath.exceptions import JMESPathError

    try:
        compiled = jmespath.compile(path)
    except JMESPathError as error:
        return Finder(lambda _: None, str(error).splitlines()[0])

    def search(record: Json) -> Json:
        try:
            return cast(Json, compiled.search(record))
        except JMESPathError:  # a function that does not fit this record's values: it has none
            return None

    return Finder(search)


def _dotted(names: tuple[str, ...]) -> Callable[[Json], Json]:
    def of(record: Json) -> Json:
        value: Any = record
        for name in names:
            if not isinstance(value, Mapping):
                return None
            value = value.get(name)
        return cast(Json, value)

    return of
