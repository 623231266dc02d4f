"""Who asked to be forgotten: a file of the default branch, read before anything is fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator

from evalbot.adapters.datasets.text import decode
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.harvest import HarvestPolicy
from evalbot.domain.ports import Snapshot
from evalbot.domain.samples import Sample

_HASHED = "sha256:"


def erased_in(policy: HarvestPolicy, path: str, tree: Snapshot) -> Callable[[Sample], bool]:
    """Whether a sample's record or user is in the file; blank lines of it and those that begin with # are nobody.

    Raises:
        ConfigError: The file is not there or is not text: nothing is fetched without it.
    """
    if not policy.erased:
        return lambda _: False
    if not tree.exists(policy.erased):
        problem = f"harvest.erased names {policy.erased!r}, which is not on the default branch."
        raise ConfigError(Problem(problem, path, policy.line or None, "Add it, if only empty."))
    lines = (line.strip() for line in decode(tree.read(policy.erased), policy.erased).split("\n"))
    named = frozenset(_plain(line) for line in lines if line and not line.startswith("#"))
    return lambda sample: not named.isdisjoint(_known_as(sample))


def _plain(line: str) -> str:
    return line.lower() if line.lower().startswith(_HASHED) else line


def _known_as(sample: Sample) -> Iterator[str]:
    for name in filter(None, (sample.id, sample.user)):
        yield name
        yield _HASHED + hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()
