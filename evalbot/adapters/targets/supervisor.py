"""Runs one command as a stranger: limited, locked out of what is not its own, and gone with everything it started.

Started by path in a Python of its own (`python -I -S supervisor.py ORDER`), so it stands alone: standard library only, and
nothing of evalbot. ORDER is a JSON object: `argv`, `cwd`, `scratch` (the only folder that the command may write to),
`hidden` (paths that it may not read), `network` (whether it may open other than local sockets), `memory_bytes`, `life` (a file descriptor: when its other end closes, all is ended).
Standard input, output and error are the command's. The exit status is the command's; 125: it used too much memory, 126: it
could not be started, 128 + n: signal n ended it.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import json
import os
import resource
import select
import signal
import sys
import time
from collections.abc import Iterator

NOBODY = 65534
TOO_MUCH, NOT_STARTED = 125, 126
_LOOK_SECONDS = 0.25
_MOST_PROCESSES, _MOST_FILE_BYTES = 512, 256 * 1024 * 1024
_SUBREAPER, _NO_NEW_PRIVILEGES, _PARENT_DEATH, _DROP_CAPABILITY, _MOST_CAPABILITIES = 36, 38, 1, 24, 64
_LIBC = ctypes.CDLL(None, use_errno=True)
_LINUX = sys.platform == "linux"  # elsewhere a command has its limits of time and its process group, and no more


def main() -> int:
    """Start the command, wait for its end or ours, and leave nothing behind."""
    order = json.loads(sys.argv[1])
    life = int(order["life"])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    woken, wake = os.pipe()
    for end in (woken, wake):
        os.set_blocking(end, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    _prctl(_SUBREAPER, 1)  # whoever is orphaned below us becomes our child, and is found
    child = os.fork()
    if child == 0:
        _become(order, life)
    null = os.open(os.devnull, os.O_RDWR)
    for ours in (0, 1, 2):
        os.dup2(null, ours)  # the command's ends of the pipes are the only ones
    try:
        return _watch(child, life, woken, int(order["memory_bytes"]))
    finally:
        _end_all(child)


def _prctl(option: int, value: int) -> bool:
    return _LINUX and bool(_LIBC.prctl(option, ctypes.c_ulong(value), 0, 0, 0) == 0)


def _watch(child: int, life: int, woken: int, memory_bytes: int) -> int:
    """Until the command ends (its status), or evalbot does, or together they use too much memory."""
    while True:
        ready, _, _ = select.select([life, woken], [], [], _LOOK_SECONDS)
        if life in ready:
            return 143
        with contextlib.suppress(BlockingIOError):
            os.read(woken, 512)
        while (ended := _reaped()) is not None:
            if ended[0] == child:
                return os.waitstatus_to_exitcode(ended[1]) % 256 if os.WIFEXITED(ended[1]) else 128 + os.WTERMSIG(ended[1])
        if sum(_resident_bytes(pid) for pid in _descendants()) > memory_bytes:
            return TOO_MUCH


def _reaped() -> tuple[int, int] | None:
    try:
        pid, status = os.waitpid(-1, os.WNOHANG)
    except ChildProcessError:
        return None
    return (pid, status) if pid else None


def _end_all(child: int) -> None:
    """Kill until nobody is left: whoever forks meanwhile is a child of ours, and next."""
    until = time.monotonic() + 5
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child, signal.SIGKILL)
    while time.monotonic() < until:
        alive = list(_descendants())
        for pid in alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        while _reaped() is not None:
            pass
        if not alive:
            return
        time.sleep(0.002)


def _descendants() -> Iterator[int]:
    parents: dict[int, list[int]] = {}
    for name in os.listdir("/proc") if _LINUX else ():
        if name.isdigit():
            with contextlib.suppress(OSError, ValueError), open(f"/proc/{name}/stat", "rb") as stat:
                # "pid (comm) state ppid": comm may hold blanks and brackets
                parents.setdefault(int(stat.read().rpartition(b")")[2].split()[1]), []).append(int(name))
    todo = parents.get(os.getpid(), [])
    while todo:
        pid = todo.pop()
        yield pid
        todo += parents.get(pid, [])


def _resident_bytes(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/statm", "rb") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 0


def _become(order: dict[str, object], life: int) -> None:
    """In the child: give up what it need not have, then be the command. Never returns."""
    try:
        os.setsid()
        os.close(life)
        signal.set_wakeup_fd(-1)
        for number in (signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        argv = [str(word) for word in order["argv"]]  # type: ignore[attr-defined]  # a list
        scratch, hidden = str(order["scratch"]), [str(path) for path in order["hidden"]]  # type: ignore[attr-defined]  # a list
        os.chdir(str(order["cwd"]))
        program = _found(argv[0])  # while we may still look everywhere
        _limit(int(str(order["memory_bytes"])))
        _prctl(_NO_NEW_PRIVILEGES, 1)
        lock(scratch, hidden)
        if not order["network"]:
            close_network()
        if os.geteuid() == 0 and _LINUX:
            _drop_root(program)
        _prctl(_PARENT_DEATH, signal.SIGKILL)  # last: another user's id forgets it
        os.closerange(3, 4096)
        os.execv(program, argv)
    except BaseException as error:
        os.write(2, f"cannot be started: {error}\n".encode())
    os._exit(NOT_STARTED)


def _limit(memory_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))  # RLIMIT_AS would count what is only reserved
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (_MOST_FILE_BYTES, _MOST_FILE_BYTES))


def _drop_root(program: str) -> None:
    """Be nobody: another user's processes and files are then out of reach, ours above all.

    A program that nobody may start (a Python under /root) stays root's by name, without any of root's powers.
    """
    for number in range(_MOST_CAPABILITIES):
        _prctl(_DROP_CAPABILITY, number)
    if _nobody_can_start(program):
        resource.setrlimit(resource.RLIMIT_NPROC, (_MOST_PROCESSES, _MOST_PROCESSES))
        _be_nobody()
    else:
        _LIBC.capset((ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)())


def _be_nobody() -> None:
    os.setgroups([])
    os.setresgid(NOBODY, NOBODY, NOBODY)
    os.setresuid(NOBODY, NOBODY, NOBODY)


def _found(program: str) -> str:
    """The path of a program: as it is written, or the first of that name on PATH."""
    folders = [] if "/" in program else os.environ.get("PATH", os.defpath).split(":")
    return next((path for folder in folders if os.access(path := os.path.join(folder, program), os.X_OK) and os.path.isfile(path)), program)


def _nobody_can_start(program: str) -> bool:
    child = os.fork()
    if child == 0:
        _be_nobody()
        os._exit(0 if os.access(program, os.X_OK) else 1)
    return os.waitpid(child, 0)[1] == 0


# Landlock, https://docs.kernel.org/userspace-api/landlock.html: without root, and inherited by all that it starts.

_CREATE, _ADD, _RESTRICT = 444, 445, 446  # the same numbers on every architecture
_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE, _IOCTL = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE | _IOCTL
_ALL_BY_VERSION = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/shm")  # noqa: S108 - where semaphores live


def locks() -> bool:
    """Whether this kernel has Landlock, and lets us use it."""
    return _LINUX and bool(_LIBC.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)) >= 1)


def lock(scratch: str, hidden: list[str]) -> bool:
    """Write nowhere but in `scratch`, read nothing of `hidden`, look into no process but one's own; False where the kernel cannot."""
    version = _LIBC.syscall(_CREATE, None, ctypes.c_size_t(0), ctypes.c_uint32(1)) if _LINUX else 0
    if version < 1:
        return False
    every = _ALL_BY_VERSION.get(version, (1 << 16) - 1)
    scoped = 3 if version >= 6 else 0  # no abstract sockets and no signals to those outside
    attribute = (ctypes.c_uint64 * 3)(every, 0, scoped)
    size = 24 if version >= 6 else 8
    ruleset = _LIBC.syscall(_CREATE, ctypes.byref(attribute), ctypes.c_size_t(size), ctypes.c_uint32(0))
    if ruleset < 0:
        return False
    for path in _open_to_read("/", {os.path.realpath(path) for path in hidden}):
        _allow(ruleset, path, (_EXECUTE | _READ | _LIST) & every)
    for path in (scratch, *_DEVICES):
        _allow(ruleset, path, every)
    return bool(_LIBC.syscall(_RESTRICT, ruleset, ctypes.c_uint32(0)) == 0)


def _open_to_read(path: str, hidden: set[str]) -> Iterator[str]:
    """The largest folders and files that hold nothing hidden."""
    if path in hidden:
        return
    if not any(other.startswith(path.rstrip("/") + "/") for other in hidden):
        yield path
        return
    with contextlib.suppress(OSError):
        for entry in os.scandir(path):
            if not entry.is_symlink():
                yield from _open_to_read(entry.path, hidden)


def _allow(ruleset: int, path: str, access: int) -> None:
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    access = access if os.path.isdir(path) else access & _OF_FILES
    rule = ctypes.create_string_buffer(access.to_bytes(8, sys.byteorder) + handle.to_bytes(4, sys.byteorder), 12)
    _LIBC.syscall(_ADD, ruleset, ctypes.c_uint32(1), rule, ctypes.c_uint32(0))
    os.close(handle)


# Seccomp, https://docs.kernel.org/userspace-api/seccomp_filter.html: a filter over the numbers of system calls.

_SECCOMP, _FILTER = 22, 2
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _DENY = 0x7FFF0000, 0x00050000 | errno.EACCES
_NUMBER, _ARCHITECTURE, _FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data
_SOCKET = {"x86_64": (0xC000003E, 41), "aarch64": (0xC00000B7, 198)}  # AUDIT_ARCH_…, socket
_IO_URING, _X32, _LOCAL = 425, 0x40000000, 1  # a second way to a socket, a second table of numbers, AF_UNIX


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("then", ctypes.c_uint8), ("otherwise", ctypes.c_uint8), ("value", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction)))


def close_network() -> None:
    """No socket but local ones can be opened from now on, nor by anything that is started; raises OSError where that cannot be had."""
    machine = os.uname().machine
    if not _LINUX or machine not in _SOCKET:
        raise OSError(errno.ENOSYS, f"the network cannot be closed on {sys.platform} {machine}")
    architecture, socket = _SOCKET[machine]
    steps = (
        (_LOAD, 0, 0, _ARCHITECTURE), (_EQUAL, 0, 7, architecture),  # else: denied
        (_LOAD, 0, 0, _NUMBER), (_AT_LEAST, 5, 0, _X32), (_EQUAL, 4, 0, _IO_URING), (_EQUAL, 0, 2, socket),
        (_LOAD, 0, 0, _FIRST_ARGUMENT), (_EQUAL, 0, 1, _LOCAL),
        (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _DENY),
    )  # fmt: skip
    program = _Program(len(steps), (_Instruction * len(steps))(*(_Instruction(*step) for step in steps)))
    if _LIBC.prctl(_SECCOMP, _FILTER, ctypes.byref(program), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "the network cannot be closed: the kernel takes no filter")


if __name__ == "__main__":
    sys.exit(main())
