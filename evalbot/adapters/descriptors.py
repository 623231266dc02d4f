"""File descriptors: every call in flight takes one, and a process may have fewer of them than calls were asked for."""

from __future__ import annotations

from collections.abc import Callable

_OTHERS = 128  # files, pipes, the database, workers


def affordable(calls: int, limits: Callable[[], tuple[int, int]] | None = None, raise_to: Callable[[int, int], object] | None = None) -> int:
    """How many of so many calls may be in flight; the soft limit is raised as far as that takes and the system allows.

    Args:
        limits: Soft and hard limit of open files; -1 is none.
        raise_to: Sets both.
    """
    read, write = (limits, raise_to) if limits and raise_to else _of_this_process()
    soft, hard = read()
    wanted = calls + _OTHERS
    if soft != -1 and soft < wanted:
        best = wanted if hard == -1 else min(wanted, hard)
        try:
            write(best, hard)
            soft = best
        except (ValueError, OSError):
            pass  # not allowed to: so be it
    return calls if soft == -1 else max(1, min(calls, soft - _OTHERS))


def _of_this_process() -> tuple[Callable[[], tuple[int, int]], Callable[[int, int], object]]:
    import resource

    def limits() -> tuple[int, int]:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        unlimited = resource.RLIM_INFINITY
        return (-1 if soft == unlimited else soft, -1 if hard == unlimited else hard)

    def raise_to(soft: int, hard: int) -> None:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, resource.RLIM_INFINITY if hard == -1 else hard))

    return limits, raise_to
