"""A tree that remembers what was read from it: that is what a prompt depends on."""

from __future__ import annotations

from collections.abc import Sequence

from evalbot.domain.ports import Tree


class RecordingReader:
    """Reads through to a tree and keeps the path of every file that it gave.

    Args:
        tree: What is read.
    """

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self._seen: dict[str, None] = {}

    @property
    def name(self) -> str:
        """The tree's name."""
        return self._tree.name

    @property
    def seen(self) -> tuple[str, ...]:
        """The paths read so far, each once, in the order of their first reading."""
        return tuple(self._seen)

    def paths(self) -> Sequence[str]:
        """The tree's paths; looking is not reading."""
        return self._tree.paths()

    def exists(self, path: str) -> bool:
        """Whether the tree has such a path."""
        return self._tree.exists(path)

    def read(self, path: str) -> bytes:
        """The bytes of a file, recorded; raises ConfigError as the tree does."""
        content = self._tree.read(path)
        self._seen[path] = None
        return content
