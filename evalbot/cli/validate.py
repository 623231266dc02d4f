"""`evalbot validate` and `evalbot schema`: what may be written, and whether it was."""

from __future__ import annotations

from pathlib import Path

import typer

from evalbot.cli.app import AsJson, Config, Repository, app, one_line_errors


@app.command(epilog="Exit status: 0 valid, 2 configuration error.")
def validate(config: Config = "evalbot.yml", json: AsJson = False, repository: Repository = Path()) -> None:
    """Check the configuration, the prompts and the datasets of the work tree; nothing is sent anywhere."""
    from evalbot.app.validate import validate as look

    with one_line_errors():
        found = look(repository, config)
    if json:
        from json import dumps

        typer.echo(dumps({"suites": found.counts, "warnings": found.warnings}, indent=2))
        return
    for suite, counts in found.counts.items():
        typer.echo(f"suite {suite}: " + ", ".join(f"{count} {partition}" for partition, count in counts.items()))
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    typer.echo(f"{config} is valid.")


@app.command()
def schema() -> None:
    """Print the JSON Schema of evalbot.yml, for editors."""
    from json import dumps

    from evalbot.config import schema as of_config

    typer.echo(dumps(of_config(), indent=2))
