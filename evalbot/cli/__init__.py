"""Arguments → activity → exit code: one module a command, and the two entries, command line and action."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from evalbot.app.cancelling import listen

OPTIMIZED = "Python was started with -O or PYTHONOPTIMIZE, which switches off checks that keep tokens from foreign hosts. Start it without."


def main() -> None:
    """The command line's entry: one line for every error, and a traceback only when EVALBOT_DEBUG asks for it."""
    listen()
    _start_light()
    if not __debug__:
        sys.stderr.write(f"evalbot: {OPTIMIZED}\n")
        sys.exit(2)
    from evalbot.cli.app import app  # here: the action's entry below has no use for typer

    try:
        app()
    except KeyboardInterrupt:
        sys.stderr.write("evalbot: cancelled\n")
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            _without_secrets()
            raise
        try:
            sys.stderr.write(f"evalbot: internal_error: {_said(error)} (EVALBOT_DEBUG=1 shows where; please report it)\n")
        finally:  # without memory not even that may work, and Python's own end would be exit status 1, which means `fail`
            sys.exit(3)


def action() -> None:
    """The container's entry: inputs and event from the environment."""
    listen()
    _start_light()
    if not __debug__:
        sys.stdout.write(f"::error::evalbot: config_error: {OPTIMIZED}\n")
        sys.exit(2)
    from evalbot.app.action import act

    try:
        sys.exit(act(os.environ))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            _without_secrets()
            raise
        try:
            sys.stdout.write(f"::error::evalbot: internal_error: {type(error).__name__} (EVALBOT_DEBUG=1 shows where; please report it)\n")
        finally:
            sys.exit(3)


def _said(error: Exception) -> str:
    """The error without secrets; its name alone where not even that can be done, as without memory."""
    try:
        return _redacted(f"{type(error).__name__}: {error}")
    except Exception:
        return type(error).__name__


def _redacted(text: str) -> str:
    from evalbot.app.wiring import redactor

    return redactor(os.environ).redact(text)


def _without_secrets() -> None:
    """Tracebacks from here on are shown without what the environment keeps secret."""
    import traceback
    from types import TracebackType

    def show(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        sys.stderr.write(_redacted("".join(traceback.format_exception(kind, error, trace))))

    sys.excepthook = show


def _start_light() -> None:
    """Spare every run work that it has no use for; bench/ measures it."""
    gc.set_threshold(50_000, 20, 100)  # imports make many objects that stay: looking through them again and again is in vain
    atexit.register(gc.freeze)  # nor at the end, when all of it goes at once: a third of a run that measures nothing
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else every installed package is searched for some
