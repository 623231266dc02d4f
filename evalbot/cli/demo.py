"""`evalbot demo`: the main job on an embedded example."""

from __future__ import annotations

import os
from pathlib import Path

import typer

from evalbot.cli.app import Json, Quiet, ReportDir, app, finish


@app.command()
def demo(
    report_dir: ReportDir = Path("evalbot-report"),
    json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Show the main job on an embedded example with a planted regression: no key, no network.

    The exit status is 0 whatever the verdict; the same run as `evalbot check` would exit with the status that it prints.
    """
    from evalbot.app.demo import demo as show
    from evalbot.app.wiring import World

    world = World.real(os.environ, report_dir, quiet=quiet)
    record = show(world)
    finish(record, report_dir, world, json=json, quiet=quiet)
    if not (json or quiet):
        status = record.decision.verdict.exit_code
        typer.echo(f"This was the demo, so the exit status is 0; in your repository `evalbot check` would exit {status} ({record.decision.verdict}).")
