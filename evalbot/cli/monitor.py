"""`evalbot monitor`: one worker that scores production samples as they come."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, Quiet, Repository, app, one_line_errors


@app.command(epilog="Exit status: 0 stopped or drained; 2 configuration error; 3 the stream or the store cannot be reached.")
def monitor(
    drain: Annotated[bool, typer.Option("--drain", help="End once nothing waits, instead of waiting for more.")] = False,
    config: Config = "evalbot.yml",
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Score production samples from a stream, keep what they showed, and tell when they get worse.

    Any number of workers share one stream. Interrupt one and nothing is lost: what it did not finish goes to another.
    """
    from evalbot.app.watching import in_words, watch
    from evalbot.app.wiring import World

    world = World.real(os.environ, repository / "evalbot-report", quiet=quiet)
    with one_line_errors():
        done = watch(repository.resolve(), config, world, drain=drain)
    for line in done.said:
        typer.echo(f"evalbot: {world.redact(line)}", err=True)
    if not quiet:
        typer.echo(in_words(done))
