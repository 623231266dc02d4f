"""Names of people in running text, by presidio (the extra `names`): waits for it no longer than agreed, and starts it anew when it is lost."""

from __future__ import annotations

import importlib.util
import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evalbot.adapters.git_process import stop
from evalbot.domain.errors import ConfigError, Problem
from evalbot.domain.privacy import Span

SECONDS = 30.0  # for one text; a page takes a tenth of a second
START_SECONDS = 180.0  # large models take their time, on a cold disk above all
_NEEDED = ("evalbot", "presidio_analyzer", "spacy")
_START = "import sys; sys.path += sys.argv[2:]; from evalbot.adapters.names_worker import serve; serve(sys.argv[1])"


class Names:
    """One process that looks for names, from when it is first asked to the end of this value.

    Args:
        model: An installed spaCy model, such as en_core_web_lg; its language is that of the texts.
        seconds: How long it may take for one text.
    """

    def __init__(self, model: str, seconds: float) -> None:
        self._model, self._seconds = model, seconds
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Names] | None = None

    def open(self) -> None:
        """Start it, if it does not run.

        Raises:
            ConfigError: The extra or the model is not installed.
        """
        if self._process is not None:
            return
        if absent := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
            hint = 'Install it: pip install "evalbot[names]". The action\'s image is without it (docs/harvest.md).'
            raise _wrong(f"needs {absent[0].replace('_', '-')}, which is not installed.", hint)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [sys.executable, "-I", "-c", _START, self._model, *_import_paths()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, cwd="/", env={"LC_ALL": "C.UTF-8"}, start_new_session=True,
        )  # fmt: skip
        self._end = weakref.finalize(self, stop, self._process)
        first = self._answer(b"", START_SECONDS)
        if first.get("missing") == "model":
            raise _wrong(f"names the spaCy model {self._model!r:.60}, which is not installed.", "Install it beside evalbot; a model is a package of its own.")
        if not first.get("ready"):
            raise _wrong("needs presidio-analyzer, which cannot be loaded.", "Look at what `python -c 'import presidio_analyzer'` says.")

    def close(self) -> None:
        """End the process; the next text starts another."""
        if self._end is not None:
            self._end()
        self._process = self._end = None

    def __call__(self, text: str) -> Sequence[Span]:
        """Where names stand in a text.

        Raises:
            ValueError: It took too long, or died of it: the text was not looked through and must not be used.
        """
        if not any(map(str.isalpha, text)):
            return ()
        self.open()
        answer = self._answer(json.dumps({"text": text}).encode() + b"\n", self._seconds)
        if "spans" not in answer:
            raise ValueError(f"a text could not be looked through for names: {answer.get('failed', 'the process ended')}")
        return [(start, end) for start, end in answer["spans"]]

    def _answer(self, line: bytes, seconds: float) -> dict[str, Any]:
        """One line for one line; of a process that did not answer, nothing, and it is ended: a late answer must not pass for the next one's."""
        assert self._process is not None  # noqa: S101 - it was started
        try:
            return dict(json.loads(_exchanged(self._process, line, time.monotonic() + seconds)))
        except (OSError, EOFError, ValueError) as error:
            self.close()
            return {"failed": type(error).__name__}

@contextmanager
def names_by(model: str, key: str, path: str, line: int) -> Iterator[Names | None]:
    """What looks for names while the block lasts, started; None where no model is named.

    Args:
        key: The configuration's key that names the model.
        path: The configuration.
        line: The line of its section.
    """
    if not model:
        yield None
        return
    found = Names(model, SECONDS)
    try:
        try:
            found.open()
        except ConfigError as error:
            raise ConfigError([Problem(f"{key} {one.message}", path, line or None, one.hint) for one in error.problems]) from None
        yield found
    finally:
        found.close()


def _wrong(message: str, hint: str) -> ConfigError:
    return ConfigError(Problem(message, hint=hint))


def _exchanged(process: subprocess.Popen[bytes], line: bytes, deadline: float) -> bytes:
    """The line that answers; neither a full pipe nor silence outlasts the deadline."""
    assert process.stdin is not None  # noqa: S101 - opened as pipes
    assert process.stdout is not None  # noqa: S101
    there, back = process.stdin.fileno(), process.stdout.fileno()
    os.set_blocking(there, False)
    answer = b""
    while not answer.endswith(b"\n"):
        readable, writable, _ = select.select([back], [there] if line else [], [], max(0.0, deadline - time.monotonic()))
        if not readable and not writable:
            raise TimeoutError
        if writable:
            line = line[os.write(there, line[: 1 << 16]) :]
        if readable:
            chunk = os.read(back, 1 << 16)
            if not chunk:
                raise EOFError
            answer += chunk
    return answer


def _import_paths() -> list[str]:
    """Where the worker finds us and presidio, and nothing else that happens to be importable here."""
    found = (importlib.util.find_spec(name) for name in _NEEDED)
    return list(dict.fromkeys(str(Path(spec.origin).parents[1]) for spec in found if spec is not None and spec.origin is not None))
