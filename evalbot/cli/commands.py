"""The commands by name, each in a module that is imported when it is asked for: a run loads no command but its own."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

from evalbot.domain.errors import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, MutableMapping

    from typer import _click as click

MODULES = {
    "check": "check",
    "init": "init",
    "demo": "demo",
    "plan": "plan",
    "report": "report",
    "suite": "suite",
    "merge": "merge",
    "calibrate": "calibrate",
    "label": "label",
    "harvest": "harvest",
    "monitor": "monitor",
    "dashboard": "dashboard",
    "validate": "validate",
    "doctor": "doctor",
    "schema": "validate",
    "bench": "bench",
}
"""The module of `evalbot.cli` that defines each command, in the order of `--help`."""


_USAGE, _CLICK = typer.BadParameter.__mro__[1:3]  # click's own errors; typer names no other way to them


class Commands(TyperGroup):
    """The group of all commands: `--help` and a misspelt name load every module, a command loads its own."""

    _built: MutableMapping[str, Any]

    @property
    def commands(self) -> MutableMapping[str, Any]:
        """Every command by name."""
        self._load(MODULES.values())
        return {name: self._built[name] for name in MODULES}

    @commands.setter
    def commands(self, built: MutableMapping[str, Any]) -> None:
        self._built = built

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        """The command, its module loaded; None where there is none of that name."""
        if cmd_name in MODULES:
            self._load([MODULES[cmd_name]])
        return self._built.get(cmd_name)

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and exit with its status; a mistake on the command line is one line and status 2."""
        ends = extra.pop("standalone_mode", True)
        extra["standalone_mode"] = False
        if not ends:
            return super().main(*args, **extra)
        try:
            status = super().main(*args, **extra)
        except Exception as error:
            if isinstance(error, typer.Abort):  # a question that nobody answers any more
                typer.echo("evalbot: cancelled", err=True)
                sys.exit(130)
            if not isinstance(error, _CLICK):
                raise
            typer.echo(_one_line(error), err=True)
            sys.exit(2)
        sys.exit(status if isinstance(status, int) else 0)

    def _load(self, modules: Iterable[str]) -> None:
        from evalbot.cli.app import app

        for module in modules:
            import_module(f"evalbot.cli.{module}")  # importing it registers its commands
        group = typer.main.get_group(app)
        assert isinstance(group, Commands)  # noqa: S101 - what `cls` says
        self._built = group._built


def _one_line(error: Any) -> str:
    """What is wrong with the command line, after the command that was called; a bare group's help stays a page."""
    context = getattr(error, "ctx", None)
    if context is None:
        return f"evalbot: {error.format_message()}"
    if str(error.message).startswith("Usage:"):
        return str(error.message)
    name = getattr(error, "option_name", None)
    if isinstance(error, _USAGE) and name and getattr(error, "possibilities", None) is not None:
        known = [option for parameter in context.command.params for option in parameter.opts if option.startswith("--")]
        return f"{context.command_path}: there is no option {name!r}. {nearest(name, known)}"
    return f"{context.command_path}: {' '.join(error.format_message().split())}"
