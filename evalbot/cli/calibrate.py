"""`evalbot calibrate`: how far a judge can be believed, measured against people."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from evalbot.cli.app import Config, Quiet, Repository, app, one_line_errors

Measured = Annotated[bool, typer.Option("--json", help="Print the figures as JSON.")]


@app.command(epilog="Exit status: 0 measured, 2 configuration error, 3 not measured.")
def calibrate(
    hallucination: Annotated[bool, typer.Option("--hallucination", help="Measure the judge of claims on the 50 labelled ones that evalbot brings.")] = False,
    metric: Annotated[str, typer.Option(help="The metric whose judge is measured; needed where there are several.")] = "",
    judge: Annotated[str, typer.Option(help="A judge in place of a metric's: a name of `models`, or provider/model.")] = "",
    config: Config = "evalbot.yml",
    json: Measured = False,
    quiet: Quiet = False,
    repository: Repository = Path(),
) -> None:
    """Measure your own judge against people's verdicts.

    Example: `evalbot calibrate --hallucination --judge anthropic/claude-sonnet-5`
    """
    from evalbot.app.calibrate_hallucination import as_json, calibrate_hallucination, judge_of, words
    from evalbot.app.wiring import World
    from evalbot.domain.errors import ConfigError, Problem

    with one_line_errors():
        if not hallucination:
            raise ConfigError(Problem("`evalbot calibrate` knows only --hallucination in this version."))
        model, limits = judge_of(_read(repository, config), config, metric, judge)
        found = calibrate_hallucination(model, World.real(os.environ, repository / ".evalbot-calibrate", quiet=quiet), limits)
    if json:
        from json import dumps

        typer.echo(dumps(as_json(found), indent=2))
    elif not quiet:
        typer.echo(words(found))


def _read(repository: Path, config: str) -> bytes | None:
    path = repository / config
    return path.read_bytes() if path.is_file() else None
