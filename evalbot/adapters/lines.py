"""Lines of a file by their number, read when they are asked for: memory holds where they begin and no more."""

from __future__ import annotations

import os
import weakref
from array import array
from collections.abc import Iterator
from tempfile import TemporaryFile


class FileLines:
    """The lines of an open file; the port `evalbot.domain.ports.Lines`.

    A file that is replaced under its name meanwhile does no harm: what was opened is what is read.

    Args:
        file: A descriptor that can be read at any offset; it is closed when nobody holds this any more.
    """

    def __init__(self, file: int) -> None:
        self._file = file
        self._starts, self._sizes = array("Q"), array("I")
        weakref.finalize(self, os.close, file)

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Every line that is there, each with its place."""
        at = 0
        with os.fdopen(os.dup(self._file), "rb") as file:
            file.seek(0)
            for line in file:
                yield self.note(at, len(line)), _text(line)
                at += len(line)

    def note(self, start: int, size: int) -> int:
        """The place of a line of `size` bytes that begins at `start`."""
        self._starts.append(start)
        self._sizes.append(size)
        return len(self._starts) - 1

    def read(self, place: int) -> str:
        """The line without its line end; what cannot be read is empty."""
        try:
            return _text(os.pread(self._file, self._sizes[place], self._starts[place]))
        except OSError:
            return ""


def _text(line: bytes) -> str:
    return line.decode("utf-8", "replace").rstrip("\n")


class TemporaryLines:
    """Lines of a file without a name in the folder for temporary files; nothing is kept where there is no room for it."""

    def __init__(self) -> None:
        self._lines: FileLines | None = None
        self._end, self._file = 0, -1

    def append(self, line: str) -> int | None:
        """The line's place, for `read`; None where it could not be written whole."""
        data = f"{line}\n".encode("utf-8", "surrogatepass")
        try:
            lines = self._opened()
            written = os.write(self._file, data)
        except OSError:
            return None
        self._end += written
        return lines.note(self._end - written, written) if written == len(data) else None

    def read(self, place: int) -> str:
        """The line without its line end; what cannot be read is empty."""
        return self._lines.read(place) if self._lines else ""

    def _opened(self) -> FileLines:
        if self._lines is None:
            with TemporaryFile() as file:
                self._file = os.dup(file.fileno())
            self._lines = FileLines(self._file)
        return self._lines
