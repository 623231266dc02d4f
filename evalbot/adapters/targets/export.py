"""A folder of ours with files of a tree: where a target's code runs, so that nobody's work tree is run or written to."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from evalbot.adapters.trees import refuse_outside
from evalbot.domain.errors import ConfigError
from evalbot.domain.ports import Snapshot

_EXECUTABLE, _REGULAR = "100755", "100644"


@contextmanager
def exported(tree: Snapshot, paths: Sequence[str]) -> Iterator[Path]:
    """The files in a temporary folder that is gone afterwards.

    Links, submodules, LFS pointers and files over the limit are left out: code that needs one fails, and says so itself.
    """
    folder = Path(tempfile.mkdtemp(prefix="evalbot-target-"))
    try:
        for path in paths:
            _write(tree, path, folder)
        for inner in (folder, *folder.rglob("*")):
            if inner.is_dir():
                inner.chmod(0o755)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write(tree: Snapshot, path: str, folder: Path) -> None:
    refuse_outside(path)
    mode = tree.identity(path).partition(" ")[0]
    if mode not in (_REGULAR, _EXECUTABLE):
        return
    try:
        content = tree.read(path)
    except ConfigError:
        return
    file = folder / path  # what is not UTF-8 in it survives, as the file system's encoding has it
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o755 if mode == _EXECUTABLE else 0o644)
