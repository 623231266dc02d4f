"""One process of a target: started by the supervisor, spoken to by pipes, ended with everything that it started."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evalbot.adapters.targets import supervisor
from evalbot.adapters.targets.answers import failed
from evalbot.domain.targets import Place

_PASSED = ("PATH", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR")
_GRACE_SECONDS = 6.0
_NOT_DUMPABLE = 4
_MOST_ERROR_BYTES = 2000
# Files where keys and tokens lie: in a home folder, and what a runner gives a job.
_OF_HOME = (".ssh", ".netrc", ".git-credentials", ".aws", ".azure", ".config", ".docker", ".kube", ".npmrc", ".pypirc", ".gnupg")
_OF_RUNNER = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY", "GITHUB_EVENT_PATH")


@dataclass(frozen=True)
class Command:
    """What is started.

    Args:
        argv: The program and its arguments; looked for on PATH, or relative to the code.
        names: Variables of ours that it is given, beside the few that every target has.
        memory_bytes: For it and all that it starts, together.
        network: Whether it may open other than local sockets.
    """

    argv: Sequence[str]
    names: Sequence[str] = ()
    memory_bytes: int = 2 * 1024**3
    network: bool = True


class Child:
    """A running command. `end` must be called, also after an error."""

    def __init__(self, process: asyncio.subprocess.Process, life: int, scratch: str) -> None:
        self._process, self._scratch = process, scratch
        self._life: int | None = life
        self._errors = b""
        self._hearing = asyncio.ensure_future(self._hear())
        self._rest = b""

    @classmethod
    async def start(cls, command: Command, place: Place) -> Child:
        """Start it in the folder of its code; raises ProviderError where that is impossible."""
        if sys.platform == "linux":
            _LIBC.prctl(_NOT_DUMPABLE, 0, 0, 0, 0)  # from now on nobody but root reads our environment in /proc
        scratch = tempfile.mkdtemp(prefix="evalbot-scratch-")
        os.chmod(scratch, 0o777)  # noqa: S103, PTH101 - another user's; the folder's name is secret enough for others
        theirs, ours = os.pipe()
        order = {
            "argv": list(command.argv), "cwd": str(place.code or scratch), "scratch": scratch, "life": theirs,
            "hidden": hidden(place.environment), "memory_bytes": command.memory_bytes,
            "network": command.network,
        }  # fmt: skip
        try:
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-I", "-S", supervisor.__file__, json.dumps(order), stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, pass_fds=(theirs,), start_new_session=True,
                env=variables(place.environment, command.names, scratch), cwd="/",
            )  # fmt: skip
        except OSError as error:
            os.close(ours)
            shutil.rmtree(scratch, ignore_errors=True)
            raise failed(f"it cannot be started: {error.strerror}") from error
        finally:
            os.close(theirs)
        return cls(process, ours, scratch)

    async def send(self, text: str, *, last: bool = False) -> None:
        """One line to its standard input; `last` closes it. A command that reads nothing is fine."""
        pipe = self._process.stdin
        assert pipe is not None  # noqa: S101 - opened as a pipe
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            pipe.write(text.encode() + b"\n")
            await pipe.drain()
            if last:
                pipe.close()

    async def line(self, most_bytes: int) -> bytes | None:
        """The next line of its standard output; None at the end. Raises ProviderError where it is too long."""
        while b"\n" not in self._rest:
            chunk = await self._read(most_bytes)
            if not chunk:
                last, self._rest = self._rest, b""
                return last or None
        found, _, self._rest = self._rest.partition(b"\n")
        return found

    async def everything(self, most_bytes: int) -> bytes:
        """All of its standard output; raises ProviderError where there is too much."""
        while await self._read(most_bytes):
            pass
        return self._rest

    async def status(self) -> int:
        """Its exit status, once it has ended."""
        return await self._process.wait()

    async def errors(self) -> str:
        """The last two lines of its standard error, once it has ended."""
        await asyncio.wait([self._hearing], timeout=_GRACE_SECONDS)
        lines = [" ".join(line.split()) for line in self._errors.decode("utf-8", "backslashreplace").splitlines()]
        return " ".join([line for line in lines if line.strip("^~ ")][-2:])

    async def end(self) -> None:
        """End it and everything that it started; does nothing where it has ended."""
        life, self._life = self._life, None
        if life is not None:
            os.close(life)  # the supervisor sees it and kills them all
        try:
            await self._drained()  # first: a process has ended for asyncio only when its pipes have
            async with asyncio.timeout(_GRACE_SECONDS):
                await self._process.wait()
        except TimeoutError:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            await self._process.wait()
        finally:
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)

    async def _drained(self) -> None:
        """What nobody wants of its pipes: they close once they are read to their end."""
        assert self._process.stdin is not None  # noqa: S101 - opened as pipes
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_GRACE_SECONDS):
                while await self._process.stdout.read(65_536):
                    pass
                await self._hearing

    async def _read(self, most_bytes: int) -> bytes:
        assert self._process.stdout is not None  # noqa: S101 - opened as a pipe
        chunk = await self._process.stdout.read(65_536)
        self._rest += chunk
        if len(self._rest) > most_bytes:
            raise failed(f"it answered with more than {most_bytes:,} bytes")
        return chunk

    async def _hear(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - opened as a pipe
        while chunk := await self._process.stderr.read(65_536):
            self._errors = (self._errors + chunk)[-_MOST_ERROR_BYTES:]


_LIBC = ctypes.CDLL(None)


def variables(environment: Mapping[str, str], names: Sequence[str], scratch: str) -> dict[str, str]:
    """What a target sees of our environment: nothing that could be a secret, but for what policy names."""
    kept = {name: environment[name] for name in (*_PASSED, *names) if name in environment}
    return kept | {"HOME": scratch, "TMPDIR": scratch, "PYTHONDONTWRITEBYTECODE": "1"}


def hidden(environment: Mapping[str, str]) -> list[str]:
    """Paths where secrets lie."""
    home, workspace = environment.get("HOME"), environment.get("GITHUB_WORKSPACE")
    found = [Path(home) / name for name in _OF_HOME] if home else []
    found += [Path(environment[name]).parent for name in _OF_RUNNER if environment.get(name)]
    found += [Path(environment["RUNNER_TEMP"])] if environment.get("RUNNER_TEMP") else []
    found += [Path(workspace) / ".git"] if workspace else []
    return [str(path) for path in (*found, Path("/run/secrets"), Path("/github/file_commands")) if path != Path("/") and path.exists()]
