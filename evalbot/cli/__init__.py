"""Arguments → activity → exit code: one module a command, and the two entries, command line and action."""

from __future__ import annotations

import gc
import os
import signal
import sys
from types import FrameType
from typing import NoReturn

import typer

# In the order of `--help`: importing a module adds its commands.
from evalbot.cli import bench, check, demo, plan, suite, validate  # noqa: F401
from evalbot.cli.app import app


def _cancel(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signal handler's signature
    raise KeyboardInterrupt


def _start_light() -> None:
    """Spare every run work that it has no use for; bench/ measures it."""
    gc.set_threshold(50_000, 20, 100)  # imports make many objects that stay: looking through them again and again is in vain
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "1")  # else every installed package is searched for some


def main() -> None:
    """The command line's entry: one line for every error, and a traceback only when EVALBOT_DEBUG asks for it."""
    signal.signal(signal.SIGTERM, _cancel)
    _start_light()
    try:
        app()
    except KeyboardInterrupt:
        typer.echo("evalbot: cancelled", err=True)
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            raise
        typer.echo(f"evalbot: internal_error: {type(error).__name__}: {error} (EVALBOT_DEBUG=1 shows where; please report it)", err=True)
        sys.exit(3)


def action() -> None:
    """The container's entry: inputs and event from the environment."""
    from evalbot.app.action import act

    signal.signal(signal.SIGTERM, _cancel)
    _start_light()
    try:
        sys.exit(act(os.environ))
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        if os.environ.get("EVALBOT_DEBUG"):
            raise
        typer.echo(f"::error::evalbot: internal_error: {type(error).__name__} (EVALBOT_DEBUG=1 shows where; please report it)")
        sys.exit(3)
