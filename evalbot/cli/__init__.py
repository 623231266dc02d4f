"""Arguments → activity → exit code: one module a command, and the two entries, command line and action."""

from __future__ import annotations

import atexit
import gc
import os
import sys

from evalbot.app.cancelling import listen


def main() -> None:
    """The command line's entry: one line for every error, and a traceback only when EVALBOT_DEBUG asks for it."""
    listen()
    _start_light()
    from evalbot.cli.app import app  # here: the action's entry below has no use for typer

    try:
        app()
    except KeyboardInterrupt:
        sys.stderr.write("evalbot: cancelled\n")
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            raise
        sys.stderr.write(f"evalbot: internal_error: {type(error).__name__}: {error} (EVALBOT_DEBUG=1 shows where; please report it)\n")
        sys.exit(3)


def action() -> None:
    """The container's entry: inputs and event from the environment."""
    listen()
    _start_light()
    from evalbot.app.action import act

    try:
        sys.exit(act(os.environ))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            raise
        sys.stdout.write(f"::error::evalbot: internal_error: {type(error).__name__} (EVALBOT_DEBUG=1 shows where; please report it)\n")
        sys.exit(3)


def _start_light() -> None:
    """Spare every run work that it has no use for; bench/ measures it."""
    gc.set_threshold(50_000, 20, 100)  # imports make many objects that stay: looking through them again and again is in vain
    atexit.register(gc.freeze)  # nor at the end, when all of it goes at once: a third of a run that measures nothing
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else every installed package is searched for some
