"""How git is run: no prompts, no hooks, no settings of ours written, and an environment without our keys."""

from __future__ import annotations

import os
import subprocess
import threading
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from evalbot.adapters.trees import decoded, encoded, shown
from evalbot.domain.errors import ConfigError, CouldNotRun, Problem

DEPTH = "Fetch the whole history: set `fetch-depth: 0` on actions/checkout, or run `git fetch --unshallow`."
_SECONDS = 300
# Keys and tokens stay with us: git sees what it needs to find itself, its owner's settings and the network.
_ENVIRONMENT = (
    "PATH", "HOME", "USER", "XDG_CONFIG_HOME", "TMPDIR", "SSH_AUTH_SOCK", "SSL_CERT_FILE", "SSL_CERT_DIR",
    "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "no_proxy", "all_proxy",
)  # fmt: skip
_MISSING = ("not a tree object", "bad object", "missing", "unable to read", "could not fetch", "not a valid object")


@dataclass(frozen=True, slots=True)
class Git:
    """git in one repository.

    Args:
        root: The work tree's root.
        settings: Settings beside the usual ones, "name=value".
        keep: What must live as long as this value.
    """

    root: Path
    settings: tuple[str, ...] = ()
    keep: object = field(default=None, repr=False)

    def output(self, *arguments: str) -> bytes:
        """What a command prints.

        Raises:
            ConfigError: The folder is no repository that git can read.
            CouldNotRun: Anything else that failed.
        """
        done = self.run(*arguments)
        if done.returncode == 0:
            return done.stdout
        raise self.failure(arguments[0], done.stderr)

    def run(
        self, *arguments: str, data: bytes | None = None, extra: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[bytes]:
        """A command's end, whatever its exit status; raises CouldNotRun where there is no git or no end.

        Args:
            data: Its standard input.
            extra: Variables beside those that git always sees.
        """
        try:
            return subprocess.run(  # noqa: S603 - no shell; names go in as shas or by standard input
                self.command(*arguments), cwd=self.root, env=self.environment() | dict(extra or {}), input=data or b"",
                capture_output=True, timeout=_SECONDS, check=False,
            )  # fmt: skip
        except OSError as error:
            raise no_git(error) from error
        except subprocess.TimeoutExpired as error:
            raise CouldNotRun(f"git {arguments[0]} took longer than {_SECONDS} s.") from error

    def command(self, *arguments: str) -> list[str]:
        """The command line. A setting given by -c holds for this command only."""
        settings = (
            # A container's user rarely owns the workspace; -c safe.directory counts from git 2.38 on.
            f"safe.directory={self.root}", "core.quotePath=false", "core.fsmonitor=false", f"core.hooksPath={os.devnull}",
            *self.settings,
        )  # fmt: skip
        options = [part for setting in settings for part in ("-c", setting)]
        return ["git", "--no-pager", "--no-replace-objects", "--literal-pathspecs", *options, *arguments]

    def environment(self) -> dict[str, str]:
        """The variables that git sees; none of the caller's GIT_*, so that no other repository is read."""
        kept = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        fixed = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
        return kept | fixed | {"GIT_CEILING_DIRECTORIES": str(self.root.parent)}

    def failure(self, command: str, stderr: bytes) -> ConfigError | CouldNotRun:
        """What went wrong, from what git said."""
        said = shown(" ".join(stderr.decode("utf-8", "replace").split())[:300])
        if "dubious ownership" in said or "unsafe repository" in said:
            advice = f"git config --global --add safe.directory {shown(str(self.root))}"
            return CouldNotRun(f"another user owns {shown(str(self.root))}. Use git 2.38 or later, or run `{advice}`.")
        if "not a git repository" in said:
            return ConfigError(Problem(f"{shown(str(self.root))} is no git repository that git can read ({said})."))
        missing = any(word in said for word in _MISSING)
        return CouldNotRun(f"git {command} failed: {said or 'it said nothing'}" + (f" {DEPTH}" if missing else ""))


class Batch:
    """One `git cat-file` that answers questions line by line; started when first asked, ended with this value.

    Args:
        git: The repository.
        mode: `--batch-check` for headers, `--batch` for contents.
    """

    def __init__(self, git: Git, mode: str) -> None:
        self._git, self._mode = git, mode
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._end: weakref.finalize[..., Batch] | None = None

    def ask(self, name: str) -> str:
        """The header of an object: "<oid> <type> <size>", or "<name> missing". The name must be one line."""
        with self._lock:
            return self._header(name, self._started())

    def size(self, oid: str) -> int:
        """Its size in bytes; raises CouldNotRun where it is missing."""
        return _size(self.ask(oid), oid)

    def content(self, oid: str) -> bytes:
        """Its bytes; raises CouldNotRun where it is missing. Ask for the size first: all of it is read."""
        with self._lock:
            process = self._started()
            size = _size(self._header(oid, process), oid)
            assert process.stdout is not None  # noqa: S101 - opened as a pipe
            content = process.stdout.read(size + 1)
        if len(content) != size + 1:
            raise CouldNotRun(f"git ended while it read object {oid}.")
        return content[:-1]

    def close(self) -> None:
        """End the process; the next question starts it again."""
        with self._lock:
            if self._end is not None:
                self._end()
            self._process = self._end = None

    def _header(self, name: str, process: subprocess.Popen[bytes]) -> str:
        assert process.stdin is not None  # noqa: S101 - opened as pipes
        assert process.stdout is not None  # noqa: S101
        try:
            process.stdin.write(encoded(name) + b"\n")
            process.stdin.flush()
            header = process.stdout.readline()
        except BrokenPipeError:  # it ended before us; why, we ask below
            header = b""
        if header.endswith(b"\n"):
            return decoded(header[:-1])
        self._git.output("rev-parse", "--git-dir")
        raise CouldNotRun(f"git cat-file ended without an answer (exit {process.poll()}).")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            if self._end is not None:
                self._end()
            try:
                self._process = subprocess.Popen(  # noqa: S603 - no shell, no words of others
                    self._git.command("cat-file", self._mode), cwd=self._git.root, env=self._git.environment(),
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                )  # fmt: skip
            except OSError as error:
                raise no_git(error) from error
            self._end = weakref.finalize(self, stop, self._process)
        return self._process


def stop(process: subprocess.Popen[bytes]) -> None:
    """Kill a process, wait for it, and give its pipes back."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:  # what was left to write has no reader, and needs none
                continue


def no_git(error: OSError) -> CouldNotRun:
    """git is not there."""
    return CouldNotRun(f"git cannot be started ({error.strerror}). Install git and make sure that it is on the PATH.")


def _size(header: str, oid: str) -> int:
    parts = header.split(" ")
    if len(parts) == 3 and parts[2].isdigit():
        return int(parts[2])
    raise CouldNotRun(f"git object {oid} is not in this clone. {DEPTH}")
