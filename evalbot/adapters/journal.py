"""The journal on disk: `results.jsonl`, a line at a time, each in one write, so that a crash loses nothing it was told."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterable
from io import BytesIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryFile
from types import TracebackType
from zipfile import BadZipFile, ZipFile

from evalbot.adapters.lines import FileLines
from evalbot.domain.errors import CouldNotRun

NAME = "results.jsonl"
STORED_BYTES = 64 * 1024 * 1024
_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW

EARLIER_SECONDS = 24 * 3600.0
"""How old results may be and still be believed: a model's name without a date can mean another model tomorrow."""


def earlier_lines(folder: Path, now: float | None = None) -> FileLines | None:
    """The lines of `results.jsonl` that an earlier run left in the folder; None where there is no such file or it is too old.

    Args:
        now: Seconds since the epoch; without it no file is too old.
    """
    path = folder / NAME
    try:
        if path.is_symlink() or not path.is_file() or (now is not None and now - path.stat().st_mtime > EARLIER_SECONDS):
            return None
        return FileLines(os.open(path, _READ))
    except OSError:
        return None  # what cannot be read is measured again


def stored_lines(archive: bytes) -> FileLines | None:
    """The lines of the `results.jsonl` in an artifact's zip; None where it holds no such file or is no zip.

    At most 64 MiB are read: a small archive may unpack to anything.
    """
    try:
        with ZipFile(BytesIO(archive)) as files:
            name = next((name for name in files.namelist() if PurePosixPath(name).name == NAME), None)
            if name is None:
                return None
            with files.open(name) as packed, TemporaryFile() as file:
                left = STORED_BYTES
                while piece := packed.read(min(left, 1 << 20)):
                    file.write(piece)
                    left -= len(piece)
                file.flush()
                return FileLines(os.dup(file.fileno()))
    except (BadZipFile, OSError, RuntimeError, NotImplementedError, zlib.error):
        return None  # what cannot be read is measured again


class FileJournal:
    """Appends lines to `results.jsonl` in a folder, which is created where it does not exist.

    A last line that an earlier process did not finish is ended with a line break, so that it spoils no other.

    Args:
        folder: The report's folder.
        fresh: Start with an empty file instead of appending to what is there.
        write: Writes bytes to a file descriptor and says how many.

    Raises:
        CouldNotRun: The file cannot be opened.
    """

    def __init__(self, folder: Path, *, fresh: bool = False, write: Callable[[int, bytes], int] = os.write) -> None:
        self.path = folder / NAME
        self._write = write
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW | (os.O_TRUNC if fresh else 0)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file: int | None = os.open(self.path, flags, 0o644)
            size = os.fstat(self._file).st_size
            self._torn = size > 0 and os.pread(self._file, 1, size - 1) != b"\n"
            self._fresh, self._count = size == 0, 0
            self._lines = FileLines(os.open(self.path, _READ))
        except OSError as error:
            raise CouldNotRun(f"could not open {self.path}: {error.strerror}") from error

    def append(self, line: str) -> int:
        """One line of JSON without its line end, written at once; returns its place, for `read`.

        Raises:
            CouldNotRun: It was not written whole; what stands there will be ended before the next line.
        """
        if self._file is None:
            raise CouldNotRun(f"could not write {self.path}: it is closed")
        if "\n" in line:
            raise ValueError("a line of the journal must not hold a line break")
        data = f"{chr(10) if self._torn else ''}{line}\n".encode()
        try:
            written = self._write(self._file, data)
        except OSError as error:
            raise CouldNotRun(f"could not write {self.path}: {error.strerror}. Is the disk full?") from error
        # A full disk takes a part and says so in no other way.
        self._torn = self._torn if written == 0 else written < len(data)
        if written < len(data):
            message = f"could not write {self.path}: only {written} of {len(data)} bytes were taken. Is the disk full?"
            raise CouldNotRun(message)
        self._count += 1
        end = os.lseek(self._file, 0, os.SEEK_CUR)  # where this write ended, whoever else appends
        size = len(data) - data.startswith(b"\n")  # without the end of a line that was torn
        return self._lines.note(max(0, end - size), size)

    def read(self, place: int) -> str:
        """A line that was appended, as it was then: also after `rewrite`, and after `close`."""
        return self._lines.read(place)

    def holds_only(self, count: int) -> bool:
        """Whether the file was empty at first and has exactly so many lines now."""
        return self._fresh and self._count == count

    def rewrite(self, lines: Iterable[str]) -> None:
        """Replace the whole file, at once and never half: after a run only its own lines remain.

        Raises:
            CouldNotRun: The disk did not take it; the old file stands.
        """
        part = self.path.with_suffix(".part")
        try:
            with part.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
            part.replace(self.path)
        except OSError as error:
            raise CouldNotRun(f"could not write {self.path}: {error.strerror}. Is the disk full?") from error

    def close(self) -> None:
        """Make sure that the disk has it all, and let go; closing twice does no harm.

        Raises:
            CouldNotRun: The disk did not take it.
        """
        file, self._file = self._file, None
        if file is None:
            return
        try:
            os.fsync(file)
        except OSError as error:
            raise CouldNotRun(f"could not write {self.path}: {error.strerror}. Is the disk full?") from error
        finally:
            os.close(file)

    def __enter__(self) -> FileJournal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
