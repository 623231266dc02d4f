"""The commands by name, each in a module that is imported when it is asked for: a run loads no command but its own."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup

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

    def _load(self, modules: Iterable[str]) -> None:
        from evalbot.cli.app import app

        for module in modules:
            import_module(f"evalbot.cli.{module}")  # importing it registers its commands
        group = typer.main.get_group(app)
        assert isinstance(group, Commands)  # noqa: S101 - what `cls` says
        self._built = group._built
