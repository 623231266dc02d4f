"""Signals: the first one asks the work to end in order, a second one ends the process at once, with nothing half written."""

from __future__ import annotations

import os
import signal
from types import FrameType
from typing import NoReturn

EXIT_STATUS = 130
SIGNALS = (signal.SIGINT, signal.SIGTERM)

_asked = False  # of this process: signals are the process's


def asked() -> bool:
    """Whether this process has been asked to end."""
    return _asked


def note() -> None:
    """Take a signal down; the second one does not return."""
    global _asked
    if _asked:
        os._exit(EXIT_STATUS)
    _asked = True


def listen() -> None:
    """From now on a signal raises KeyboardInterrupt in the main thread, and the next one ends the process."""
    for number in SIGNALS:
        signal.signal(number, _interrupt)


def listening() -> bool:
    """Whether `listen` was called and still holds."""
    return signal.getsignal(signal.SIGTERM) is _interrupt


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal handler's signature
    note()
    raise KeyboardInterrupt
