"""`evalbot report`: a finished run once more, from its files."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Json, Quiet, app, finish, one_line_errors


@app.command()
def report(
    summary: Annotated[Path, typer.Argument(help="The summary.json of a run; its results.jsonl and examples.jsonl are read from beside it.")],
    text: Annotated[bool, typer.Option("--text", help="Print plain text instead, for mail.")] = False,
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Print a run's comment again and write its reports anew.

    No model is asked, and the verdict stays what it was.

    Example: `evalbot report evalbot-report/summary.json`
    """
    from evalbot.app.stored import stored
    from evalbot.app.wiring import World

    with one_line_errors():
        record = stored(summary)
    if text:
        from evalbot.report.plain import plain

        typer.echo(plain(record), nl=False)
        return
    finish(record, summary.parent, World.real(os.environ, summary.parent, quiet=quiet), json=json, quiet=quiet)
