"""The files of a commit or of the work tree, read so that nothing but a regular file of the repository can come back."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.ports import Tree

MOST_BYTES = 5 * 1024 * 1024
_LFS = b"version https://git-lfs.github.com/spec/"
_REFUSED = {
    "120000": ("is a symbolic link.", "evalbot reads regular files only: commit the file itself."),
    "160000": ("is a submodule.", "evalbot reads regular files of this repository only: copy the file into it."),
    "040000": ("is a folder.", "Name a file in it."),
}


class CommitTree:
    """One commit's files, read from git objects; the work tree is never consulted.

    Args:
        name: The commit's sha.
        entries: Path → (mode, object id), of every entry.
        size_of: The size in bytes of an object.
        content_of: The bytes of an object.
    """

    def __init__(
        self, name: str, entries: Mapping[str, tuple[str, str]], size_of: Callable[[str], int], content_of: Callable[[str], bytes]
    ) -> None:
        self.name, self._entries, self._size_of, self._content_of = name, entries, size_of, content_of

    @cached_property
    def _paths(self) -> tuple[str, ...]:
        return tuple(sorted(self._entries))

    def paths(self) -> Sequence[str]:
        """Every path, sorted, whatever its mode."""
        return self._paths

    def exists(self, path: str) -> bool:
        """Whether there is such a path."""
        return path in self._entries

    def identity(self, path: str) -> str:
        """Its mode and object id."""
        return " ".join(self._entries[path])

    def read(self, path: str) -> bytes:
        """The bytes of a regular file (mode 100644 or 100755); raises ConfigError for anything else."""
        refuse_outside(path)
        if path not in self._entries:
            raise _missing(path, self.name, any(known.startswith(f"{path}/") for known in self._entries))
        mode, oid = self._entries[path]
        if mode in _REFUSED:
            raise ConfigError(Problem(_REFUSED[mode][0], shown(path), hint=_REFUSED[mode][1]))
        _refuse_large(path, self._size_of(oid))
        return _no_pointer(path, self._content_of(oid))


class WorkTree:
    """The work tree's files: tracked ones and new ones that git does not ignore. What it reads may change meanwhile.

    Args:
        root: The repository's root.
        listed: Paths as git lists them.
    """

    name = "work tree"

    def __init__(self, root: Path, listed: Sequence[str]) -> None:
        self._root = root
        folder = encoded(f"{root}/")
        # git lists what its index holds, deleted files too, and another repository within this one as `folder/`.
        here = (path for path in set(listed) if not path.endswith("/") and os.path.lexists(folder + encoded(path)))
        self._paths = tuple(sorted(here))
        self._known = frozenset(self._paths)

    def paths(self) -> Sequence[str]:
        """Every path, sorted, whatever it is."""
        return self._paths

    def exists(self, path: str) -> bool:
        """Whether there is such a path."""
        return path in self._known

    def identity(self, path: str) -> str:
        """Its mode and the id that git would give its content."""
        try:
            found = os.lstat(self._root / path)
            if not stat.S_ISREG(found.st_mode):
                return "120000 none"
            content = self._bytes(path)
        except (OSError, ConfigError):
            return "100644 unreadable"
        mode = "100755" if found.st_mode & stat.S_IXUSR else "100644"
        blob = b"blob %d\0" % len(content) + content
        return f"{mode} {hashlib.sha1(blob, usedforsecurity=False).hexdigest()}"

    def read(self, path: str) -> bytes:
        """The bytes of a regular file; raises ConfigError for anything else, also for a link on the way to it."""
        refuse_outside(path)
        if path not in self._known:
            raise _missing(path, self.name, any(known.startswith(f"{path}/") for known in self._known))
        try:
            return _no_pointer(path, self._bytes(path))
        except OSError as error:
            raise ConfigError(Problem(*_why(path, error))) from None

    def _bytes(self, path: str) -> bytes:
        # One folder after the other, each opened without following links: a folder swapped for a link cannot lead out.
        *folders, name = path.split("/")
        handle = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for folder in folders:
                inner = os.open(encoded(folder), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=handle)
                os.close(handle)
                handle = inner
            file = os.open(encoded(name), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=handle)
        finally:
            os.close(handle)
        with os.fdopen(file, "rb") as stream:
            found = os.fstat(file)
            if not stat.S_ISREG(found.st_mode):
                raise ConfigError(Problem("is no regular file.", shown(path), hint="evalbot reads regular files only."))
            _refuse_large(path, found.st_size)
            content = stream.read(MOST_BYTES + 1)
        _refuse_large(path, len(content))
        return content


def folder_tree(root: Path) -> WorkTree:
    """A folder that is in no repository, such as a deployed service's: what lies in it, but for what is hidden."""
    found: list[str] = []
    for folder, inner, names in os.walk(root):
        inner[:] = [name for name in inner if not name.startswith(".")]
        found += [os.path.relpath(os.path.join(folder, name), root) for name in names if not name.startswith(".")]  # noqa: PTH118 - many
    return WorkTree(root, found)


def encoded(path: str) -> bytes:
    """The bytes that git and the file system know a path by."""
    return path.encode("utf-8", "surrogateescape")


def decoded(path: bytes) -> str:
    """A path's bytes as text; what is not UTF-8 survives the way back."""
    return path.decode("utf-8", "surrogateescape")


def shown(path: str) -> str:
    """A path on one line: what does not print is escaped."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape", "surrogatepass").decode() for char in path)


def refuse_outside(path: str) -> None:
    """Raise ConfigError for a path that is absolute, empty, holds `..` or NUL: it is not in the repository."""
    parts = path.split("/")
    if "\0" in path or path.startswith("/") or ".." in parts or "" in parts or "." in parts:
        raise ConfigError(Problem("leaves the repository.", shown(path) or "''", hint="Paths are relative to the repository's root."))


def _refuse_large(path: str, size: int) -> None:
    if size > MOST_BYTES:
        message = f"has {size / 1024 / 1024:.1f} MiB; the limit is {MOST_BYTES // 1024 // 1024} MiB."
        raise ConfigError(Problem(message, shown(path), hint="Split it."))


def _no_pointer(path: str, content: bytes) -> bytes:
    if content.startswith(_LFS):
        hint = "evalbot reads git objects, where the content is not: commit the file without LFS."
        raise ConfigError(Problem("is a Git LFS pointer.", shown(path), hint=hint))
    return content


def _missing(path: str, tree: str, is_folder: bool) -> ConfigError:
    if is_folder:
        return ConfigError(Problem(_REFUSED["040000"][0], shown(path), hint=_REFUSED["040000"][1]))
    where = "the work tree, or git ignores it" if tree == WorkTree.name else f"commit {tree[:10]}"
    return ConfigError(Problem(f"there is no such file in {where}.", shown(path)))


def _why(path: str, error: OSError) -> tuple[str, str]:
    import errno

    if error.errno in (errno.ELOOP, errno.ENOTDIR, errno.EMLINK):
        return f"{_REFUSED['120000'][0]} {_REFUSED['120000'][1]}", shown(path)
    return f"cannot be read: {error.strerror}.", shown(path)


@dataclass(frozen=True)
class Through:
    """A tree whose files are read through a function of path and content; everything else is the tree's own."""

    tree: Tree
    change: Callable[[str, bytes], bytes]

    @property
    def name(self) -> str:
        """The name of the tree below."""
        return self.tree.name

    def paths(self) -> Sequence[str]:
        """The paths of the tree below."""
        return self.tree.paths()

    def exists(self, path: str) -> bool:
        """Whether the tree below has it."""
        return self.tree.exists(path)

    def read(self, path: str) -> bytes:
        """A file as the function makes it; raises ConfigError as the tree does."""
        return self.change(path, self.tree.read(path))
