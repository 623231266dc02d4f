"""`evalbot dashboard`: a static page of production, suites, alerts and cost."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, Quiet, Repository, app, one_line_errors


@app.command(epilog="Exit status: 0 written, also where nothing was measured: the page says so; 2 configuration error; 3 store or history cannot be read, or the page not written.")
def dashboard(
    out: Annotated[Path, typer.Option(help="Folder for the page: index.html, which holds everything and loads nothing.")] = Path("evalbot-dashboard"),
    store: Annotated[str, typer.Option(help="The monitor's file, instead of `monitor.store`.")] = "",
    texts: Annotated[bool, typer.Option("--texts", help="Show the beginnings of questions and answers of alerts, redacted. A page on GitHub Pages is public.")] = False,
    config: Config = "evalbot.yml",
    key: Annotated[str, typer.Option(help="Whose suites are meant, where a repository has several configurations.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print what the page shows as JSON, and write no page.")] = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Write a page of what the monitor and the suites' runs left behind. It asks no model and needs no network.

    Production comes from the monitor's store, suites from the branch `evalbot-history` of this clone (`git fetch origin evalbot-history`).
    Windows end now: make the page again, each hour for example, to see what came since.
    """
    from evalbot.app.dashboard import DashboardOptions, as_json, write
    from evalbot.app.dashboard import dashboard as made_of
    from evalbot.app.inputs import default_key
    from evalbot.app.wiring import World

    world = World.real(os.environ, repository / "evalbot-report", quiet=quiet)
    folder = out if out.is_absolute() else repository / out
    with one_line_errors():
        made = made_of(repository.resolve(), DashboardOptions(config, key or default_key(config), store, texts), world, time.time())
        if json:
            typer.echo(world.redact(as_json(made)))
            return
        path = write(made, folder, world.redact)
    for note in () if quiet else made.notes:
        typer.echo(f"evalbot: {world.redact(note)}", err=True)
    if not quiet:
        typer.echo(f"{path}")
